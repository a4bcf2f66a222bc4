"""Folded text that maps each character back to the original."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress

from moderado.moderation.normalize.confusables import TABLE
from moderado.moderation.normalize.direction import visual_order

_GAP = re.compile(r"[\W\d_\ue000]+")
_ASCII_GAPS = bytes(code if chr(code).isalpha() else ord(" ") for code in range(128)).ljust(256)
_LETTER_MARK, _GAP_MARK = b"\1", b"\0"
_ASCII_LETTERS = bytes(chr(code).isalpha() for code in range(128)).ljust(256, _GAP_MARK)
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
        if seen.isascii() or all(len(TABLE[ord(character)]) == 1 for character in set(seen)):
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
        kept, offsets = _letters_and_gaps(folded.text)[:-1], folded.offsets
        if isinstance(offsets, range):
            return _padded(kept)
        return _padded([*map(offsets.__getitem__, kept)])

    text = folded.text
    if text.isascii():
        # Bytes are translated several times as fast as characters.
        found = text.encode("ascii").translate(_ASCII_GAPS).decode("ascii").split()
        return Folded(f" {' '.join(found)} ", trace)
    return Folded(f" {_GAP.sub(' ', text).strip(' ')} ", trace)


def _letters_and_gaps(text: str) -> list[int]:
    """Return the places of all letters, and of what stands behind each word."""
    if text.isascii():
        # Marks instead of characters, and another one where a gap begins.
        marks = text.encode("ascii").translate(_ASCII_LETTERS) + _GAP_MARK
        marks = marks.replace(_LETTER_MARK + _GAP_MARK, _LETTER_MARK + _LETTER_MARK)
        return [*compress(range(len(marks)), marks)]
    kept: list[int] = []
    for match in _WORD.finditer(text):
        kept += range(match.start(), match.end() + 1)
    return kept


def kept_places(pattern: re.Pattern[str], text: str) -> list[int]:
    """Return the positions left when every match of `pattern` shrinks to its first character."""
    at, kept = 0, list[int]()
    for match in pattern.finditer(text):
        kept += range(at, match.start() + 1)
        at = match.end()
    kept += range(at, len(text))
    return kept


def _padded(offsets: list[int]) -> list[int]:
    return [offsets[0], *offsets, offsets[-1]] if offsets else [0, 0]
