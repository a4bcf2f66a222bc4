"""What a disguised piece of a text shows, whatever the list it is compared with.

Several lists read the same piece, one after the other. What does not depend on the list is read
once, and remembered for the next one.
"""

import re
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import NamedTuple

from moderado.moderation.normalize import leet, separators
from moderado.moderation.normalize.vocabulary import is_common, is_ordinary
from moderado.moderation.rules import masks

_ALIKE = 32  # pieces
_SHORT = 4
_SURE_WORD = 3  # letters
_WRITTEN = "a e o i q u n vc tu eu te se no na um de da do ur me so ao os as la ai to my is ta"
_SMALL_WORDS = frozenset(_WRITTEN.split())
_EDGES = ".,;:?…\"'()#"
_LEAST_CHANGED, _LONGEST_CHANGED = 6, 20
_LEAST_OF_DIGITS = 7  # codes of games have five or six letters and digits
# Three letters, and a sign between them or more than digits.
_MIXED = re.compile(r"(?=(?:[^a-z]*[a-z]){3})(?=.*(?:[a-z][0-9@$!+]+[a-z]|[@$!+]))[a-z0-9@$!+]+")
_ONE_LETTER_WORDS = frozenset("aeo")
_LONGEST_REST = 24
_LONGEST_WORD = 10  # of those beside a word whose letters stand apart


class Piece(NamedTuple):
    """A piece of a text without spaces.

    Attributes:
        masked: Where masked words stand, and these words.
        mostly_hidden: Where masks follow one or two letters, with the letters and the length.
        drawn_edges: Where masks stand between a letter and a sign for one, and the masked words.
        inside: Where dots or a sign stand inside a word, and that word with a mask instead.
        backwards: What it may be written for from its end on.
        between_digits: Its letters, if digits stand between them.
        single: Its letters, if most of them stand alone and they are no ordinary word.
    """

    masked: Sequence[tuple[int, int, str]]
    mostly_hidden: Sequence[tuple[int, int, str, int]]
    drawn_edges: Sequence[tuple[int, int, str]]
    inside: Sequence[tuple[int, int, str]]
    backwards: Sequence[str]
    between_digits: str
    single: str


@lru_cache(_ALIKE)
def piece_of(piece: str) -> Piece | None:
    """Return what a piece shows; None for a contraction, which is no disguise: "who're"."""
    if separators.is_contraction(piece):
        return None
    letters = separators.letters_of(piece)
    is_single = separators.are_single(piece, letters) and not is_ordinary(letters)
    is_turned = len(piece) > _SHORT and not leet.TRACE.isdisjoint(piece)
    return Piece(
        [(start, end, piece[start:end]) for start, end in masks.masked_parts(piece)],
        [*masks.mostly_hidden(piece)],
        [*masks.with_drawn_edges(piece)],
        [
            (start, end, f"{first}*{last}")
            for inside in (masks.with_ellipsis, masks.with_sign_inside)
            for start, end, first, last in inside(piece)
            if not (is_common(first) and is_common(last))  # else two words: "bem...te"
        ],
        leet.plain_letters(piece[::-1]) if is_turned else (),
        separators.between_digits(piece),
        letters if is_single else "",
    )


@lru_cache(_ALIKE)
def plain_letters(piece: str) -> Sequence[str]:
    """Return the readings of letters and digits that are no ordinary words: "v4iporr4"."""
    if not piece.isalnum() or len(separators.letters_of(piece)) * 3 < len(piece) * 2:
        return ()
    return [letters for letters in leet.plain_letters(piece) if not is_ordinary(letters)]


@lru_cache(_ALIKE)
def changed_letters(piece: str) -> Sequence[str]:
    """Return the readings of a piece in which signs stand for letters of a changed word: "c@r4h10".

    Digits that only follow the letters, or stand before them, are a number.
    """
    core = piece.strip(_EDGES)
    least = _LEAST_OF_DIGITS if core.isalnum() else _LEAST_CHANGED
    if not least <= len(core) <= _LONGEST_CHANGED or not _MIXED.fullmatch(core):
        return ()
    return [letters for letters in leet.plain_letters(core) if not is_ordinary(letters)]


class Apart:
    """A piece in which single letters stand apart: "v c  l i x o"."""

    def __init__(self, piece: str) -> None:
        self.letters = separators.letters_of(piece)
        self.masked = [*masks.masked_apart(piece)]
        self._letters_before = _counts(piece, _is_letter)
        self._drawn_before = _counts(piece, separators.is_drawn)

    @cached_property
    def is_ordinary(self) -> bool:
        """Whether the letters are an ordinary word."""
        return is_ordinary(self.letters)

    def drawn(self, start: int, end: int) -> int:
        """Return the number of letters and look-alikes in a part of the piece."""
        return self._drawn_before[end] - self._drawn_before[start]

    def has_rest(self, start: int, end: int) -> bool:
        """Tell whether there are letters beside a part of the piece."""
        return self._letters_before[start] > 0 or self._letters_before[end] < len(self.letters)

    def is_rest(self, start: int, end: int, *, is_short: bool) -> bool:
        """Tell whether nothing, a word of one letter or words stand on either side of a word.

        Beside a short word, which chance spells, they must surely be a word: "m.r.d.w" is none.

        Args:
            start: Where the word begins.
            end: Where it ends.
            is_short: Whether it is short.
        """
        first, last = self._letters_before[start], self._letters_before[end]
        before = _is_small_rest(self.letters[:first], is_short=is_short)
        if not (first in self._begin_as_words if before is None else before):
            return False
        after = _is_small_rest(self.letters[last:], is_short=is_short)
        return last in self._end_as_words if after is None else after

    @cached_property
    def _begin_as_words(self) -> set[int]:
        """The places up to which the first letters are a sequence of frequent words."""
        letters, reached = self.letters, {0}
        for end in range(1, min(len(letters), _LONGEST_REST) + 1):
            starts = range(max(0, end - _LONGEST_WORD), end)
            if any(start in reached and _is_word(letters[start:end]) for start in starts):
                reached.add(end)
        return reached

    @cached_property
    def _end_as_words(self) -> set[int]:
        """The places from which on the last letters are a sequence of frequent words."""
        letters, whole = self.letters, len(self.letters)
        reached = {whole}
        for start in range(whole - 1, max(0, whole - _LONGEST_REST) - 1, -1):
            ends = range(start + 1, min(whole, start + _LONGEST_WORD) + 1)
            if any(end in reached and _is_word(letters[start:end]) for end in ends):
                reached.add(start)
        return reached


apart_of = lru_cache(_ALIKE)(Apart)


def _is_word(letters: str) -> bool:
    return letters in _ONE_LETTER_WORDS if len(letters) == 1 else is_common(letters)


def _is_small_rest(letters: str, *, is_short: bool) -> bool | None:
    """Tell whether few letters may stand beside a spelled word; None if they must be words."""
    if is_short and letters and len(letters) < _SURE_WORD:
        return letters in _SMALL_WORDS or _ONE_LETTER_WORDS.issuperset(letters)
    if len(letters) <= 1:
        return True
    return None if len(letters) <= _LONGEST_REST else False


def _counts(piece: str, of: Callable[[str], bool]) -> list[int]:
    """Return for each place the number of such characters before it."""
    return [*accumulate(map(of, piece), initial=0)]


def _is_letter(character: str) -> bool:
    return "a" <= character <= "z"
