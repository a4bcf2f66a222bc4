"""Folded text that maps each character back to the original."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase

from moderado.moderation.normalize.characters import TABLE

_GAP = re.compile(r"[\W\d_]+")
_ASCII_GAPS = {code: letter if (letter := chr(code)).isalpha() else " " for code in range(128)}
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_LETTER = re.compile(r"[^\W\d_]")
_OVERRIDE = "\u202e"
_REVERSED = re.compile("\u202e([^\u202c\n]*)|[^\u202e]+", re.DOTALL)
_RUN = re.compile(r"([a-z])\1+")
_DOUBLES = tuple((letter * 2, letter) for letter in ascii_lowercase)


@dataclass(frozen=True)
class Folded:
    """The folded `text`. `offsets[i]` is the position of `text[i]` in the original.

    Offsets are computed on first use: almost no message needs them.
    """

    text: str
    trace: Callable[[], list[int]]

    @cached_property
    def offsets(self) -> Sequence[int]:
        return self.trace()

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the code points `[start, end)` of the original behind `text[start:end]`."""
        positions = self.offsets[start:end]
        return min(positions), max(positions) + 1


def fold(text: str) -> Folded:
    """Fold `text`: no case, accents, styles, look-alikes or invisible characters. Linear time."""
    order = _visual_order(text) if _OVERRIDE in text else range(len(text))
    seen = "".join(text[at] for at in order) if _OVERRIDE in text else text

    def trace() -> list[int]:
        pairs = zip(order, seen, strict=True)
        return [at for at, character in pairs for _ in TABLE[ord(character)]]

    # `lower()` folds ASCII, which most characters are: only the others are looked up.
    return Folded(_BEYOND_ASCII.sub(_translated, seen).lower(), trace)


def _translated(match: re.Match[str]) -> str:
    return match.group().translate(TABLE)


def words(folded: Folded) -> Folded:
    """Return letters only, with one space between words and at both ends."""

    def trace() -> list[int]:
        start, end = _extent(folded.text)
        kept = _kept(_GAP, folded.text, start, end)
        return _padded([folded.offsets[at] for at in kept])

    text = folded.text
    if text.isascii():
        return Folded(f" {' '.join(text.translate(_ASCII_GAPS).split())} ", trace)
    return Folded(f" {_GAP.sub(' ', text).strip(' ')} ", trace)


def squeezed(folded: Folded) -> Folded:
    """Collapse every run of one letter: "puuutta" and "puta" read the same."""

    def trace() -> list[int]:
        return [folded.offsets[at] for at in _kept(_RUN, folded.text)]

    return Folded(squeeze(folded.text), trace)


def squeeze(text: str) -> str:
    for double, letter in _DOUBLES:
        while double in text:
            text = text.replace(double, letter)
    return text


def runs(text: str) -> list[int]:
    """Return the length of each run of equal characters, in order."""
    lengths: list[int] = []
    previous = ""
    for character in text:
        if character == previous:
            lengths[-1] += 1
        else:
            lengths.append(1)
        previous = character
    return lengths


def run_starts(folded: Folded) -> list[int]:
    """Return where each character of `squeezed(folded)` begins in `folded`, and the end.

    A piece `[start, end)` of the squeezed text is `[starts[start], starts[end])` of the other.
    """
    return [*_kept(_RUN, folded.text), len(folded.text)]


def _visual_order(text: str) -> list[int]:
    """Return the visual order of the characters where a direction control reverses it."""
    order: list[int] = []
    for match in _REVERSED.finditer(text):
        reversed_part = match.group(1) is not None
        start, end = match.span(1) if reversed_part else match.span()
        order.extend(reversed(range(start, end)) if reversed_part else range(start, end))
    return order


def _kept(
    pattern: re.Pattern[str], text: str, start: int = 0, end: int | None = None
) -> Iterator[int]:
    """Return the positions left when every match of `pattern` shrinks to its first character."""
    at, end = start, len(text) if end is None else end
    for match in pattern.finditer(text, start, end):
        yield from range(at, match.start() + 1)
        at = match.end()
    yield from range(at, end)


def _extent(text: str) -> tuple[int, int]:
    """Return the range from the first letter to behind the last."""
    first, last = _LETTER.search(text), _LETTER.search(text[::-1])
    return (first.start(), len(text) - last.start()) if first and last else (0, 0)


def _padded(offsets: list[int]) -> list[int]:
    return [offsets[0], *offsets, offsets[-1]] if offsets else [0, 0]
