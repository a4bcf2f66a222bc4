"""Alternative readings of a folded text: leet digits, separated letters, masked letters.

Each reading is made only if the text shows a trace of its disguise, and in linear time.
"""

import re
from collections.abc import Iterator
from string import ascii_lowercase
from typing import Any, NamedTuple

import re2

from moderado.moderation.normalize.folding import Folded, words

# A trace of each disguise, in the order of the fields of Disguises.
_TRACES = (
    r"[0-9@$!+][a-z]|[a-z][0-9@$+]",
    r"[a-z][^\sa-z0-9]+[a-z]|(?:^|[^a-z])[a-z][^a-z0-9]{1,3}[a-z](?:$|[^a-z])",
    r"[a-z][*#%_&]",
    "|".join(letter * 2 for letter in ascii_lowercase),
)
_LEET = str.maketrans("4@3105$!7+869", "aaeiossittbgg")
_LEET_WITH_L = _LEET | {ord("1"): ord("l"), ord("!"): ord("l")}
# A longer run is not a word but a key, an address or a digest.
_LEET_TOKEN = re.compile(r"(?<![a-z0-9@$!+])[a-z0-9@$!+]{3,24}(?![a-z0-9@$!+])")
_SEPARATED = re.compile(r"(?<![a-z])[a-z](?:[^a-z0-9]{1,3}[a-z](?![a-z])){2,}")
_DOTTED = re.compile(r"(?<![a-z])[a-z]++(?:[.\-_*~•·,/|'+=:;]{1,2}[a-z]++)+")
_MASKED = re.compile(r"(?<![a-z])[a-z]++(?:[*#%_&]++[a-z]*+)+")
_MAX_MASKED_LENGTH = 40
# Characters before a word that may show whom it is aimed at. No `address` of a pack is longer.
_CONTEXT_LENGTH = 48


class Disguises(NamedTuple):
    """Which readings could differ from the plain one."""

    leet: bool
    separated: bool
    masked: bool
    stretched: bool


_NONE = Disguises(leet=False, separated=False, masked=False, stretched=False)


def find_disguises(folded: Folded) -> Disguises:
    """Return which disguises leave a trace in the text, found in one pass."""
    found = _TRACE_SET.Match(folded.text)
    return Disguises._make(at in found for at in range(len(_TRACES))) if found else _NONE


def _trace_set() -> Any:
    traces = re2.Set.SearchSet()
    for trace in _TRACES:
        traces.Add(trace)
    traces.Compile()
    return traces


_TRACE_SET = _trace_set()


def without_leet(folded: Folded) -> Iterator[Folded]:
    """Return the text with "p0rr4" read as letters; twice if a 1 may also stand for an l."""
    plain = _LEET_TOKEN.sub(_decoded, folded.text)
    if plain == folded.text:
        return
    yield Folded(plain, lambda: list(folded.offsets))
    with_l = _LEET_TOKEN.sub(_decoded_with_l, folded.text)
    if with_l != plain:
        yield Folded(with_l, lambda: list(folded.offsets))


def joined(folded: Folded) -> Iterator[tuple[str, Folded]]:
    """Yield words with separated letters, "p u t a", "p.u.t.a", "pu-ta", and the words before.

    Portuguese has words of one letter, so a piece is also read without its first and last.
    """
    for match in _SEPARATED.finditer(folded.text):
        letters = _letters(folded, match)
        yield from _pieces(folded, [letters, letters[1:], letters[:-1], letters[1:-1]])
    for match in _DOTTED.finditer(folded.text):
        yield from _pieces(folded, [_letters(folded, match)])


def masked(folded: Folded) -> Iterator[tuple[str, Folded]]:
    """Yield words with masked letters, "p*ta", with the words before them."""
    for match in _MASKED.finditer(folded.text):
        token = match.group().rstrip("#%_&")
        visible = sum(map(str.isalpha, token))
        if visible < 2 or visible == len(token) or len(token) > _MAX_MASKED_LENGTH:  # noqa: PLR2004
            continue
        at = range(match.start(), match.start() + len(token))
        yield _before(folded, at[0]), _piece(folded, at)


def _decoded(match: re.Match[str]) -> str:
    return _decode(match.group(), _LEET)


def _decoded_with_l(match: re.Match[str]) -> str:
    return _decode(match.group(), _LEET_WITH_L)


def _decode(token: str, table: dict[int, int]) -> str:
    core = token.rstrip("!+")  # at the end they are punctuation
    letters = sum(map(str.isalpha, core))
    symbols = sum(core.count(symbol) for symbol in "@$!+")
    # "A55" is a telephone and "4x4" a car: digits alone need a longer word around them.
    if letters < 2 or letters == len(core) or (len(core) < 4 and not symbols):  # noqa: PLR2004
        return token
    return core.translate(table) + token[len(core) :]


def _letters(folded: Folded, match: re.Match[str]) -> list[int]:
    return [at for at in range(match.start(), match.end()) if folded.text[at].isalpha()]


def _pieces(folded: Folded, choices: list[list[int]]) -> Iterator[tuple[str, Folded]]:
    for positions in choices:
        if len(positions) > 2:  # noqa: PLR2004  (shorter ones match by chance)
            yield _before(folded, positions[0]), _piece(folded, positions)


def _before(folded: Folded, at: int) -> str:
    """Return the last words before a place: after "seu" the next word is aimed at a person."""
    return words(Folded(folded.text[max(0, at - _CONTEXT_LENGTH) : at], list)).text.rstrip()


def _piece(folded: Folded, positions: range | list[int]) -> Folded:
    text = "".join(folded.text[at] for at in positions)
    return Folded(text, lambda: [folded.offsets[at] for at in positions])
