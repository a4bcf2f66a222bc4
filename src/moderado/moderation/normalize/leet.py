"""Digits, signs and groups of signs that are drawn like letters: "p0rr4", "|\\/|32|)a"."""

import re
from collections.abc import Iterator

from moderado.core.alphabets import GROUPS
from moderado.moderation.normalize.ambiguous import MARKER_LETTERS
from moderado.moderation.normalize.folding import Folded

TRACE = frozenset("0123456789@$!+")  # one is in every text with "p0rr4"
# The letters of a digit or sign, the most usual one first.
SIGN_LETTERS = {
    "4": "a", "@": "ao", "3": "e", "1": "il", "0": "o", "5": "s", "$": "s", "!": "il", "7": "t",
    "+": "t", "8": "ba", "6": "gb", "9": "gq", "2": "rz", "|": "il", "(": "c", "<": "c", "{": "c",
    "[": "c", "#": "h", "^": "a", "%": "x", "&": "e", "?": "",
}  # fmt: skip
LONGEST_GROUP = max(map(len, GROUPS))
FIRSTS = frozenset(group[0] for group in GROUPS)  # characters that begin a group of signs
_PLAIN = str.maketrans("4@3105$!7+869", "aaeiossittbgg")
_PLAIN_WITH_L = _PLAIN | {ord("1"): ord("l"), ord("!"): ord("l")}
# A longer run is not a word but a key, an address or a digest.
_TOKEN = re.compile(r"(?<![a-z0-9@$!+])(?=[a-z]{0,23}[0-9@$!+])[a-z0-9@$!+]{3,24}(?![a-z0-9@$!+])")
_SHORT = 4
# Words of phrases. Alone they are numbers of things ("S3", "T3"); beside a longer word in disguise
# they are disguised, too: "v0u t3 m4t4r".
_SMALL = re.compile(
    r"(?<![\w@$])(?:y0ur?|v0u|v0c3|v4i|v41|s3us?|su4s?|t3u|tu4|t3|s3|n0|n4|m3|d0|d4|d3|g0|1n|1s|4m)"
    r"(?![\w@$])"
)


def without_leet(folded: Folded) -> Iterator[Folded]:
    """Return the text with "p0rr4" read as letters; twice if a 1 may also stand for an l."""
    plain = _TOKEN.sub(_decoded, folded.text)
    if plain == folded.text:
        return
    plain = _SMALL.sub(_decoded_small, plain)
    yield Folded(plain, lambda: list(folded.offsets))
    with_l = _SMALL.sub(_decoded_small, _TOKEN.sub(_decoded_with_l, folded.text))
    if with_l != plain:
        yield Folded(with_l, lambda: list(folded.offsets))


def letters_at(text: str, at: int) -> list[tuple[str, int]]:
    """Return what may be read at a place: letters, and how many characters they take."""
    character = text[at]
    if "a" <= character <= "z":
        found = [(character, 1)]
        if character == "v":
            found.append(("u", 1))
    else:
        options = SIGN_LETTERS.get(character) or MARKER_LETTERS.get(character, "")
        found = [(letter, 1) for letter in options]
    if character in FIRSTS:
        for length in range(2, min(LONGEST_GROUP, len(text) - at) + 1):
            if letters := GROUPS.get(text[at : at + length]):
                found += [(letter, length) for letter in letters]
    return found


def plain_letters(token: str) -> list[str]:
    """Return the readings of a token whose digits and signs stand for letters."""
    return [token.translate(table) for table in (_PLAIN, _PLAIN_WITH_L)]


def _decoded(match: re.Match[str]) -> str:
    return _decode(match.group(), _PLAIN)


def _decoded_with_l(match: re.Match[str]) -> str:
    return _decode(match.group(), _PLAIN_WITH_L)


def _decoded_small(match: re.Match[str]) -> str:
    return match.group().translate(_PLAIN)


def _decode(token: str, table: dict[int, int]) -> str:
    core = token.rstrip("!+")  # at the end they are punctuation
    letters = sum(map(str.isalpha, core))
    symbols = sum(core.count(symbol) for symbol in "@$!+")
    # "A55" is a telephone and "4x4" a car: digits alone need a longer word around them.
    if letters < 2 or letters == len(core) or (len(core) < _SHORT and not symbols):  # noqa: PLR2004
        return token
    return core.translate(table) + token[len(core) :]
