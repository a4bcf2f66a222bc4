"""What single unknown words may stand for: misspelled, glued, with an ending, written backwards.

A word of the vocabulary stands for itself. Others are looked up once and remembered.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from moderado.moderation.normalize.repeats import runs, squeeze
from moderado.moderation.normalize.variants import whole_word_ciphers, without_ending
from moderado.moderation.normalize.vocabulary import is_common, is_ordinary
from moderado.moderation.rules.lexicon import Lexicon
from moderado.moderation.rules.work import Work

_SHORTEST, _LONGEST = 3, 40
_KNOWN_LIMIT = 100_000  # words of the vocabulary that were met
_UNKNOWN_LIMIT = 20_000  # others: every view of a text asks for them again
_ALIKE = 64  # tokens: several lists ask for the same ones, one after the other
_SHORT = 4
_LONG = 5
_LEAST_SCRAMBLED = 6
_STRETCHED = 3  # letters too many: no typing error
_THREE_TIMES = 3  # one letter in a row
# What people glue to a word: laughter, marks of fans, diminutives of names.
_FILLER = re.compile(r"(?:k{2,}|(?:h[aeiu]){2,}h?|(?:rs)+s*|x+d?|lo+l|ui|ai|s|es|z|zinh[oa]s?)?")

_BEFORE = re.compile(r"(?:k{2,}|(?:h[aeiu]){2,}|(?:rs)+|x+)?")
_LAUGHTER = re.compile(r"k{3,}|(?:ha){2,}h?|(?:rs){2,}")
_LAUGHED = re.compile(rf"(.{{4,}}?)(?:{_LAUGHTER.pattern}|lo+l)")
# Words that are written together with an insult.
_GLUED = (
    "que seu sua seus suas teu tua vc voce vcs tu um uma esse essa este esta puta mega super "
    "ultra hiper de do da vai va you your ur u the my mother son this that dumb big fat "
    "stupid total so eu nao mas tudo todo toda pra pro muito mto grande porra ai oi ei hey hi "
    "mr"
)
_GLUE = frozenset(_GLUED.split())
# An address that is written together with what follows: "voceeumotario".
GLUED_ADDRESS = re.compile(
    r"(?:seus?|suas?|teus?|tuas?|(?:voces?|vcs?|tu)(?:e|eh|es|sao|soe)?(?:muito|mt|so)?(?:um|uma|uns|umas)?"
    r"|you(?:are|re|r)?(?:such|just|all)?(?:an?)?(?:f[uv]?c?king?|little|stupid|dumb|fat)?|your|ur(?:an?)?)"
)
_ADDRESSES = frozenset("stuvy")  # their first letters
_SYLLABLE = 2  # letters
# Words of two letters. Others are syllables, or states and countries.
_WRITTEN = (
    "ai am an ao as at be by ce co da de do eh ei em es eu fe go ha he hi if in ir is it ja la ma "
    "me mo my na ne no of oh oi ok on or os ou pq pt re sc se so sp ta tb te to tu tv ue um up us "
    "va vc ve vi vo we xi rj mg rs kk km kg cm mm"
)
_SYLLABLES = frozenset(_WRITTEN.split())


class Meaning(NamedTuple):
    """The word of the list for which a token may stand.

    `certain`: Not by chance.
    """

    word: str
    reading: str
    certain: bool


class _Met(set[str]):
    """Words that were met, so that each is looked up once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def remember(self, word: str) -> None:
        if len(self) >= self._limit:
            self.clear()
        self.add(word)


_frequent, _rare, _unknown = _Met(_KNOWN_LIMIT), _Met(_KNOWN_LIMIT), _Met(_UNKNOWN_LIMIT)


class Unusual(NamedTuple):
    """The words of a text, each once, that are not frequent.

    `unknown`: In no vocabulary, and of a word's length. `rare`: May be a part of a longer word.
    """

    unknown: list[str]
    rare: list[str]


def unusual_words(words: list[str]) -> Unusual:
    """Return the unknown and the rare ones of the words."""
    found = Unusual([], [])
    for word in set(words) - _frequent:
        if word in _rare:
            found.rare.append(word)
        elif word in _unknown:
            found.unknown.append(word)
        elif not _is_known(word):
            _unknown.remember(word)
            found.unknown.append(word)
        elif _is_rare(word):
            _rare.remember(word)
            found.rare.append(word)
        else:
            _frequent.remember(word)
    return found


def _is_known(word: str) -> bool:
    return not _SHORTEST <= len(word) <= _LONGEST or is_ordinary(word)


def is_syllable(word: str) -> bool:
    """Tell whether two letters are a part of a word rather than a word."""
    return len(word) == _SYLLABLE and word not in _SYLLABLES


def _is_rare(word: str) -> bool:
    if len(word) == _SYLLABLE:
        return is_syllable(word)
    return _SHORTEST <= len(word) <= _LONGEST and not is_common(word)


def _is_word(rest: str) -> bool:
    return not rest or (len(rest) >= _SHORTEST and is_common(rest))


def _is_compound(token: str) -> bool:
    """Tell whether a word is two frequent words, as in a hashtag: "petsounds"."""
    places = range(_SHORTEST, len(token) - _SHORTEST + 1)
    return any(is_common(token[:at]) and is_common(token[at:]) for at in places)


def _is_plain(token: str) -> bool:
    """Tell whether a word is the plural of an ordinary word, "prainhas", or two frequent words."""
    return (token.endswith("s") and is_ordinary(token[:-1])) or _is_compound(token)


@lru_cache(_ALIKE)
def _ciphers(token: str) -> list[tuple[str, str]]:
    return [found for found in whole_word_ciphers(token) if len(found[1]) >= _SHORT]


@lru_cache(_ALIKE)
def _key(word: str) -> str:
    return f"{word[:1]}{''.join(sorted(word[1:-1]))}{word[-1:]}"


class Tokens:
    """Looks up unknown words.

    Args:
        lexicon: The words of the list.
        remembered: The number of unknown words whose meanings are kept.
        others: The words of the lists that are searched together with this one.
    """

    def __init__(
        self, lexicon: Lexicon, *, remembered: int, others: Sequence[Mapping[str, bool]] = ()
    ) -> None:
        self._lexicon, self._others = lexicon, others
        self._meanings: dict[str, tuple[Meaning | None, tuple[int, int]]] = {}  # and the work
        self._remembered = remembered
        inner = [word for word, is_risky in lexicon.words.items() if is_risky]
        self._inner = inner
        self._glued = AhoCorasick(
            inner, store_patterns=False, implementation=Implementation.ContiguousNFA
        )

    @cached_property
    def _scrambled(self) -> dict[str, str]:
        """The listed words whose inner letters may stand in another order."""
        return {_key(word): word for word in self._inner if len(word) >= _LEAST_SCRAMBLED}

    @cached_property
    def _doubled(self) -> dict[str, str]:
        """The listed words by their letters, repeated ones once."""
        return {squeeze(word): word for word in self._inner if len(word) >= _SHORT}

    def meaning(self, token: str, work: Work) -> Meaning | None:
        """Return what an unknown word stands for; None: nothing that is listed."""
        if known := self._meanings.get(token):
            work.add(*known[1])
            return known[0]
        if len(self._meanings) >= self._remembered:
            self._meanings.clear()
        before = work.done
        found = next(self._found(token, work), None)
        self._meanings[token] = found, work.since(*before)
        return found

    def _found(self, token: str, work: Work) -> Iterator[Meaning]:
        short = squeeze(token)
        if token in self._lexicon.words or not token.isascii() or len(short) < _SHORTEST:
            return
        if any(token in words for words in self._others):
            return
        yield from self._glued_words(token)
        yield from self._glued_to_address(token)
        if len(token) - len(short) >= _STRETCHED:
            for found in self._glued_words(short):
                yield found._replace(certain=False)
        if short == token or not is_ordinary(short):  # else an ordinary word, stretched
            yield from self._changed(token, short, work)
        if laughed := _LAUGHED.fullmatch(token):
            yield from self._before_laughter(laughed[1], work)

    def _before_laughter(self, word: str, work: Work) -> Iterator[Meaning]:
        """Yield what a word with repeated or wrong letters stands for: "puttakkkk"."""
        short = squeeze(word)
        if is_ordinary(word):
            return
        if short != word and (listed := self._doubled.get(short)):
            yield Meaning(listed, "repeats", certain=False)
        if not is_ordinary(short):
            yield from self._changed(word, short, work)

    def _changed(self, token: str, short: str, work: Work) -> Iterator[Meaning]:
        words = self._lexicon.words
        for word in without_ending(token):
            if words.get(word):
                yield Meaning(word, "ending", certain=True)
        for word, kind in self._lexicon.misspellings.of(token, work):
            yield Meaning(word, kind, certain=False)
        if short != token:
            is_stretched = max(runs(token)) >= _THREE_TIMES
            found = self._lexicon.misspellings.of_squeezed(short, work, is_stretched=is_stretched)
            for word, kind in found:
                yield Meaning(word, kind, certain=False)
        if (scrambled := self._scrambled.get(_key(token))) and not _is_plain(token):
            yield Meaning(scrambled, "swapped", certain=False)
        for reading, word in _ciphers(token):
            if words.get(word):
                yield Meaning(word, reading, certain=False)

    def _glued_words(self, token: str) -> Iterator[Meaning]:
        for which, start, end in self._glued.find_matches_as_indexes(token, overlapping=True):
            word, before, after = self._inner[which], token[:start], token[end:]
            if len(word) < _SHORT and (before or not _LAUGHTER.fullmatch(after)):
                rest = self._of_others(before + after)
                if len(rest) >= _SHORT and not (before and after):
                    yield Meaning(f"{before} {word} {after}".strip(), "glued", certain=True)
                continue
            if after and is_ordinary(word + after) and _is_word(before):
                continue  # the beginning of an ordinary word: "quesacanagem"
            if self._is_split(before, _BEFORE) and self._is_split(after, _FILLER):
                # A word of another list stands beside it in what is read.
                parts = (self._of_others(before), word, self._of_others(after))
                yield Meaning(" ".join(filter(None, parts)), "glued", certain=True)
            elif len(word) > _LONG and _is_word(before) and _is_word(after):
                yield Meaning(word, "glued", certain=False)

    def _glued_to_address(self, token: str) -> Iterator[Meaning]:
        """Yield an everyday word behind an address: "seulixo". Alone it is no insult."""
        if token[0] not in _ADDRESSES:
            return
        for at in range(2, len(token) - _SHORTEST):
            if self._lexicon.words.get(token[at:]) is False and GLUED_ADDRESS.fullmatch(token[:at]):
                yield Meaning(f"{token[:at]} {token[at:]}", "glued", certain=True)
                return

    def _is_split(self, rest: str, filler: re.Pattern[str]) -> bool:
        """Tell whether what a word is glued to is itself a word, laughter or a few letters."""
        if (
            rest in _GLUE
            or GLUED_ADDRESS.fullmatch(rest)
            or filler.fullmatch(rest)
            or self._lexicon.words.get(rest)
        ):
            return True
        if self._of_others(rest):
            return True
        return any(
            rest.endswith(word) and self._is_split(rest[: -len(word)], filler)
            for which, start, end in self._glued.find_matches_as_indexes(rest)
            if end == len(rest) and (word := self._inner[which])
        )

    def _of_others(self, rest: str) -> str:
        return rest if any(words.get(rest) for words in self._others) else ""
