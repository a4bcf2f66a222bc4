"""Letters and parts of words that something separates: "p.u.t.a", "p   u   t   a", "arrom bado"."""

import re
from collections.abc import Iterator
from string import ascii_lowercase

# In the words of a text: three single letters in a row.
TRACE = re.compile(" [a-z](?: [a-z]){2} ")
# A letter, a sign that is drawn like one, or a marker of look-alikes (`ambiguous`).
_DRAWN = "[a-z0-9@$\ue100-\ue1ff]"
# Single letters, with whatever stands between them.
_APART = re.compile(
    # What most places lack is looked for first: a sign behind the letter.
    rf"(?s){_DRAWN}[^a-z0-9\ue000\ue100-\ue1ff](?<![a-z0-9]..)[^a-z0-9\ue000\ue100-\ue1ff]{{0,23}}"
    rf"{_DRAWN}(?![a-z0-9])(?:[^a-z0-9\ue000\ue100-\ue1ff]{{1,24}}{_DRAWN}(?![a-z0-9]))+"
)
_WIDE, _NARROW = re.compile(r"\s{2}|\s\W\s"), re.compile(r"\S\s\S")
_APART_WORD = re.compile(rf"{_DRAWN}(?:[^\sa-z0-9]?\s?{_DRAWN}){{2,}}(?![a-z0-9])")
# "p, u, t, a" is a list, and "p = u" is a formula, unlike "p => u".
_LIST = re.compile(r"[,;]\s|r\$\s?\d|\s=(?!>)|=\s|[a-z]\(|\)\s|[a-z]\s?[+<>|&]\s?[a-z]\s?[=+]")
_COMMAS = re.compile(r"[a-z](?:[,;]\s|\s?\+\s?)[a-z](?:[,;]\s|\s?\+\s?)[a-z](?![a-z])")
_IN_LIST = re.compile(r"[,;+]\s?[a-z]\s?[,;+]")  # in every such list, and quickly found
_LETTERS_AND_DIGITS = re.compile(r"[a-z](?:\d+[a-z](?![a-z])){2,}")
_LETTER = re.compile("[a-z\ue100-\ue1ff]")
_LETTERS = re.compile("[a-z]+")
_CONTRACTION = re.compile(r"\W*[a-z]+['`´\u2018\u2019](?:re|s|t|d|ll|ve|m)\W*")
_APOSTROPHES = frozenset("'`´\u2018\u2019")
_ASCII_LETTERS = frozenset(ascii_lowercase)
MAX_APART = 160
_LEAST = 5


def letters_apart(text: str) -> Iterator[tuple[int, int]]:
    """Yield where single letters follow each other, at least three.

    Where some gaps are wider than others, the words between the wide ones are yielded as well.
    """
    for match in _APART.finditer(text):
        if _LIST.search(match[0]):
            continue
        start, end = match.span()
        for at in range(start, end, MAX_APART):
            yield at, min(end, at + MAX_APART)
        if _WIDE.search(match[0]) and _NARROW.search(match[0]):
            for word in _APART_WORD.finditer(text, start, end):
                yield word.span()


def listed_letters(text: str) -> Iterator[tuple[int, int]]:
    """Yield where single letters are written as a list: "p, u, t, a"."""
    if _IN_LIST.search(text) and _COMMAS.search(text):
        yield from (match.span() for match in _APART.finditer(text) if _COMMAS.search(match[0]))


def between_digits(piece: str) -> str:
    """Return the letters of "p1u2t3a"; empty if the digits stand otherwise."""
    return letters_of(piece) if _LETTERS_AND_DIGITS.search(piece) else ""


def are_single(piece: str, letters: str) -> bool:
    """Tell whether most letters of a piece, at least five, stand alone: "p.h.o.d.e.r"."""
    runs = len(_LETTERS.findall(piece))
    return len(letters) >= _LEAST and runs * 2 > len(letters)


def is_contraction(piece: str) -> bool:
    """Tell whether a piece is an English contraction: "who're"."""
    return not _APOSTROPHES.isdisjoint(piece) and _CONTRACTION.fullmatch(piece) is not None


def is_drawn(character: str) -> bool:
    """Tell whether a character is a letter or a look-alike."""
    return _LETTER.match(character) is not None


def letters_of(piece: str) -> str:
    return "".join(filter(_ASCII_LETTERS.__contains__, piece))
