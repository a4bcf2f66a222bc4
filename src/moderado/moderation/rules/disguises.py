"""Finds the parts of a text that stand for words of the list, and writes the words in their place.

All parts of a text are replaced at once, so that phrases are found in which several words are
disguised differently. Each part is read by its own layer; see docs/disguises.md.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from moderado.moderation.normalize import Folded, leet, separators
from moderado.moderation.normalize.views import View
from moderado.moderation.rules.compiled_list import CompiledList
from moderado.moderation.rules.cut_words import Cuts, CutWords, parts_for
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
_DIGITS_INSIDE = re.compile(r"[0-9]+\w")
_MAX_PIECE = 64
_LEAST_LISTED = 4  # letters of a word that is written as a list: "p, u, t, a"
_LONGEST_INITIALS = 4  # characters of a text that is nothing else
_LONGEST_MIXED = 5  # letters of a code that mixes capitals and small letters


class Disguises:
    """The disguises of the words of some lists.

    Of equal parts of several lists, that of the first list is read.
    """

    def __init__(self, lists: Sequence[CompiledList]) -> None:
        self._lists = lists
        self._words = tuple(each.lexicon.words for each in lists)
        alone = len(lists) == 1
        self._is_listed = self._words[0].__contains__ if alone else self._is_in_a_list
        self.cut = CutWords(lists, self._is_listed)

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
            if not leet.TRACE.isdisjoint(characters):
                found += self.cut.by_signs(text)
                found += self.cut.numbered(text)
        if has_signs or separators.TRACE.search(words):
            found += self._apart(text, work)
        if unusual.unknown:
            found += self._misspelled(view.folded, unusual.unknown, original, work)
        if cuts:
            found += self.cut.cut_up(text, cuts)
        if "\n" in text:
            found += self.cut.by_lines(text)
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
                if len(word) >= _LEAST_LISTED and self._is_listed(word):
                    yield from parts_for(self._lists, start, end, word, "separators", certain=False)

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

    def _is_in_a_list(self, word: str) -> bool:
        for words in self._words:  # noqa: SIM110  (three times as quick as `any`)
            if word in words:
                return True
        return False


def _is_chance(meaning: Meaning, text: str, first: int, last: int) -> bool:
    """Tell whether letters that resemble a word are a part of a code, or an acronym."""
    if not meaning.certain and (_is_fragment(text, first, last) or _is_code(text[first:last])):
        return True
    return meaning.reading == "vowels" and _is_acronym(text, first, last)


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
    return len(written) <= _LONGEST_MIXED and not (
        written.islower() or written.isupper() or written.istitle()
    )


def _is_acronym(text: str, start: int, end: int) -> bool:
    """Tell whether letters are capitals in a text that is not, or nearly all of the text."""
    is_alone = len(text) <= _LONGEST_INITIALS
    return text[start:end].isupper() and (is_alone or not text.isupper())
