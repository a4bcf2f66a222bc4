"""Words that are cut into two or more: "arrom bado", "pi ro ca", and by the end of a line."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from moderado.moderation.normalize import leet
from moderado.moderation.normalize.invisible import HIDDEN
from moderado.moderation.normalize.vocabulary import is_common
from moderado.moderation.rules.compiled_list import CompiledList
from moderado.moderation.rules.pieces import Part
from moderado.moderation.rules.tokens import Unusual

_WORD = re.compile(r"[^\W\d_]+")
_LINES = re.compile(r"([a-z]{1,40})[ \t]*\n+[ \t]*(?=[a-z])")
_HALF = r"(?=[0-9]*[a-z@$!+])[a-z0-9@$!+]{2,12}"
_SIGNED = re.compile(rf"(?<!\S)({_HALF}) (?=({_HALF})(?:[.,;:?!…]|\s|$))")
_NUMBERED = re.compile(r"(?<!\S)[a-z][0-9]{1,2}(?: [a-z][0-9]{1,2}){3,20}(?![^\s.,;:?!])")
_DIGITS = re.compile("[0-9]+")
_LONGEST_PART = 64
_GAP = 12  # characters between the parts of a word
_TWO_PARTS = 2
_SYLLABLE = 3  # letters
_MOST_SYLLABLES = 6
# The fewest letters of a word that is cut. The more likely chance is, the more letters.
_LEAST_BY_SPACE = 5
_LEAST_OF_TWO_WORDS = 6  # both parts are frequent words: "sua vaga bunda"
_LEAST_BY_LINE = 4
_LEAST_LINES_OF_WORDS = 7
# Behind these a person is named. "seu otar io" is no chance.
_ADDRESSING = frozenset(
    ("seu", "sua", "seus", "suas", "teu", "tua", "teus", "tuas", "you", "your", "ur")
)

Cuts = dict[tuple[str, ...], bool]  # the words that are one, and whether that is certain


class CutWords:
    """The words of some lists, cut up.

    Args:
        lists: The lists.
        is_listed: Tells whether one of them has a word.
    """

    def __init__(self, lists: Sequence[CompiledList], is_listed: Callable[[str], bool]) -> None:
        self._lists, self._is_listed = lists, is_listed

    def cuts(self, words: list[str], unusual: Unusual) -> Cuts:
        """Return the sequences of words that are listed words cut up: "arrom bado", "pi ro ca".

        True: Certainly so, because a part is in no vocabulary. One part of each is unusual.
        """
        found: Cuts = {}
        if not _ADDRESSING.isdisjoint(words):
            self._name_in_two(words, found)
        if not unusual.unknown and not unusual.rare:
            return found
        either = {*unusual.unknown, *unusual.rare}
        places = [at for at, word in enumerate(words) if word in either]
        for at in places:
            for start in (at - 1, at) if at else (at,):
                if start + 1 == len(words):
                    break
                first, second = words[start], words[start + 1]
                whole = first + second
                if len(whole) >= _LEAST_BY_SPACE and self._is_listed(whole):
                    is_certain = first in unusual.unknown or second in unusual.unknown
                    # "vacilo na" is two words.
                    if is_certain or min(len(first), len(second)) >= _SYLLABLE:
                        found[first, second] = is_certain
        if short := [at for at in places if len(words[at]) <= _SYLLABLE]:
            for sequence in self._syllables(words, short, either):
                found[sequence] = False
        return found

    def _name_in_two(self, words: list[str], found: Cuts) -> None:
        """Add the names cut in two that follow an address: "seu otar io", "sua vaga bunda"."""
        for at, word in enumerate(words[:-2]):
            if word in _ADDRESSING:
                first, second = words[at + 1], words[at + 2]
                both = is_common(first) and is_common(second)
                if self._is_cut(first + second, _LEAST_OF_TWO_WORDS if both else _LEAST_BY_SPACE):
                    found[first, second] = False

    def _syllables(
        self, words: list[str], short: list[int], either: set[str]
    ) -> Iterator[tuple[str, ...]]:
        """Yield the sequences of three to six short words that are one listed word.

        Each sequence is read along the trie, so that most end with their first words.
        """
        for start in {each for at in short for each in range(at - _MOST_SYLLABLES + 1, at + 1)}:
            whole, read = "", list[str]()
            for word in words[start : start + _MOST_SYLLABLES] if start >= 0 else ():
                if len(word) > _SYLLABLE or not self._begins_one(whole := whole + word):
                    break
                read.append(word)
                is_one = len(read) > _TWO_PARTS and self._is_cut(whole, _LEAST_BY_SPACE)
                if is_one and not either.isdisjoint(read):
                    yield tuple(read)

    def _begins_one(self, letters: str) -> bool:
        """Tell whether a listed word begins with letters."""
        for each in self._lists:  # noqa: SIM110  (three times as quick as `any`)
            if letters in each.lexicon.following:
                return True
        return False

    def cut_up(self, text: str, cuts: Cuts) -> Iterator[Part]:
        """Yield the parts of a folded text that `cuts` names."""
        found = [*_WORD.finditer(text)]
        written = [match[0] for match in found]
        by_first: dict[str, set[int]] = {}
        for cut in cuts:
            by_first.setdefault(cut[0], set()).add(len(cut))
        for at, first in enumerate(written):
            for length in sorted(by_first.get(first, ())):
                pieces = tuple(written[at : at + length])
                if len(pieces) < length or pieces not in cuts:
                    continue
                parts = found[at : at + length]
                if all(_are_near(text, *each) for each in pairwise(parts)):
                    word, certain = "".join(pieces), cuts[pieces]
                    reading = "cut in two" if length == _TWO_PARTS else "separators"
                    start, end = parts[0].start(), parts[-1].end()
                    yield from parts_for(self._lists, start, end, word, reading, certain=certain)

    def by_lines(self, text: str) -> Iterator[Part]:
        """Yield words that the end of a line cuts in two."""
        for match in _LINES.finditer(text):
            first, second = match[1], text[match.end() :][:_LONGEST_PART]
            second = found[0] if (found := _WORD.match(second)) else ""
            both = is_common(first) and is_common(second)
            if self._is_cut(first + second, _LEAST_LINES_OF_WORDS if both else _LEAST_BY_LINE):
                end = match.end() + len(second)
                start, whole = match.start(), first + second
                yield from parts_for(self._lists, start, end, whole, "cut in two", certain=True)

    def by_signs(self, text: str) -> Iterator[Part]:
        """Yield words in two parts that have signs for letters: "8u c3ta"."""
        for match in _SIGNED.finditer(text):
            first, second = match[1], match[2]
            if leet.TRACE.isdisjoint(first + second):
                continue
            for whole in leet.plain_letters(first + second):
                if self._is_cut(whole, _LEAST_BY_SPACE):
                    start, end = match.start(), match.end(2)
                    yield from parts_for(
                        self._lists, start, end, whole, "cut in two", certain=False
                    )
                    break

    def numbered(self, text: str) -> Iterator[Part]:
        """Yield words whose letters have numbers: "p1 u2 t3 a4"."""
        for match in _NUMBERED.finditer(text):
            numbers = [*map(int, _DIGITS.findall(match[0]))]
            whole = "".join(_WORD.findall(match[0]))
            in_order = numbers == [*range(numbers[0], numbers[0] + len(numbers))]
            if in_order and self._is_cut(whole, _LEAST_BY_LINE):
                yield from parts_for(self._lists, *match.span(), whole, "separators", certain=False)

    def _is_cut(self, whole: str, least: int) -> bool:
        return len(whole) >= least and self._is_listed(whole)


def parts_for(
    lists: Sequence[CompiledList], start: int, end: int, word: str, reading: str, *, certain: bool
) -> Iterator[Part]:
    """Yield a part for each of the lists that has the word."""
    for each in lists:
        if word in each.lexicon.words:
            yield each.pieces.part(start, end, word, reading, certain=certain)


def _are_near(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    """Tell whether a word stands next to another one, with nothing hidden between them."""
    gap = text[one.end() : other.start()]
    return len(gap) <= _GAP and HIDDEN not in gap
