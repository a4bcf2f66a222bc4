"""What single unknown words may stand for: misspelled, glued, with an ending, written backwards.

A word of the vocabulary stands for itself. Others are looked up once and remembered.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from moderado.moderation.normalize.repeats import squeeze
from moderado.moderation.normalize.variants import whole_word_ciphers, without_ending
from moderado.moderation.normalize.vocabulary import is_common, is_ordinary
from moderado.moderation.rules.lexicon import Lexicon

_SHORTEST, _LONGEST = 3, 40
_KNOWN_LIMIT = 100_000  # words of the vocabulary that were met
_SHORT = 4
_LONG = 5
# What people glue to a word: laughter, marks of fans, diminutives of names.
_FILLER = re.compile(r"(?:k{2,}|(?:h[aeiu]){2,}h?|(?:rs)+s*|x+d?|lo+l|ui|ai|s|es|z|zinh[oa]s?)?")

_BEFORE = re.compile(r"(?:k{2,}|(?:h[aeiu]){2,}|(?:rs)+|x+)?")
_LAUGHTER = re.compile(r"k{3,}|(?:ha){2,}h?|(?:rs){2,}")
# Words that are written together with an insult.
_GLUED = (
    "que seu sua seus suas teu tua vc voce vcs tu um uma esse essa este esta puta mega super "
    "ultra hiper de do da vai va you your ur u the my mother son this that dumb big fat "
    "stupid total so eu nao mas tudo todo toda pra pro muito mto grande porra ai oi ei hey hi "
    "mr"
)
_GLUE = frozenset(_GLUED.split())


class Meaning(NamedTuple):
    """The word of the list for which a token may stand.

    `certain`: Not by chance.
    """

    word: str
    reading: str
    certain: bool


class _Ordinary(set[str]):
    """The words of the vocabulary that were met, so that each is looked up once."""

    def remember(self, word: str) -> None:
        if len(self) >= _KNOWN_LIMIT:
            self.clear()
        self.add(word)


_ordinary = _Ordinary()


def unknown_words(words: list[str]) -> list[str]:
    """Return the words, each once, that are in no vocabulary and of a word's length."""
    found = []
    for word in set(words) - _ordinary:
        if not _SHORTEST <= len(word) <= _LONGEST or is_ordinary(word):
            _ordinary.remember(word)
        else:
            found.append(word)
    return found


def _is_word(rest: str) -> bool:
    return not rest or (len(rest) >= _SHORTEST and is_common(rest))


class Tokens:
    """Looks up unknown words.

    Args:
        lexicon: The words of the list.
        remembered: The number of unknown words whose meanings are kept.
    """

    def __init__(self, lexicon: Lexicon, *, remembered: int) -> None:
        self._lexicon = lexicon
        self._meanings: dict[str, Meaning | None] = {}
        self._remembered = remembered
        inner = [word for word, is_risky in lexicon.words.items() if is_risky]
        self._inner = inner
        self._glued = AhoCorasick(
            inner, store_patterns=False, implementation=Implementation.ContiguousNFA
        )

    def meaning(self, token: str) -> Meaning | None:
        """Return what an unknown word stands for; None: nothing that is listed."""
        if token in self._meanings:
            return self._meanings[token]
        if len(self._meanings) >= self._remembered:
            self._meanings.clear()
        found = next(self._found(token), None)
        self._meanings[token] = found
        return found

    def _found(self, token: str) -> Iterator[Meaning]:
        short = squeeze(token)
        if token in self._lexicon.words or not token.isascii() or len(short) < _SHORTEST:
            return
        yield from self._glued_words(token)
        if short == token or not is_ordinary(short):  # else an ordinary word, stretched
            yield from self._changed(token, short)

    def _changed(self, token: str, short: str) -> Iterator[Meaning]:
        words = self._lexicon.words
        for word in without_ending(token):
            if words.get(word):
                yield Meaning(word, "ending", certain=True)
        for word, kind in self._lexicon.misspelled(token):
            yield Meaning(word, kind, certain=False)
        if short != token:
            for word, kind in self._lexicon.misspelled(short):
                if kind in ("sounds", "vowels"):
                    yield Meaning(word, kind, certain=False)
        for reading, word in whole_word_ciphers(token):
            if len(word) >= _SHORT and words.get(word):
                yield Meaning(word, reading, certain=False)

    def _glued_words(self, token: str) -> Iterator[Meaning]:
        for which, start, end in self._glued.find_matches_as_indexes(token, overlapping=True):
            word, before, after = self._inner[which], token[:start], token[end:]
            if len(word) < _SHORT and (before or not _LAUGHTER.fullmatch(after)):
                continue
            if self._is_split(before, _BEFORE) and self._is_split(after, _FILLER):
                yield Meaning(word, "glued", certain=True)
            elif len(word) > _LONG and _is_word(before) and _is_word(after):
                yield Meaning(word, "glued", certain=False)

    def _is_split(self, rest: str, filler: re.Pattern[str]) -> bool:
        """Tell whether what a word is glued to is itself a word, laughter or a few letters."""
        if rest in _GLUE or filler.fullmatch(rest) or self._lexicon.words.get(rest):
            return True
        return any(
            rest.endswith(word) and self._is_split(rest[: -len(word)], filler)
            for which, start, end in self._glued.find_matches_as_indexes(rest)
            if end == len(rest) and (word := self._inner[which])
        )
