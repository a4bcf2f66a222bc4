"""The words of a list as a trie, and what a piece of disguised text may spell of it.

A walk reads a piece along the trie, so that the work depends on the piece and hardly on the list:
it reads signs as letters, skips separators and fills masks. Few readings at a time are continued.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from moderado.moderation.normalize.ambiguous import MARKER_LETTERS
from moderado.moderation.normalize.invisible import HIDDEN
from moderado.moderation.normalize.leet import letters_at
from moderado.moderation.rules.beginnings import beginnings
from moderado.moderation.rules.misspellings import Misspellings

MAX_STATES = 20  # readings of one piece that are continued at a time
_SHORT = 4
_LEAST = 3


class Spelled(NamedTuple):
    """`piece[start:end]` may spell `word`."""

    word: str
    start: int
    end: int
    hidden: int  # letters behind masks
    signs: int  # letters that signs stand for


class _State(NamedTuple):
    start: int
    hidden: int
    signs: int
    skipped: int  # signs between letters
    pending: int  # signs after the last letter


_Reached = tuple[str, _State]


class Lexicon:
    """The words that disguises may stand for.

    Args:
        words: Folded words without spaces. True: also read through uncertain disguises.
    """

    def __init__(self, words: Mapping[str, bool]) -> None:
        self.words = {word: certain for word, certain in words.items() if word.isascii()}
        self.following = beginnings(self.words)
        self.misspellings = Misspellings(self.words, self.following)

    def spelled(self, piece: str, *, apart: bool = False) -> list[Spelled]:
        """Return the words that parts of `piece` spell, from a boundary to a boundary.

        Args:
            piece: Folded text, with at least one character that is not a letter.
            apart: Whether the letters are written apart: then a boundary is between any two.
        """
        layers: list[dict[str, _State]] = [{} for _ in range(len(piece) + 1)]
        found: list[Spelled] = []
        for at in range(len(piece)):
            layer = layers[at]
            if at == 0 or apart or not _is_letter(piece[at - 1]):
                layer.setdefault("", _State(at, 0, 0, 0, 0))
            states = [*layer.items()][:MAX_STATES]
            self._read(piece, at, states, layers)
            if not _is_letter(piece[at]) and piece[at] != HIDDEN:
                may_mask = not apart and _may_mask(piece, at)
                self._skip(states, layers[at + 1], may_mask=may_mask)
            found += self._ended(piece, at + 1, layers[at + 1], apart=apart)
        return found

    def _read(
        self, piece: str, at: int, states: list[_Reached], layers: list[dict[str, _State]]
    ) -> None:
        """Continue with the letters that may be read at a place."""
        character, following = piece[at], self.following
        for letter, length in letters_at(piece, at):
            is_sign, layer = letter != character, layers[at + length]
            for prefix, state in states:
                start, hidden, signs, skipped, pending = state
                if (longer := prefix + letter) in following:
                    start = start if prefix else at
                    new = _State(start, hidden, signs + is_sign, skipped + pending, 0)
                    _keep(layer, longer, new)
                if prefix and letter == prefix[-1]:
                    _keep(layer, prefix, _State(start, hidden, signs, skipped, 0))

    def _skip(self, states: list[_Reached], layer: dict[str, _State], *, may_mask: bool) -> None:
        """Continue behind a sign that separates letters, or hides one."""
        for prefix, (start, hidden, signs, skipped, pending) in states:
            if not prefix:
                continue
            _keep(layer, prefix, _State(start, hidden, signs, skipped, pending + 1))
            if may_mask and hidden <= len(prefix):
                masked = _State(start, hidden + 1, signs, skipped, 0)
                for letter in self.following[prefix]:
                    _keep(layer, prefix + letter, masked)

    def _ended(
        self, piece: str, end: int, layer: dict[str, _State], *, apart: bool
    ) -> Iterator[Spelled]:
        if end < len(piece) and _is_letter(piece[end]) and not apart:
            return
        for prefix, state in layer.items():
            if len(prefix) < _LEAST or prefix not in self.words:
                continue
            if state.pending or state.hidden + state.signs + state.skipped == 0:
                continue  # as written
            if state.hidden * 2 <= (len(prefix) if len(prefix) > _SHORT else _SHORT // 2):
                yield Spelled(prefix, state.start, end, state.hidden, state.signs)


def _is_letter(character: str) -> bool:
    return character.isalnum() or character in MARKER_LETTERS


def _may_mask(piece: str, at: int) -> bool:
    """Tell whether a character may stand for a hidden letter: a single dot may, an ellipsis not."""
    character = piece[at]
    if character in ".-'":
        around = piece[max(0, at - 1) : at + 2]
        return len(around) == 3 and around[0].isalpha() and around[2].isalpha()  # noqa: PLR2004
    return not character.isspace() and character not in ',;:!"()[]{}<>/\\|=+'


def _keep(layer: dict[str, _State], prefix: str, state: _State) -> None:
    known = layer.get(prefix)
    if known is None or state[1:] < known[1:]:
        layer[prefix] = state
