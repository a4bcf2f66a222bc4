"""Finds the listed words of which an unknown word may be a misspelling.

Two walks read the word along the trie of the list, so that the work depends on the word and hardly
on the list: one for swapped, missing and neighbouring letters and left out vowels, one for letters
that sound or look like others.
Both give up after a fixed number of steps. Most unknown words resemble no listed one: a bitmap of
what is left of the listed words without one letter tells so before the first walk.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from zlib import crc32

from moderado.moderation.normalize.repeats import has_double, runs, squeeze
from moderado.moderation.normalize.variants import DRAWN, NEIGHBOURS, SOUNDS, VOWELS
from moderado.moderation.rules.beginnings import FEW, Beginnings
from moderado.moderation.rules.work import Work

MAX_STEPS = 800  # of one misspelled word
MAX_SOUNDS = 3  # of one word that are spelled otherwise
_SHORT = 4
_LONG = 5
_LENGTHY = 7
_LEAST = 3
_WINDOW = 3  # letters: the longest that are written for a sound
_BITS = 16  # of the bitmap, for each form of a word
_HALF = 32  # bits of a code
_SPREAD = 0x9E3779B97F4A7C15  # Knuth's multiplicative hashing, for 64 bits
_ALIKE = 64  # tokens

_State = tuple[int, str, str]  # place in the token, letters of a word, kind of mistake
# Length of what is written, the first letter of what it may stand for, all of it, and why.
_Meant = tuple[int, str, str, str]
_Words = Iterator[tuple[str, str]]  # each with the kind of the mistake


class Misspellings:
    """The misspellings of the words of one list.

    Args:
        words: The words. True: also read through uncertain disguises.
        following: Their beginnings.
    """

    def __init__(self, words: Mapping[str, bool], following: Beginnings) -> None:
        self._words, self._following = words, following

    def of(self, token: str, work: Work) -> _Words:
        """Yield the words that `token` may be a misspelling of, with the kind of the mistake."""
        yield from self._typing(token, work)
        yield from self._by_sound(token, work)

    def of_squeezed(self, token: str, work: Work, *, is_stretched: bool) -> _Words:
        """Yield the words that a token without its repeated letters may be written for."""
        if is_stretched or _is_bare(token):  # otherwise no vowel is left out
            kinds = ("vowels", "swapped") if is_stretched else ("vowels",)
            yield from (found for found in self._typing(token, work) if found[1] in kinds)
        yield from self._by_sound(token, work)

    @cached_property
    def _resembling(self) -> "_Forms | None":
        """Built for the first unknown word; a walk along a short list is as quick."""
        likely = [word for word, is_risky in self._words.items() if is_risky]
        return None if len(likely) <= FEW else _Forms(likely)

    def _typing(self, token: str, work: Work) -> _Words:
        is_bare = _is_bare(token)
        if len(token) < _SHORT and not is_bare:
            return
        if self._resembling is not None and not self._resembling.may_have(token, is_bare=is_bare):
            return
        yield from _Typing(self._words, self._following, token, is_bare=is_bare).found(work)

    def _by_sound(self, token: str, work: Work) -> _Words:  # noqa: C901  (one quick loop)
        """Walk the token along the trie; letters may stand for their sound, or for their shape."""
        if len(token) < _SHORT:
            return
        words, trie, end = self._words, self._following, len(token)
        start: _State = (0, "", "")
        waiting, seen, steps = [(start, 0)], {start}, 0
        while waiting and steps < MAX_STEPS:
            steps += 1
            work.steps += 1
            (at, prefix, kind), mistakes = waiting.pop()
            if at == end:
                is_word = kind and words.get(prefix) and len(prefix) >= _SHORT
                if is_word and mistakes <= _most_sounds(prefix):
                    yield prefix, kind
                continue
            letter, letters = token[at], trie[prefix]
            if prefix[-1:] == letter and (state := (at + 1, prefix, kind)) not in seen:
                seen.add(state)
                waiting.append((state, mistakes))
            if letter in letters and (state := (at + 1, prefix + letter, kind)) not in seen:
                seen.add(state)
                waiting.append((state, mistakes))
            if mistakes == MAX_SOUNDS:
                continue
            for length, first, meant, kind_here in _HEARD[token[at : at + _WINDOW]]:
                if first in letters and (longer := prefix + meant) in trie:
                    state = at + length, longer, kind_here
                    if state not in seen:
                        seen.add(state)
                        waiting.append((state, mistakes + 1))


class _Typing:
    """One walk of a token along the trie, with one typing error or without vowels."""

    def __init__(
        self, words: Mapping[str, bool], following: Beginnings, token: str, *, is_bare: bool
    ) -> None:
        self._words, self._following, self._token = words, following, token
        # Who leaves vowels out leaves all of them out: others need not be looked for.
        self._is_bare = is_bare
        self._open: list[_State] = [(0, "", "")]

    def found(self, work: Work) -> _Words:  # noqa: C901  (one quick loop)
        """Yield the words that the token may be written for, with the kind of the mistake."""
        token, trie, is_bare, waiting = self._token, self._following, self._is_bare, self._open
        end, seen, steps = len(token), set[_State](), 0
        while waiting and steps < MAX_STEPS:
            steps += 1
            work.steps += 1
            at, prefix, kind = waiting.pop()
            if at == end:
                yield from self._words_at_the_end(prefix, kind)
                continue
            letter, letters = token[at], trie[prefix]
            state: _State
            if not kind and prefix.endswith(letter):
                state = at + 1, prefix, kind
                if state not in seen:
                    seen.add(state)
                    waiting.append(state)
            if letter in letters:
                state = at + 1, prefix + letter, kind
                if state not in seen:
                    seen.add(state)
                    waiting.append(state)
            if is_bare and prefix and kind in ("", "vowels"):
                for vowel in filter(_VOWELS.__contains__, letters):
                    state = at, prefix + vowel, "vowels"
                    if state not in seen:
                        seen.add(state)
                        waiting.append(state)
            if not kind:
                self._errors(at, prefix, letters)

    def _words_at_the_end(self, prefix: str, kind: str) -> _Words:
        if kind and self._words.get(prefix) and _is_likely(self._token, prefix, kind):
            yield prefix, kind
        if kind in ("", "vowels"):
            for letter in self._following[prefix]:
                yield from self._without_last(prefix + letter, kind)

    def _without_last(self, word: str, kind: str) -> _Words:
        """Yield a word of which the last letter is not written."""
        kinds = ["missing"] if not kind else []
        kinds += ["vowels"] if self._is_bare and word[-1] in VOWELS else []
        for each in kinds:
            if self._words.get(word) and _is_likely(self._token, word, each):
                yield word, each

    def _errors(self, at: int, prefix: str, letters: str) -> None:
        """Finish the walk behind each typing error: no second one is allowed, so one word is left.

        Args:
            at: The place of the error in the token.
            prefix: The letters of a word before it.
            letters: Those that may follow in the list.
        """
        token, words, waiting = self._token, self._words, self._open
        written, end = token[at], len(token)
        if at + 1 < end and written != token[at + 1]:
            word = f"{prefix}{token[at + 1]}{written}{token[at + 2 :]}"
            if word in words:
                waiting.append((end, word, "swapped"))
        if not prefix:
            return
        rest, near = token[at + 1 :], NEIGHBOURS.get(written, "")
        for letter in letters:
            other = prefix + letter
            if letter != written and (word := f"{other}{written}{rest}") in words:
                waiting.append((end, word, "missing"))
            if letter in near and (word := other + rest) in words:
                waiting.append((end, word, "keys"))


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
            code = _code(form)
            for bit in (code & self._mask, code >> _HALF & self._mask):
                self._bits[bit >> 3] |= 1 << (bit & 7)

    def may_have(self, token: str, *, is_bare: bool) -> bool:
        """Tell whether a word may be meant. A wrong yes costs a walk; there is no wrong no."""
        bits, mask = self._bits, self._mask
        for code in _codes(token, is_bare=is_bare):
            one = code & mask
            if bits[one >> 3] >> (one & 7) & 1:
                other = code >> _HALF & mask
                if bits[other >> 3] >> (other & 7) & 1:
                    return True
        return False


@lru_cache(_ALIKE)  # several lists ask for the same token, one after the other
def _codes(token: str, *, is_bare: bool) -> list[int]:
    """Return the codes of the forms of a token: a letter is missing, vowels, or another one."""
    forms = [squeeze(token)]
    if is_bare:
        forms.append(_bare(token))
    forms += _without_a_letter(token)
    return [*map(_code, forms)]


def _code(form: str) -> int:
    """Return a number that is the same in all processes, unlike `hash`: the steps are counted."""
    return crc32(form.encode()) * _SPREAD


def _without_a_letter(word: str) -> list[str]:
    """Return what is left of a word without each of its letters, repeated letters once."""
    if has_double(word):
        # Without one letter of several equal ones, the others are left.
        short = squeeze(word)
        counts = runs(word)
        alone = [at for at, count in enumerate(counts) if count == 1]
        found = [_without(short, at) for at in alone]
        return found if len(alone) == len(counts) else [*found, short]
    return [_without(word, at) for at in range(len(word))]


def _without(word: str, at: int) -> str:
    """Return what is left of a word, which has no repeated letters, without one letter."""
    # The letters beside the one that is left out may be the same.
    return word[:at] + word[at + (2 if word[at - 1 : at] == word[at + 1 : at + 2] else 1) :]


def _bare(word: str) -> str:
    """Return a word without its vowels, but for the first letter; repeated letters once."""
    consonants = word[1:].translate(_NO_VOWELS)
    return f"{_MARK}{squeeze(word[:1] + consonants)}"


class _Heard(dict[str, tuple[_Meant, ...]]):
    """What the first letters of three, or of two at the end of a word, may be written for."""

    def __missing__(self, window: str) -> tuple[_Meant, ...]:
        is_end = len(window) < _WINDOW
        found = tuple(
            (length, meant[:1], meant, kind)
            for length in range(1, _WINDOW)
            for kind, table in _TABLES
            for meant in table.get(window[:length] if length <= len(window) else "", ())
            if meant != "er" or (is_end and length == len(window))  # only at the end of a word
        )
        if not is_end:
            found += tuple(
                (_WINDOW, meant[:1], meant, "sounds") for meant in SOUNDS.get(window, ())
            )
        self[window] = found
        return found


_TABLES = (("sounds", SOUNDS), ("drawn", DRAWN))
_HEARD = _Heard()  # at most one entry for each three letters
_VOWELS = frozenset(VOWELS)
_NO_VOWELS = dict.fromkeys(map(ord, VOWELS))
_MARK = "-"  # tells forms without vowels from forms without a letter


def _is_bare(token: str) -> bool:
    """Tell whether there is no vowel but the first letter and, of a longer word, the last one."""
    return _VOWELS.isdisjoint(token[1:-1] if len(token) > _LONG else token[1:])


def _most_sounds(word: str) -> int:
    """Return how many sounds of a word may be spelled otherwise: the shorter, the fewer."""
    return 1 if len(word) <= _SHORT else 2 if len(word) <= _LENGTHY else MAX_SOUNDS


def _is_likely(token: str, word: str, kind: str) -> bool:
    if kind == "vowels":
        consonants = sum(letter not in VOWELS for letter in token)
        return consonants > _LEAST or (consonants == _LEAST and len(word) >= _LONG)
    least = {"swapped": _SHORT, "missing": _LONG, "keys": _LONG}[kind]
    return len(word) >= least and len(token) >= _SHORT
