"""The words of a list as a trie, and what a piece of disguised text may spell of it.

A walk reads a piece along the trie, so that the work depends on the piece and hardly on the list:
it reads signs as letters, skips separators and fills masks. Few readings at a time are continued.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from string import ascii_lowercase
from typing import NamedTuple

from moderado.moderation.normalize import leet
from moderado.moderation.normalize.ambiguous import MARKER_LETTERS
from moderado.moderation.normalize.invisible import HIDDEN
from moderado.moderation.rules.beginnings import beginnings
from moderado.moderation.rules.misspellings import Misspellings
from moderado.moderation.rules.work import Work

MAX_STATES = 20  # readings of one piece that are continued at a time
_SHORT = 4
_LEAST = 3
_REMEMBERED = 2_048  # groups of signs


class Spelled(NamedTuple):
    """`piece[start:end]` may spell `word`."""

    word: str
    start: int
    end: int
    hidden: int  # letters behind masks
    signs: int  # letters that signs stand for


# A reading of the beginning of a piece as one number, so that many are made and compared quickly:
# from the highest digits on, letters behind masks, letters that signs stand for, signs between
# letters, signs after the last letter, and the place where the reading starts. Lower is better.
_DIGITS = 12  # binary ones, of each: a piece is shorter
_LARGEST = (1 << _DIGITS) - 1
_ONE_PENDING, _ONE_SKIPPED, _ONE_SIGN, _ONE_HIDDEN = (1 << _DIGITS * at for at in range(1, 5))
_PENDING = _LARGEST * _ONE_PENDING
_NOT_PENDING = ~_PENDING
_IS_SKIPPED = _ONE_SKIPPED // _ONE_PENDING - 1  # moves what is pending: a letter follows it
_WITHOUT_START = ~_LARGEST

_Layer = dict[str, int]  # the best reading of each beginning of a word
_Reached = tuple[str, int, str]  # a beginning, its reading, and the letters that may follow
_Letters = Sequence[tuple[str, int, int]]  # each with its length as written, and what it counts


class Lexicon:
    """The words that disguises may stand for.

    Args:
        words: Folded words without spaces. True: also read through uncertain disguises.
    """

    def __init__(self, words: Mapping[str, bool]) -> None:
        self.words = {word: certain for word, certain in words.items() if word.isascii()}
        self.following = beginnings(self.words)
        self.misspellings = Misspellings(self.words, self.following)

    def spelled(self, piece: str, work: Work, *, apart: bool = False) -> list[Spelled]:
        """Return the words that parts of `piece` spell, from a boundary to a boundary.

        Args:
            piece: Folded text, with at least one character that is not a letter.
            work: Where the steps are counted.
            apart: Whether the letters are written apart: then a boundary is between any two.
        """
        words, trie, last = self.words, self.following, len(piece) - 1
        layers: list[_Layer] = [{} for _ in range(len(piece) + 1)]
        found: list[Spelled] = []
        opens = True  # a word may begin here
        for at, character in enumerate(piece):
            layer = layers[at]
            if opens or apart:
                layer.setdefault("", at)
            opens = not _is_letter(character)
            if not layer:
                continue
            behind = layers[at + 1]
            best = islice(layer.items(), MAX_STATES)
            states = [(prefix, state, trie[prefix]) for prefix, state in best]
            if letters := _letters_at(piece, at):
                work.readings += _read(letters, states, layers, at)
            if opens and character != HIDDEN:
                may_mask = not apart and _may_mask(piece, at)
                work.readings += _skip(states, behind, may_mask=may_mask)
            may_end = apart or at == last or not _is_letter(piece[at + 1])
            if may_end and not words.keys().isdisjoint(behind):
                found += self._ended(at + 1, behind)
        return found

    def _ended(self, end: int, layer: _Layer) -> Iterator[Spelled]:
        for prefix in filter(self.words.__contains__, layer):
            state = layer[prefix]
            if len(prefix) < _LEAST or state < _ONE_SKIPPED or state & _PENDING:
                continue  # too short, as written, or with signs behind it
            hidden = state // _ONE_HIDDEN
            if hidden * 2 <= (len(prefix) if len(prefix) > _SHORT else _SHORT // 2):
                yield Spelled(prefix, state & _LARGEST, end, hidden, state // _ONE_SIGN & _LARGEST)


def _read(letters: _Letters, states: list[_Reached], layers: list[_Layer], at: int) -> int:
    """Continue with the letters that may be read at a place. Return the number of steps."""
    for letter, length, sign in letters:
        layer = layers[at + length]
        for prefix, state, following in states:
            if letter in following:
                new = state + sign
                if pending := state & _PENDING:
                    new += pending * _IS_SKIPPED
                known = layer.get(longer := prefix + letter)
                if known is None or new < known & _WITHOUT_START:
                    layer[longer] = new
            if prefix.endswith(letter):
                # A sign for the letter before it is no writing: "bi|tch".
                new = (state & _NOT_PENDING) + (_ONE_SKIPPED if sign else 0)
                known = layer.get(prefix)
                if known is None or new < known & _WITHOUT_START:
                    layer[prefix] = new
    return len(states) * len(letters)


def _skip(states: list[_Reached], layer: _Layer, *, may_mask: bool) -> int:
    """Continue behind a sign that separates letters, or hides one. Return the steps."""
    steps = len(states)
    for prefix, state, following in states:
        if not prefix:
            continue
        known = layer.get(prefix)
        if known is None or state + _ONE_PENDING < known & _WITHOUT_START:
            layer[prefix] = state + _ONE_PENDING
        if may_mask and state // _ONE_HIDDEN <= len(prefix):
            masked = (state & _NOT_PENDING) + _ONE_HIDDEN
            steps += len(following)
            for letter in following:
                longer = prefix + letter
                known = layer.get(longer)
                if known is None or masked < known & _WITHOUT_START:
                    layer[longer] = masked
    return steps


def _letters_at(piece: str, at: int) -> _Letters:
    """Return what may be read at a place."""
    character = piece[at]
    if character not in leet.FIRSTS:
        return _ALONE.get(character, ())
    return _letters_of(piece[at : at + leet.LONGEST_GROUP])


@lru_cache(_REMEMBERED)
def _letters_of(window: str) -> _Letters:
    """Return what the first characters of a part of a piece may be read as."""
    return [
        (letter, length, 0 if letter == window[0] else _ONE_SIGN)
        for letter, length in leet.letters_at(window, 0)
    ]


# What each character may be read as that begins no group of signs.
_ALONE: dict[str, _Letters] = {
    character: _letters_of(character)
    for character in {*ascii_lowercase, *leet.SIGN_LETTERS, *MARKER_LETTERS}
}


def _is_letter(character: str) -> bool:
    return character.isalnum() or character in MARKER_LETTERS


def _may_mask(piece: str, at: int) -> bool:
    """Tell whether a character may stand for a hidden letter: a single dot may, an ellipsis not."""
    character = piece[at]
    if character in ".-'":
        around = piece[max(0, at - 1) : at + 2]
        return len(around) == 3 and around[0].isalpha() and around[2].isalpha()  # noqa: PLR2004
    return not character.isspace() and character not in ',;:!"()[]{}<>/\\|=+'
