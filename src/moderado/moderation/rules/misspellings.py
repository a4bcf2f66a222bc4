"""Finds the listed words of which an unknown word may be a misspelling.

Two walks read the word along the trie of the list, so that the work depends on the word and hardly
on the list: one for swapped, missing and neighbouring letters and left out vowels, one for letters
that sound or look like others.
Both give up after a fixed number of steps. Most unknown words resemble no listed one: a bitmap of
what is left of the listed words without one letter tells so before the first walk.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property

from moderado.moderation.normalize.repeats import has_double, squeeze
from moderado.moderation.normalize.variants import DRAWN, NEIGHBOURS, SOUNDS, VOWELS
from moderado.moderation.rules.beginnings import FEW, Beginnings
from moderado.moderation.rules.work import Work

MAX_STEPS = 800  # of one misspelled word
MAX_SOUNDS = 3  # of one word that are spelled otherwise
_SHORT = 4
_LONG = 5
_LENGTHY = 7
_LEAST = 3
_BITS = 16  # of the bitmap, for each form of a word
_HALF = 32  # bits of a hash

_State = tuple[int, str, str]  # place in the token, letters of a word, kind of mistake
_Meant = tuple[int, str, str]  # length of what is written, what it may stand for, and why


class Misspellings:
    """The misspellings of the words of one list.

    Args:
        words: The words. True: also read through uncertain disguises.
        following: Their beginnings.
    """

    def __init__(self, words: Mapping[str, bool], following: Beginnings) -> None:
        self._words, self._following = words, following

    def of(self, token: str, work: Work) -> Iterator[tuple[str, str]]:
        """Yield the words that `token` may be a misspelling of, with the kind of the mistake."""
        yield from self._typing(token, work)
        yield from self._by_sound(token, work)

    def of_squeezed(self, token: str, work: Work) -> Iterator[tuple[str, str]]:
        """Yield the words that a token without its repeated letters may be written for."""
        if _is_bare(token):  # otherwise no vowel is left out
            yield from (found for found in self._typing(token, work) if found[1] == "vowels")
        yield from self._by_sound(token, work)

    @cached_property
    def _resembling(self) -> "_Forms | None":
        """Built for the first unknown word; a walk along a short list is as quick."""
        likely = [word for word, is_risky in self._words.items() if is_risky]
        return None if len(likely) <= FEW else _Forms(likely)

    def _typing(self, token: str, work: Work) -> Iterator[tuple[str, str]]:
        is_bare = _is_bare(token)
        if len(token) < _SHORT and not is_bare:
            return
        if self._resembling is not None and not self._resembling.may_have(token, is_bare=is_bare):
            return
        yield from _Typing(self._words, self._following, token, is_bare=is_bare).found(work)

    def _by_sound(self, token: str, work: Work) -> Iterator[tuple[str, str]]:
        """Walk the token along the trie; letters may stand for their sound, or for their shape."""
        if len(token) < _SHORT:
            return
        start: _State = (0, "", "")
        waiting, seen, steps = [(start, 0)], {start}, 0
        while waiting and steps < MAX_STEPS:
            steps += 1
            work.steps += 1
            (at, prefix, kind), mistakes = waiting.pop()
            if at == len(token):
                is_word = kind and self._words.get(prefix) and len(prefix) >= _SHORT
                if is_word and mistakes <= _most_sounds(prefix):
                    yield prefix, kind
                continue
            for following in self._heard(token, at, prefix, kind, mistakes):
                if following[0] not in seen:
                    seen.add(following[0])
                    waiting.append(following)

    def _heard(
        self, token: str, at: int, prefix: str, kind: str, mistakes: int
    ) -> list[tuple[_State, int]]:
        """Return the states behind the letters at a place, with the number of other sounds."""
        letter, letters = token[at], self._following[prefix]
        found: list[tuple[_State, int]] = []
        if prefix[-1:] == letter:
            found.append(((at + 1, prefix, kind), mistakes))
        if letter in letters:
            found.append(((at + 1, prefix + letter, kind), mistakes))
        if mistakes < MAX_SOUNDS:
            for length, meant, kind_here in _sounds(token, at):
                if meant[:1] in letters and (longer := prefix + meant) in self._following:
                    found.append(((at + length, longer, kind_here), mistakes + 1))
        return found


class _Typing:
    """One walk of a token along the trie, with one typing error or without vowels."""

    def __init__(
        self, words: Mapping[str, bool], following: Beginnings, token: str, *, is_bare: bool
    ) -> None:
        self._words, self._following, self._token = words, following, token
        # Who leaves vowels out leaves all of them out: others need not be looked for.
        self._is_bare = is_bare
        self._open: list[_State] = [(0, "", "")]
        self._seen: set[_State] = set()

    def found(self, work: Work) -> Iterator[tuple[str, str]]:
        steps = 0
        while self._open and steps < MAX_STEPS:
            steps += 1
            work.steps += 1
            at, prefix, kind = self._open.pop()
            if at == len(self._token):
                yield from self._words_at_the_end(prefix, kind)
                continue
            self._same(at, prefix, kind)
            if self._is_bare and kind in ("", "vowels"):
                self._vowels(at, prefix)
            if not kind:
                self._errors(at, prefix)

    def _words_at_the_end(self, prefix: str, kind: str) -> Iterator[tuple[str, str]]:
        if kind and self._words.get(prefix) and _is_likely(self._token, prefix, kind):
            yield prefix, kind
        if kind in ("", "vowels"):
            for letter in self._following[prefix]:
                yield from self._without_last(prefix + letter, kind)

    def _without_last(self, word: str, kind: str) -> Iterator[tuple[str, str]]:
        """Yield a word of which the last letter is not written."""
        kinds = ["missing"] if not kind else []
        kinds += ["vowels"] if self._is_bare and word[-1] in VOWELS else []
        for each in kinds:
            if self._words.get(word) and _is_likely(self._token, word, each):
                yield word, each

    def _push(self, at: int, prefix: str, kind: str) -> None:
        state = at, prefix, kind
        if prefix in self._following and state not in self._seen:
            self._seen.add(state)
            self._open.append(state)

    def _same(self, at: int, prefix: str, kind: str) -> None:
        letter = self._token[at]
        if prefix.endswith(letter) and not kind:
            self._push(at + 1, prefix, kind)
        self._push(at + 1, prefix + letter, kind)

    def _vowels(self, at: int, prefix: str) -> None:
        for letter in self._following[prefix]:
            if letter in VOWELS and prefix:
                self._push(at, prefix + letter, "vowels")

    def _errors(self, at: int, prefix: str) -> None:
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
            self._open.append((len(self._token), word, kind))


class _Forms:
    """Tells at little cost that a token is no word with a typing error or without its vowels.

    A word and its misspelling have a form in common: what is left of both without the wrong letter,
    repeated letters counted once. The forms of the words are bits of a map, two for each.
    """

    def __init__(self, words: Iterable[str]) -> None:
        forms = {form for word in words for form in (*_without_a_letter(word), _bare(word))}
        size = 1 << (len(forms) * _BITS).bit_length()
        self._mask = size - 1
        self._bits = bytearray(size >> 3)
        for form in forms:
            code = hash(form)
            for bit in (code & self._mask, code >> _HALF & self._mask):
                self._bits[bit >> 3] |= 1 << (bit & 7)

    def may_have(self, token: str, *, is_bare: bool) -> bool:
        """Tell whether a word may be meant. A wrong yes costs a walk; there is no wrong no."""
        if (squeeze(token) if has_double(token) else token) in self:  # a letter is missing
            return True
        if is_bare and _bare(token) in self:
            return True
        return any(map(self.__contains__, _without_a_letter(token)))

    def __contains__(self, form: str) -> bool:
        code, bits = hash(form), self._bits
        one, other = code & self._mask, code >> _HALF & self._mask
        return bool(bits[one >> 3] >> (one & 7) & 1 and bits[other >> 3] >> (other & 7) & 1)


def _without_a_letter(word: str) -> list[str]:
    """Return what is left of a word without each of its letters, repeated letters once."""
    if has_double(word):
        return [squeeze(word[:at] + word[at + 1 :]) for at in range(len(word))]
    return [
        # The letters beside the one that is left out may be the same.
        word[:at] + word[at + (2 if word[at - 1 : at] == word[at + 1 : at + 2] else 1) :]
        for at in range(len(word))
    ]


def _bare(word: str) -> str:
    """Return a word without its vowels, but for the first letter; repeated letters once."""
    consonants = word[1:].translate(_NO_VOWELS)
    return f"{_MARK}{squeeze(word[:1] + consonants)}"


@cache  # of all pairs of letters
def _sounds_of(window: str, *, is_end: bool) -> tuple[_Meant, ...]:
    """Return for what the first letter, or both letters, of a window may be written."""
    return tuple(
        (length, meant, kind)
        for length in range(1, len(window) + 1)
        for kind, table in _TABLES
        for meant in table.get(window[:length], ())
        if meant != "er" or (is_end and length == len(window))  # only at the end of a word
    )


def _sounds(token: str, at: int) -> tuple[_Meant, ...]:
    """Return for what letters at a place may be written."""
    found = _sounds_of(token[at : at + 2], is_end=at + 2 >= len(token))
    longer = _LONG_SOUNDS.get(token[at : at + 3])
    return found if longer is None else found + longer


_TABLES = (("sounds", SOUNDS), ("drawn", DRAWN))
_LONG_SOUNDS = {
    written: tuple((len(written), meant, "sounds") for meant in SOUNDS[written])
    for written in SOUNDS
    if len(written) > 2  # noqa: PLR2004  (the others are in a window)
}
_NO_VOWELS = dict.fromkeys(map(ord, VOWELS))
_MARK = "-"  # tells forms without vowels from forms without a letter


def _is_bare(token: str) -> bool:
    return not any(letter in VOWELS for letter in token[1:])


def _most_sounds(word: str) -> int:
    """Return how many sounds of a word may be spelled otherwise: the shorter, the fewer."""
    return 1 if len(word) <= _SHORT else 2 if len(word) <= _LENGTHY else MAX_SOUNDS


def _is_likely(token: str, word: str, kind: str) -> bool:
    if kind == "vowels":
        consonants = sum(letter not in VOWELS for letter in token)
        return consonants > _LEAST or (consonants == _LEAST and len(word) >= _LONG)
    least = {"swapped": _SHORT, "missing": _LONG, "keys": _LONG}[kind]
    return len(word) >= least and len(token) >= _SHORT
