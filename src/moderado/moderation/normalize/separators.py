"""Letters and parts of words that something separates: "p.u.t.a", "p   u   t   a", "arrom bado"."""

import re
from collections.abc import Iterator

# In the words of a text: three single letters in a row.
TRACE = re.compile(" [a-z](?: [a-z]){2} ")
# Single letters, with whatever stands between them.
_APART = re.compile(r"(?<![a-z0-9])[a-z0-9@$](?:[^a-z0-9\ue000]{1,24}[a-z0-9@$](?![a-z0-9])){2,}")
# "p, u, t, a" is a list, and "p = u" is a formula.
_LIST = re.compile(r"[,;]\s|\s=|=\s|[a-z]\(|\)\s|[a-z]\s?[+<>|&]\s?[a-z]\s?[=+]")
_LETTERS_AND_DIGITS = re.compile(r"[a-z](?:\d+[a-z](?![a-z])){2,}")
_NO_LETTER = re.compile(r"[^a-z]+")
MAX_APART = 160


def letters_apart(text: str) -> Iterator[tuple[int, int]]:
    """Yield where single letters follow each other, at least three."""
    for match in _APART.finditer(text):
        if not _LIST.search(match[0]):
            start, end = match.span()
            for at in range(start, end, MAX_APART):
                yield at, min(end, at + MAX_APART)


def between_digits(piece: str) -> str:
    """Return the letters of "p1u2t3a"; empty if the digits stand otherwise."""
    return _NO_LETTER.sub("", piece) if _LETTERS_AND_DIGITS.search(piece) else ""


def letters_of(piece: str) -> str:
    return _NO_LETTER.sub("", piece)
