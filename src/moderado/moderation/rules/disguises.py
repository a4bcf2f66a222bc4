"""Finds the parts of a text that stand for words of the list, and writes the words in their place.

All parts of a text are replaced at once, so that phrases are found in which several words are
disguised differently. Each part is read by its own layer; see docs/moderation.md.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from moderado.moderation.normalize import Folded, separators
from moderado.moderation.normalize.invisible import HIDDEN
from moderado.moderation.normalize.vocabulary import is_common, is_ordinary
from moderado.moderation.rules import masks
from moderado.moderation.rules.lexicon import Lexicon, Spelled
from moderado.moderation.rules.masks import MaskedWords
from moderado.moderation.rules.tokens import Tokens

# Characters of ordinary writing. Any other may be part of a disguise.
_ORDINARY = frozenset("abcdefghijklmnopqrstuvwxyz .,!?;:\"'()-\n\r\t")
_INSIDE = re.compile(r"[.,;:!?\"'()\-][a-z]")
_PIECE = re.compile(r"(?<!\S)[a-z\ue000]*[^\sa-z\ue000]\S*")
# What stands around words in ordinary writing.
_EDGES = ".,;:!?…\"'()“”‘’«»-–—"  # noqa: RUF001
_WORD = re.compile(r"[^\W\d_]+")
_LINES = re.compile(r"([a-z]{1,40})[ \t]*\n+[ \t]*(?=[a-z])")
_GAP = 12  # characters between the halves of a word
_MAX_PIECE = 64
_SHORT = 4
_LONG = 5
_LONGER = 7


class Part(NamedTuple):
    """`text[start:end]` of a folded text stands for `word`."""

    start: int
    end: int
    word: str
    reading: str
    certain: bool
    listed: bool = True  # not only a word of a phrase


class Disguises:
    """The disguises of the words of one list.

    Args:
        lexicon: The words.
        phrases: How words are written that the list has as phrases: "filhodaputa".
        remembered: The number of disguised pieces and unknown words whose meanings are kept.
    """

    def __init__(self, lexicon: Lexicon, phrases: dict[str, str], *, remembered: int) -> None:
        self._lexicon = lexicon
        self._phrases = phrases
        self._tokens = Tokens(lexicon, remembered=remembered)
        self._masks = MaskedWords(
            [word for word, is_risky in lexicon.words.items() if is_risky and len(word) >= _SHORT]
        )
        self._pieces: dict[str, tuple[Part, ...]] = {}
        self._remembered = remembered

    def parts(self, folded: Folded, words: str, unknown: list[str], original: str) -> list[Part]:
        """Return the disguised parts of a text, without overlaps, in order.

        Args:
            folded: The folded text.
            words: Its words, one space between two of them.
            unknown: Those words that are in no vocabulary.
            original: The text as written.
        """
        found: list[Part] = []
        text = folded.text
        characters = set(text)
        has_signs = not _ORDINARY.issuperset(characters)
        if has_signs or _INSIDE.search(text):
            found += self._in_pieces(text)
        if has_signs or separators.TRACE.search(words):
            found += self._apart(text)
        if unknown:
            found += self._misspelled(folded, unknown, original)
            found += self._cut_in_two(text, words.split(), set(unknown))
        if "\n" in text:
            found += self._cut_by_lines(text)
        return _without_overlaps(found) if found else found

    def _in_pieces(self, text: str) -> Iterator[Part]:
        for match in _PIECE.finditer(text):
            piece = match[0]
            if (piece.strip(_EDGES).isalpha() and piece.isascii()) or len(piece) > _MAX_PIECE:
                continue
            parts = self._pieces.get(piece)
            if parts is None:
                if len(self._pieces) >= self._remembered:
                    self._pieces.clear()
                parts = self._pieces[piece] = tuple(self._in_piece(piece))
            at = match.start()
            yield from (part._replace(start=part.start + at, end=part.end + at) for part in parts)

    def _in_piece(self, piece: str) -> Iterator[Part]:
        for spelled in self._lexicon.spelled(piece):
            yield from self._part(piece, spelled)
        for start, end in masks.masked_parts(piece):
            for word in self._masks.under(piece[start:end]):
                yield self._named(start, end, word, "masks", certain=True)
            for word in self._masks.scarcely_visible(piece[start:end]):
                yield self._named(start, end, word, "masks", certain=False)
        for start, end, first, length in masks.mostly_hidden(piece):
            for word in self._masks.beginning_with(first, length):
                yield self._named(start, end, word, "masks", certain=False)
        letters = separators.between_digits(piece)
        if letters in self._lexicon.words:
            yield self._named(0, len(piece), letters, "separators", certain=True)
        letters = separators.letters_of(piece)
        if len(letters) >= _LONG and len(letters) * 3 >= len(piece) and not is_ordinary(letters):
            meaning = self._tokens.meaning(letters)
            if meaning is not None and meaning.reading != "glued":
                yield self._named(0, len(piece), meaning.word, meaning.reading, certain=False)

    def _part(self, piece: str, spelled: Spelled) -> Iterator[Part]:
        word, written = spelled.word, piece[spelled.start : spelled.end]
        plain = len(word) - spelled.hidden - spelled.signs
        if not (plain or any(sign in written for sign in "|\\/@$(<+") or not written.isascii()):
            return
        if spelled.hidden:
            if plain < 2 or len(word) < _SHORT:  # noqa: PLR2004
                return
            yield self._named(spelled.start, spelled.end, word, "masks", certain=not spelled.signs)
        elif spelled.signs:
            if len(word) < _SHORT and written.isalnum():
                return
            certain = plain * 2 >= len(word) or not written.isascii()
            yield self._named(spelled.start, spelled.end, word, "leet", certain=certain)
        else:
            yield self._named(spelled.start, spelled.end, word, "separators", certain=True)

    def _apart(self, text: str) -> Iterator[Part]:
        for start, end in separators.letters_apart(text):
            piece = text[start:end]
            letters = separators.letters_of(piece)
            for spelled in self._lexicon.spelled(piece, apart=True):
                before = separators.letters_of(piece[: spelled.start])
                after = separators.letters_of(piece[spelled.end :])
                own = separators.letters_of(piece[spelled.start : spelled.end])
                if spelled.hidden or (before + after and is_ordinary(letters)):
                    continue
                if len(own) * 2 < len(spelled.word):
                    continue
                if _is_rest(before) and _is_rest(after):
                    yield self._named(
                        start + spelled.start, start + spelled.end, spelled.word, "separators",
                        certain=True,
                    )  # fmt: skip
            if letters in self._lexicon.words:
                yield self._named(start, end, letters, "separators", certain=True)

    def _misspelled(self, folded: Folded, unknown: Iterable[str], original: str) -> Iterator[Part]:
        meanings = {token: found for token in unknown if (found := self._tokens.meaning(token))}
        if not meanings:
            return
        for match in _WORD.finditer(folded.text):
            meaning = meanings.get(match[0])
            if meaning is None:
                continue
            first, last = folded.original(*match.span())
            if meaning.reading == "vowels" and _is_acronym(original, first, last):
                continue
            yield self._named(*match.span(), meaning.word, meaning.reading, certain=meaning.certain)

    def _cut_in_two(self, text: str, words: list[str], unknown: set[str]) -> Iterator[Part]:
        cut = {
            (first, second)
            for first, second in pairwise(words)
            if (first in unknown or second in unknown) and self._is_cut(first + second, _LONG)
        }
        if not cut:
            return
        for first, second in pairwise(_WORD.finditer(text)):
            near = second.start() - first.end() <= _GAP
            if (
                near
                and (first[0], second[0]) in cut
                and HIDDEN not in text[first.end() : second.start()]
            ):
                word = first[0] + second[0]
                yield self._named(first.start(), second.end(), word, "cut in two", certain=True)

    def _cut_by_lines(self, text: str) -> Iterator[Part]:
        for match in _LINES.finditer(text):
            first, second = match[1], text[match.end() :][:_MAX_PIECE]
            second = found[0] if (found := _WORD.match(second)) else ""
            both = is_common(first) and is_common(second)
            if self._is_cut(first + second, _LONGER if both else _SHORT):
                end = match.end() + len(second)
                yield self._named(match.start(), end, first + second, "cut in two", certain=True)

    def _is_cut(self, whole: str, least: int) -> bool:
        return len(whole) >= least and whole in self._lexicon.words

    def _named(self, start: int, end: int, word: str, reading: str, *, certain: bool) -> Part:
        listed = self._lexicon.words.get(word, False)
        return Part(start, end, self._phrases.get(word, word), reading, certain, listed)


def _is_acronym(text: str, start: int, end: int) -> bool:
    return text[start:end].isupper() and not text.isupper()


def _is_rest(letters: str) -> bool:
    """Tell whether letters beside a spelled word are nothing, one word, or a word of one letter."""
    return len(letters) <= 1 or is_common(letters) or _ends_well(letters)


def _ends_well(letters: str) -> bool:
    """Tell whether letters are a sequence of frequent words."""
    reached = {0}
    for end in range(1, min(len(letters), 24) + 1):
        if any(
            start in reached
            and (
                (end - start == 1 and letters[start] in "aeo")
                or (end - start > 1 and is_common(letters[start:end]))
            )
            for start in range(max(0, end - 10), end)
        ):
            reached.add(end)
    return len(letters) in reached


def _without_overlaps(parts: list[Part]) -> list[Part]:
    """Keep of overlapping parts those with listed words, the longest, the least doubtful."""
    kept: list[Part] = []
    taken = bytearray()
    for part in sorted(parts, key=_rank):
        if len(taken) < part.end:
            taken.extend(bytes(part.end - len(taken)))
        if not any(taken[part.start : part.end]):
            taken[part.start : part.end] = b"\1" * (part.end - part.start)
            kept.append(part)
    return sorted(kept)


def _rank(part: Part) -> tuple[bool, int, bool, bool, int]:
    length = part.end - part.start
    return not part.listed, -length, not part.certain, part.reading == "masks", part.start


def replaced(folded: Folded, parts: list[Part]) -> Folded:
    """Return the text with each part's word in its place, between spaces."""
    pieces: list[str] = []
    at = 0
    for part in parts:
        pieces += (folded.text[at : part.start], " ", part.word, " ")
        at = part.end
    pieces.append(folded.text[at:])

    def trace() -> list[int]:
        offsets, places, at = folded.offsets, list[int](), 0
        for part in parts:
            first, last = folded.original(part.start, part.end)
            places += offsets[at : part.start]
            places += [first, first]
            places += [min(first + step, last - 1) for step in range(1, len(part.word) - 1)]
            places += [last - 1] * (2 if len(part.word) > 1 else 1)
            at = part.end
        places += offsets[at:]
        return places

    return Folded("".join(pieces), trace)
