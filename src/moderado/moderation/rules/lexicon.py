"""The words of a list as a trie, and what a piece of disguised text may spell of it.

Two walks read a piece along the trie, so that the work depends on the piece and hardly on the list:
`spelled` reads signs as letters, skips separators and fills masks; `misspelled` reads sounds,
swapped, missing and neighbouring letters. Both give up after a fixed number of steps.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from moderado.moderation.normalize.ambiguous import MARKER_LETTERS
from moderado.moderation.normalize.invisible import HIDDEN
from moderado.moderation.normalize.leet import letters_at
from moderado.moderation.normalize.variants import LONGEST_SOUND, NEIGHBOURS, SOUNDS, VOWELS

MAX_STATES = 20  # readings of one piece that are continued at a time
MAX_STEPS = 800  # of one misspelled word
MAX_SOUNDS = 3  # of one word that are spelled otherwise
_SHORT = 4
_LONG = 5
_LENGTHY = 7
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
        following: dict[str, str] = {"": ""}
        for word in self.words:
            # Letters at the beginning that another word has, too.
            known = next(at for at in range(len(word), -1, -1) if word[:at] in following)
            if known < len(word):
                following[word[:known]] += word[known]
            for at in range(known + 1, len(word) + 1):
                following[word[:at]] = word[at : at + 1]
        self.following = following

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

    def misspelled(self, token: str) -> list[tuple[str, str]]:
        """Return the words that `token` may be a misspelling of, with the kind of the mistake."""
        typing = _Misspelling(self, token, by_sound=False).found()
        sounds = _Misspelling(self, token, by_sound=True).found()
        return list(dict.fromkeys([*typing, *sounds]))


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


class _Misspelling:
    """One walk of a token along the trie. A state is (place, prefix, kind of mistake, mistakes)."""

    def __init__(self, lexicon: Lexicon, token: str, *, by_sound: bool) -> None:
        self._by_sound = by_sound
        self._words, self._following, self._token = lexicon.words, lexicon.following, token
        # Who leaves vowels out leaves all of them out: others need not be looked for.
        self._is_bare = not any(letter in VOWELS for letter in token[1:])
        self._open: list[tuple[int, str, str, int]] = [(0, "", "", 0)]
        self._seen: set[tuple[int, str, str]] = set()

    def found(self) -> Iterator[tuple[str, str]]:
        steps = 0
        while self._open and steps < MAX_STEPS:
            steps += 1
            at, prefix, kind, mistakes = self._open.pop()
            if at == len(self._token):
                yield from self._words_at_the_end(prefix, kind, mistakes)
                continue
            self._same(at, prefix, kind, mistakes)
            if self._by_sound:
                if mistakes < MAX_SOUNDS:
                    self._sounds(at, prefix, mistakes)
                continue
            if self._is_bare and kind in ("", "vowels"):
                self._vowels(at, prefix, mistakes)
            if not kind:
                self._typing_errors(at, prefix)

    def _words_at_the_end(self, prefix: str, kind: str, mistakes: int) -> Iterator[tuple[str, str]]:
        if kind == "sounds" and mistakes > _most_sounds(prefix):
            return
        if kind and self._words.get(prefix) and _is_likely(self._token, prefix, kind):
            yield prefix, kind
        if kind in ("", "vowels") and not self._by_sound:
            for letter in self._following[prefix]:
                yield from self._without_last(prefix + letter, kind)

    def _without_last(self, word: str, kind: str) -> Iterator[tuple[str, str]]:
        """Yield a word of which the last letter is not written."""
        kinds = ["missing"] if not kind else []
        kinds += ["vowels"] if self._is_bare and word[-1] in VOWELS else []
        for each in kinds:
            if self._words.get(word) and _is_likely(self._token, word, each):
                yield word, each

    def _push(self, at: int, prefix: str, kind: str, mistakes: int) -> None:
        if prefix in self._following and (at, prefix, kind) not in self._seen:
            self._seen.add((at, prefix, kind))
            self._open.append((at, prefix, kind, mistakes))

    def _same(self, at: int, prefix: str, kind: str, mistakes: int) -> None:
        letter = self._token[at]
        if prefix.endswith(letter) and kind in ("", "sounds"):
            self._push(at + 1, prefix, kind, mistakes)
        self._push(at + 1, prefix + letter, kind, mistakes)

    def _sounds(self, at: int, prefix: str, mistakes: int) -> None:
        for length in range(1, LONGEST_SOUND + 1):
            for meant in SOUNDS.get(self._token[at : at + length], ()):
                is_whole = at + length == len(self._token)
                if at + length <= len(self._token) and (is_whole or meant != "er"):
                    self._push(at + length, prefix + meant, "sounds", mistakes + 1)

    def _vowels(self, at: int, prefix: str, mistakes: int) -> None:
        for letter in self._following[prefix]:
            if letter in VOWELS and prefix:
                self._push(at, prefix + letter, "vowels", mistakes + 1)

    def _typing_errors(self, at: int, prefix: str) -> None:
        token = self._token
        if at + 1 < len(token) and token[at] != token[at + 1]:
            self._push_rest(prefix + token[at + 1] + token[at], at + 2, "swapped")
        if not prefix:
            return
        for letter in self._following[prefix]:
            if letter != token[at]:
                self._push_rest(prefix + letter, at, "missing")
            if letter in NEIGHBOURS.get(token[at], ""):
                self._push_rest(prefix + letter, at + 1, "keys")

    def _push_rest(self, prefix: str, at: int, kind: str) -> None:
        """Finish the walk behind a typing error: no second one is allowed, so one word is left."""
        word = prefix + self._token[at:]
        if word in self._words:
            self._open.append((len(self._token), word, kind, 1))


def _most_sounds(word: str) -> int:
    """Return how many sounds of a word may be spelled otherwise: the shorter, the fewer."""
    return 1 if len(word) <= _SHORT else 2 if len(word) <= _LENGTHY else MAX_SOUNDS


def _is_likely(token: str, word: str, kind: str) -> bool:
    if kind == "vowels":
        consonants = sum(letter not in VOWELS for letter in token)
        return consonants > _LEAST or (consonants == _LEAST and len(word) >= _LONG)
    least = {"sounds": _SHORT, "swapped": _SHORT, "missing": _LONG, "keys": _LONG}[kind]
    return len(word) >= least and len(token) >= _SHORT
