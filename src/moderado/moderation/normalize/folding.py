"""Folded text that maps each character back to the original."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from moderado.moderation.normalize.confusables import TABLE
from moderado.moderation.normalize.invisible import visual_order

_GAP = re.compile(r"[\W\d_\ue000]+")
_ASCII_GAPS = bytes(code if chr(code).isalpha() else ord(" ") for code in range(128)).ljust(256)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_LATIN = {
    letter: folded
    for code in range(0x80, 0x250)
    if (folded := TABLE[code]).isascii() and (letter := chr(code))
}
_FEW = 16  # letters with accents: of more, a table finds them faster
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(eq=False)  # not frozen: that takes twice the time, for several of each message
class Folded:
    """The folded `text`. `offsets[i]` is the position of `text[i]` in the original.

    Offsets are computed on first use: almost no message needs them.
    """

    text: str
    trace: Callable[[], Sequence[int]]

    @cached_property
    def offsets(self) -> Sequence[int]:
        return self.trace()

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the code points `[start, end)` of the original behind `text[start:end]`."""
        positions = self.offsets[start:end]
        return min(positions), max(positions) + 1


def fold(text: str) -> Folded:
    """Fold `text`: no case, accents, styles, look-alikes or invisible characters. Linear time."""
    order = visual_order(text)
    seen = text if order is None else "".join(text[at] for at in order)

    def trace() -> Sequence[int]:
        places = range(len(text)) if order is None else order
        if all(len(TABLE[ord(character)]) == 1 for character in set(seen)):
            return places
        pairs = zip(places, seen, strict=True)
        return [at for at, character in pairs for _ in TABLE[ord(character)]]

    # `lower()` folds ASCII, which most characters are: only the others are looked up.
    plain = seen if seen.isascii() else _without_others(seen)
    return Folded(plain.lower(), trace)


def _without_others(text: str) -> str:
    """Return the text with characters beyond ASCII folded. Most have few, with usual accents."""
    others = _BEYOND_ASCII.findall(text)
    if len(others) > _FEW or not all(map(_LATIN.__contains__, others)):
        return text.translate(TABLE)
    for letter in others:
        text = text.replace(letter, _LATIN[letter])
    return text


def words(folded: Folded) -> Folded:
    """Return letters only, with one space between words and at both ends."""

    def trace() -> list[int]:
        kept: list[int] = []
        for match in _WORD.finditer(folded.text):
            kept += range(match.start(), match.end() + 1)
        offsets = folded.offsets
        if isinstance(offsets, range):
            return _padded(kept[:-1])
        return _padded([*map(offsets.__getitem__, kept[:-1])])

    text = folded.text
    if text.isascii():
        # Bytes are translated several times as fast as characters.
        found = text.encode("ascii").translate(_ASCII_GAPS).decode("ascii").split()
        return Folded(f" {' '.join(found)} ", trace)
    return Folded(f" {_GAP.sub(' ', text).strip(' ')} ", trace)


def kept_places(
    pattern: re.Pattern[str], text: str, start: int = 0, end: int | None = None
) -> Iterator[int]:
    """Return the positions left when every match of `pattern` shrinks to its first character."""
    at, end = start, len(text) if end is None else end
    for match in pattern.finditer(text, start, end):
        yield from range(at, match.start() + 1)
        at = match.end()
    yield from range(at, end)


def _padded(offsets: list[int]) -> list[int]:
    return [offsets[0], *offsets, offsets[-1]] if offsets else [0, 0]
