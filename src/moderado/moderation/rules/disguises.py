"""Finds the parts of a text that stand for words of the list, and writes the words in their place.

All parts of a text are replaced at once, so that phrases are found in which several words are
disguised differently. Each part is read by its own layer; see docs/disguises.md.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from moderado.moderation.normalize import Folded, separators
from moderado.moderation.normalize.invisible import HIDDEN
from moderado.moderation.normalize.views import View
from moderado.moderation.normalize.vocabulary import is_common
from moderado.moderation.rules.compiled_list import CompiledList
from moderado.moderation.rules.pieces import Part
from moderado.moderation.rules.replacing import with_hidden, without_overlaps
from moderado.moderation.rules.tokens import Meaning, Unusual
from moderado.moderation.rules.work import Work

# Characters of ordinary writing. Any other may be part of a disguise.
_ORDINARY = frozenset("abcdefghijklmnopqrstuvwxyz .,!?;:\"'()-\n\r\t")
_INSIDE = re.compile(r"[.,;:!?\"'()\-][a-z]")
_PIECE = re.compile(r"(?<!\S)[a-z\ue000]*+[^\sa-z\ue000]\S*")
# What stands around words in ordinary writing.
_EDGES = ".,;:!?…\"'()“”‘’«»-–—"  # noqa: RUF001
_UNITS = "~%$€£#ºª°h"  # around numbers
_WORD = re.compile(r"[^\W\d_]+")
_LINES = re.compile(r"([a-z]{1,40})[ \t]*\n+[ \t]*(?=[a-z])")
_DIGITS_INSIDE = re.compile(r"[0-9]+\w")
_GAP = 12  # characters between the parts of a word
_HALVES = 2
_SYLLABLE = 3  # letters
_MOST_SYLLABLES = 6
_MAX_PIECE = 64
_SHORT = 4  # letters
_LONGEST_INITIALS = 4  # characters of a text that is nothing else
_LONG = 5
_LESS_LONG = 6
_LONGER = 7
# Behind these a person is named. "seu otar io" is no chance.
_ADDRESSING = frozenset(
    ("seu", "sua", "seus", "suas", "teu", "tua", "teus", "tuas", "you", "your", "ur")
)

Cuts = dict[tuple[str, ...], bool]  # the words that are one, and whether that is certain


class Disguises:
    """The disguises of the words of some lists.

    Of equal parts of several lists, that of the first list is read.
    """

    def __init__(self, lists: Sequence[CompiledList]) -> None:
        self._lists = lists
        self._words = tuple(each.lexicon.words for each in lists)
        alone = len(lists) == 1
        self._is_listed = self._words[0].__contains__ if alone else self._is_in_a_list

    def parts(
        self, view: View, words: str, unusual: Unusual, cuts: Cuts, original: str, work: Work
    ) -> list[list[Part]]:
        """Return readings of a text: its disguised parts, without overlaps, in order.

        There is a second reading only where a word of one list hides that of another one.

        Args:
            view: The text as it may be meant.
            words: Its words, one space between two of them.
            unusual: Those words that are not frequent.
            cuts: The listed words that are cut up.
            original: The text as written.
            work: Where the steps are counted. When it is spent, no more parts are looked for.
        """
        found: list[Part] = []
        text = view.folded.text
        characters = set(text)
        has_signs = not _ORDINARY.issuperset(characters)
        if not view.plain:
            found += self.hidden_words(text)
            if has_signs or _INSIDE.search(text):
                found += self._in_pieces(text, work)
        if has_signs or separators.TRACE.search(words):
            found += self._apart(text, work)
        if unusual.unknown:
            found += self._misspelled(view.folded, unusual.unknown, original, work)
        if cuts:
            found += self.cut_up(text, cuts)
        if "\n" in text:
            found += self._cut_by_lines(text)
        return self.readings(found) if found else []

    def readings(self, found: list[Part]) -> list[list[Part]]:
        """Return the readings of a text with these parts, which may overlap."""
        parts = without_overlaps(found)
        if len(self._words) == 1 or len(parts) == len(found):
            return [parts] if parts else []
        return with_hidden(parts, found, self._words)

    def _in_pieces(self, text: str, work: Work) -> Iterator[Part]:
        for match in _PIECE.finditer(text):
            piece = match[0]
            core = piece.strip(_EDGES)
            is_plain = (piece.isascii() and core.isalpha()) or core.strip(_UNITS).isdecimal()
            if is_plain and piece[0] == "(":
                is_plain = text.find(")", match.start()) >= 0
            if not is_plain and len(piece) <= _MAX_PIECE and not work.is_spent:
                for each in self._lists:
                    yield from _moved(each.pieces.in_piece(piece, work), match.start())

    def hidden_words(self, text: str) -> Iterator[Part]:
        """Yield the words of phrases of which masks leave one letter or none: "f*** you"."""
        for each in self._lists:
            for start, end, word in each.hidden_words.find(text):
                yield each.pieces.part(start, end, word, "masks", certain=False)

    def _apart(self, text: str, work: Work) -> Iterator[Part]:
        for start, end in separators.letters_apart(text):
            if not work.is_spent:
                for each in self._lists:
                    yield from _moved(each.pieces.apart(text[start:end], work), start)
        for start, end in separators.listed_letters(text):
            letters = separators.letters_of(text[start:end])
            # A word of one letter may stand beside them: "o p, u, t, o".
            for word in (letters, letters[1:], letters[:-1]):
                if self._is_cut(word, _SHORT):
                    yield from self._parts(start, end, word, "separators", certain=False)

    def _misspelled(
        self, folded: Folded, unknown: Iterable[str], original: str, work: Work
    ) -> Iterator[Part]:
        meanings = {
            token: found
            for token in unknown
            if not work.is_spent and (found := self._meanings(token, work))
        }
        if not meanings:
            return
        for match in _WORD.finditer(folded.text):
            first, last = folded.original(*match.span()) if match[0] in meanings else (0, 0)
            for each, meaning in meanings.get(match[0], ()):
                if not _is_chance(meaning, original, first, last):
                    yield each.pieces.part(*match.span(), *meaning[:2], certain=meaning.certain)

    def _meanings(self, token: str, work: Work) -> list[tuple[CompiledList, Meaning]]:
        """Return what an unknown word stands for in each list. A listed word is no other one."""
        found = [
            (each, meaning)
            for each in self._lists
            if (meaning := each.tokens.meaning(token, work)) is not None
        ]
        return [] if found and self._is_listed(token) else found

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
                if len(whole) >= _LONG and self._is_listed(whole):
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
        for at, word in enumerate(words[:-_HALVES]):
            if word in _ADDRESSING:
                first, second = words[at + 1], words[at + 2]
                both = is_common(first) and is_common(second)
                if self._is_cut(first + second, _LESS_LONG if both else _LONG):
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
                is_one = len(read) > _HALVES and self._is_cut(whole, _LONG)
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
                    reading = "cut in two" if length == _HALVES else "separators"
                    start, end = parts[0].start(), parts[-1].end()
                    yield from self._parts(start, end, word, reading, certain=certain)

    def _cut_by_lines(self, text: str) -> Iterator[Part]:
        for match in _LINES.finditer(text):
            first, second = match[1], text[match.end() :][:_MAX_PIECE]
            second = found[0] if (found := _WORD.match(second)) else ""
            both = is_common(first) and is_common(second)
            if self._is_cut(first + second, _LONGER if both else _SHORT):
                end = match.end() + len(second)
                yield from self._parts(
                    match.start(), end, first + second, "cut in two", certain=True
                )

    def _is_cut(self, whole: str, least: int) -> bool:
        return len(whole) >= least and self._is_listed(whole)

    def _is_in_a_list(self, word: str) -> bool:
        for words in self._words:  # noqa: SIM110  (three times as quick as `any`)
            if word in words:
                return True
        return False

    def _parts(
        self, start: int, end: int, word: str, reading: str, *, certain: bool
    ) -> Iterator[Part]:
        """Yield a part for each list that has the word."""
        for each in self._lists:
            if word in each.lexicon.words:
                yield each.pieces.part(start, end, word, reading, certain=certain)


def _is_chance(meaning: Meaning, text: str, first: int, last: int) -> bool:
    """Tell whether letters that resemble a word are a part of a code, or an acronym."""
    if not meaning.certain and (_is_fragment(text, first, last) or _is_code(text[first:last])):
        return True
    return meaning.reading == "vowels" and _is_acronym(text, first, last)


def _are_near(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    """Tell whether a word stands next to another one, with nothing hidden between them."""
    gap = text[one.end() : other.start()]
    return len(gap) <= _GAP and HIDDEN not in gap


def _moved(parts: Iterable[Part], by: int) -> Iterator[Part]:
    return (part._replace(start=part.start + by, end=part.end + by) for part in parts)


def _is_fragment(text: str, start: int, end: int) -> bool:
    """Tell whether letters are a part of a key: digits or signs of base64 stand beside them."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if before and (before.isdigit() or before in "+/="):
        return True
    return bool(after) and (after in "+/=" or _DIGITS_INSIDE.match(text, end) is not None)


def _is_code(written: str) -> bool:
    """Tell whether a short word mixes capitals and small letters, as in "GHits"."""
    return len(written) <= _LONG and not (
        written.islower() or written.isupper() or written.istitle()
    )


def _is_acronym(text: str, start: int, end: int) -> bool:
    """Tell whether letters are capitals in a text that is not, or nearly all of the text."""
    is_alone = len(text) <= _LONGEST_INITIALS
    return text[start:end].isupper() and (is_alone or not text.isupper())
