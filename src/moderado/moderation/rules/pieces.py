"""What a disguised piece of a text stands for: signs, separators and masks between its letters."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from moderado.moderation.normalize.vocabulary import is_ordinary
from moderado.moderation.rules import emphasis
from moderado.moderation.rules.lexicon import Lexicon, Spelled
from moderado.moderation.rules.masks import MaskedWords
from moderado.moderation.rules.tokens import GLUED_ADDRESS, Tokens
from moderado.moderation.rules.work import Work
from moderado.moderation.rules.written import (
    Piece,
    apart_of,
    changed_letters,
    piece_of,
    plain_letters,
)

_SHORT = 4
_LEAST_APART = 6  # letters of a misspelled word: chance spells shorter ones
_ONE_LETTER_WORDS = frozenset("aeo")
_VOWELS = frozenset("aeiou")
_LEAST_CHANGED = 5  # letters of a misspelled word that has signs for letters
_ADDRESS = re.compile(rf"(?:{GLUED_ADDRESS.pattern}|que)(?=.{{4}})")
_LEAST_PLAIN = 2  # letters that a mask leaves
_MOST_APART = 24  # words of one piece that are looked at, the longest first
_LAUGHTER = re.compile(r"(?:k{3,}|(?:ha){2,}h?|(?:rs){2,}|(?<=[a-z])1?[1-9][0-9])[!.,]*$")
# Of a piece without letters, these are drawn as letters on purpose; digits alone are a number.
_DRAWN = frozenset("|\\/@$(<+")


class Part(NamedTuple):
    """`text[start:end]` of a folded text stands for `word`."""

    start: int
    end: int
    word: str
    reading: str
    certain: bool
    listed: bool = True  # not only a word of a phrase


class Pieces:
    """Reads disguised pieces as words of one list.

    Args:
        lexicon: The words.
        phrases: How words are written that the list has as phrases: "filhodaputa".
        tokens: Reads unknown words.
        remembered: The number of pieces whose meanings are kept.
    """

    def __init__(
        self, lexicon: Lexicon, phrases: Mapping[str, str], tokens: Tokens, *, remembered: int
    ) -> None:
        self._lexicon, self._phrases, self._tokens = lexicon, phrases, tokens
        self._masks = MaskedWords(
            [word for word, is_risky in lexicon.words.items() if is_risky and _may_be_masked(word)]
        )
        self._known: dict[str, tuple[tuple[Part, ...], tuple[int, int]]] = {}  # and the work
        self._remembered = remembered

    def part(self, start: int, end: int, word: str, reading: str, *, certain: bool) -> Part:
        """Return a part that stands for a word of the lexicon."""
        # Of several words, those around a word of the lexicon are words of other lists.
        listed = self._lexicon.words.get(word, " " in word)
        return Part(start, end, self._phrases.get(word, word), reading, certain, listed)

    def in_piece(self, piece: str, work: Work) -> tuple[Part, ...]:
        """Return the parts of a piece of text without spaces."""
        return self._remember(piece, self._found, work)

    def apart(self, piece: str, work: Work) -> tuple[Part, ...]:
        """Return the parts of a piece in which single letters stand apart: "v c  l i x o"."""
        return self._remember(f"{piece} ", self._read_apart, work)

    def _remember(
        self, key: str, find: Callable[[str, Work], Iterator[Part]], work: Work
    ) -> tuple[Part, ...]:
        known = self._known.get(key)
        if known is not None:
            work.add(*known[1])
            return known[0]
        if len(self._known) >= self._remembered:
            self._known.clear()
        before = work.done
        parts = _first_of_each(find(key, work))
        self._known[key] = parts, work.since(*before)
        return parts

    def _read_apart(self, key: str, work: Work) -> Iterator[Part]:
        found = [*self._found_apart(key, work)]
        yield from found or self._misspelled_apart(key[:-1], work)

    def _found_apart(self, key: str, work: Work) -> Iterator[Part]:
        piece = key[:-1]  # a space tells it from a piece whose letters stand together
        written = apart_of(piece)
        letters = written.letters
        if letters in self._lexicon.words:
            yield self.part(0, len(piece), letters, "separators", certain=True)
        backwards = letters[::-1]
        if len(letters) >= _SHORT and self._lexicon.words.get(backwards):
            yield self.part(0, len(piece), backwards, "backwards", certain=False)
        for masked in written.masked:
            for word in islice(self._masks.under(masked), 1):
                yield self.part(0, len(piece), word, "masks", certain=False)
        found = self._lexicon.spelled(piece, work, apart=True)
        found.sort(key=lambda spelled: len(spelled.word), reverse=True)
        for word, start, end, hidden, _ in found[:_MOST_APART]:
            if hidden or written.drawn(start, end) * 2 < len(word):
                continue
            if written.is_ordinary and written.has_rest(start, end):
                continue
            if written.is_rest(start, end, is_short=len(word) <= _SHORT):
                yield self.part(start, end, word, "separators", certain=True)

    def _misspelled_apart(self, piece: str, work: Work) -> Iterator[Part]:
        """Yield a misspelled word whose letters stand apart. The first letter may be a word."""
        written = apart_of(piece)
        letters = written.letters
        if written.is_ordinary:
            return
        first_is_word = letters[:1] in _ONE_LETTER_WORDS
        for word in (letters, letters[1:]) if first_is_word else (letters,):
            if len(word) < _LEAST_APART or is_ordinary(word):
                continue
            meaning = self._tokens.meaning(word, work)
            if meaning is not None and meaning.reading != "glued":
                yield self.part(0, len(piece), meaning.word, meaning.reading, certain=False)
                return

    def _found(self, piece: str, work: Work) -> Iterator[Part]:
        yield from self._written(piece, work)
        yield from self._glued(piece, work)

    def _written(self, piece: str, work: Work) -> Iterator[Part]:
        written = piece_of(piece)
        if written is None:
            return
        found = self._lexicon.spelled(piece, work)
        # Where all letters of a word are shown, no mask hides others: "b.u.r.r.o".
        shown = {spelled[1:3] for spelled in found if not spelled.hidden}
        for spelled in found:
            if not spelled.hidden or spelled[1:3] not in shown:
                yield from self._spelled(piece, spelled)
        yield from self._masked(piece, written)
        for word in written.backwards:
            if self._lexicon.words.get(word):
                yield self.part(0, len(piece), word, "backwards", certain=False)
        letters = written.between_digits
        if letters in self._lexicon.words:
            yield self.part(0, len(piece), letters, "separators", certain=True)
        if written.single:
            meaning = self._tokens.meaning(written.single, work)
            if meaning is not None and meaning.reading != "glued":
                yield self.part(0, len(piece), meaning.word, meaning.reading, certain=False)

    def _glued(self, piece: str, work: Work) -> Iterator[Part]:
        """Yield disguised words that signs, laughter or words are glued to: "@p*ta", "m3rd4kkkk".

        The signs of mentions and hashtags are also drawn like letters.
        """
        bare = piece.lstrip("@#")
        core = _LAUGHTER.sub("", bare)
        if core != piece and not core.isalpha() and core:
            by = len(piece) - len(bare)
            for part in self._written(core, work):
                yield part._replace(start=part.start + by, end=part.end + by)
        if (address := _ADDRESS.match(bare)) and not (rest := bare[address.end() :]).isalpha():
            by = len(piece) - len(rest)
            for part in self._written(rest, work):
                yield part._replace(start=part.start + by, end=part.end + by, certain=False)
        for letters in plain_letters(bare):
            meaning = self._tokens.meaning(letters, work)
            if meaning is not None and meaning.reading == "glued":
                yield self.part(0, len(piece), meaning.word, "leet", certain=False)
                return
        for letters in changed_letters(piece):
            meaning = self._tokens.meaning(letters, work)
            if meaning is not None and len(meaning.word) >= _LEAST_CHANGED:
                yield self.part(0, len(piece), meaning.word, "leet", certain=False)
                return

    def _masked(self, piece: str, written: Piece) -> Iterator[Part]:
        """Yield the first word that may stand at each place: of others nothing would be kept."""
        for start, end, words, certain in self._under_masks(written):
            for word in words:
                if self._hides(piece, word):
                    yield self.part(start, end, word, "masks", certain=certain)
                    break
        for start, end, masked in written.inside:
            for word in islice(self._masks.under(masked), 1):
                yield self.part(start, end, word, "masks", certain=False)

    def _under_masks(self, written: Piece) -> Iterator[tuple[int, int, Iterator[str], bool]]:
        for start, end, masked in written.masked:
            yield start, end, self._masks.under(masked), True
            yield start, end, self._masks.scarcely_visible(masked), False
        for start, end, masked in written.drawn_edges:
            yield start, end, self._masks.scarcely_visible(masked), False
        for start, end, first, length in written.mostly_hidden:
            yield start, end, self._masks.beginning_with(first, length), False

    def _hides(self, piece: str, word: str) -> bool:
        return emphasis.hides(piece, word, is_phrase=word in self._phrases)

    def _spelled(self, piece: str, spelled: Spelled) -> Iterator[Part]:
        word, start, end, hidden, signs = spelled
        written = piece[start:end]
        reads_marks = hidden or (signs and not written[-1].isalnum())
        if reads_marks and not self._hides(piece, word):
            return
        plain = len(word) - hidden - signs
        if not plain and len(word) < _SHORT:
            return
        if not plain and written.isascii() and _DRAWN.isdisjoint(written):
            return
        if hidden:
            if plain >= _LEAST_PLAIN and _may_be_masked(word):
                yield self.part(start, end, word, "masks", certain=not signs)
        elif signs:
            # Digits for most of the letters are more often a code than a word.
            if not written.isalnum() or (len(word) >= _SHORT and plain * 2 >= len(word)):
                certain = plain * 2 >= len(word) or not written.isascii()
                yield self.part(start, end, word, "leet", certain=certain)
        else:
            yield self.part(start, end, word, "separators", certain=True)


def _first_of_each(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Keep the first of the parts that differ in their words alone: one would be read."""
    kept: dict[tuple[object, ...], Part] = {}
    for part in parts:
        kept.setdefault((part.start, part.end, part.reading == "masks", *part[4:]), part)
    return tuple(kept.values())


def _may_be_masked(word: str) -> bool:
    """Tell whether masks may hide letters of a word. In initials any other is as likely."""
    return len(word) > _SHORT or (len(word) == _SHORT and not _VOWELS.isdisjoint(word))
