"""Finds the words that a masked word such as "p*ta" may stand for.

The cost of a masked word does not grow with the list: words are indexed by their first letter,
their last letter and their length, and sorted, so that the visible beginning selects among them.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

_MASKED = re.compile(r"(?<![a-z0-9])[a-z]++(?:[*#%_&?■█▇●•✱⁎∗]++[a-z]*+)+(?![0-9])")
_SCARCE = re.compile(r"([a-z]{1,3})([*■█▇●•✱⁎∗]{2,12})([a-z]{0,2})")
_COMIC = re.compile(r"(?<![a-z0-9])([a-z]{1,2})([#@%&!$*?]{3,8})(?![a-z0-9])")
_ELLIPSIS = re.compile(r"(?<![a-z0-9.])([a-z]{1,20})\.{2,4}([a-z]{1,20})(?![a-z0-9.])")
_CUT = re.compile(r"\W*?(([a-z]{2,4})\*{2,8})[.,;:!?]*")
_RUN = re.compile(r"[^a-z]+")
_ANY = ""  # the last letter of a word whose end is masked
_AFTER = "\U0010ffff"  # sorts after every letter
_MAX_LENGTH = 40

_Key = tuple[str, str, int]


class MaskedWords:
    """The words that masks can hide."""

    def __init__(self, words: Collection[str]) -> None:
        self._words = words

    @cached_property
    def _index(self) -> Mapping[_Key, list[str]]:
        """Built for the first masked word: many processes never judge one."""
        index: dict[_Key, list[str]] = defaultdict(list)
        for word in sorted(self._words):
            for last in (word[-1], _ANY):
                index[word[0], last, len(word)].append(word)
        return dict(index)

    def under(self, masked_word: str) -> list[str]:
        """Return the words that match a masked word.

        One mask character stands for one letter, a longer run for one letter up to one more than
        its length. At least half of the word must be visible.
        """
        parts = _RUN.split(masked_word)
        widest = [
            most if (most := len(run)) == 1 else most + 1 for run in _RUN.findall(masked_word)
        ]
        visible = sum(map(len, parts))
        lengths = range(visible + len(widest), min(visible + sum(widest), 2 * visible) + 1)
        likely = self._between(parts[0], parts[-1], lengths)
        return [word for word in likely if _fits(word, parts, widest)]

    def scarcely_visible(self, masked_word: str) -> list[str]:
        """Return the words of exactly this length that match "c*****o" or "ca**"."""
        match = _SCARCE.fullmatch(masked_word)
        if match is None or len(match[1] + match[3]) < 2:  # noqa: PLR2004
            return []
        return [*self._between(match[1], match[3], range(len(masked_word), len(masked_word) + 1))]

    def beginning_with(self, letters: str, length: int) -> list[str]:
        """Return a word that "p#@%!" or "pu**" may stand for, of this length if there is one."""
        for lengths in (range(length, length + 1), range(length + 1, _MAX_LENGTH)):
            if found := next(self._between(letters, "", lengths), ""):
                return [found]
        return []

    def _between(self, first: str, last: str, lengths: range) -> Iterator[str]:
        """Yield the words of these lengths that begin with `first` and end with `last`."""
        for length in lengths:
            words = self._index.get((first[0], last[-1:] or _ANY, length), ())
            at = bisect_left(words, first)
            end = bisect_left(words, first + _AFTER, at)
            yield from (word for word in words[at:end] if word.endswith(last))


def masked_parts(text: str) -> Iterator[tuple[int, int]]:
    """Yield where masked words stand in a folded text."""
    for match in _MASKED.finditer(text):
        token = match[0].rstrip("#%_&?")
        if token.isalpha() or len(token) > _MAX_LENGTH:
            continue
        yield match.start(), match.start() + len(token)


def with_ellipsis(piece: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield where dots stand inside a word, "p...ta", with the letters before and behind them."""
    for match in _ELLIPSIS.finditer(piece):
        yield *match.span(), match[1], match[2]


def mostly_hidden(piece: str) -> Iterator[tuple[int, int, str, int]]:
    """Yield where one or two letters are followed by masks only, with the letters and the length.

    Signs as in comics need three different ones: "p#@%!".
    """
    for match in _COMIC.finditer(piece):
        if len(set(match[2])) >= 3:  # noqa: PLR2004
            yield *match.span(), match[1], len(match[0])
    if cut := _CUT.fullmatch(piece):
        yield *cut.span(1), cut[2], len(cut[1])


def _fits(word: str, parts: list[str], widest: list[int]) -> bool:
    """Tell whether the parts occur in the word in order, with one to `widest` letters between."""
    ends = {len(parts[0])}
    for part, most in zip(parts[1:], widest, strict=True):
        ends = {
            end + hidden + len(part)
            for end in ends
            for hidden in range(1, most + 1)
            if word.startswith(part, end + hidden)
        }
    # Masks stand for plain letters, as the visible parts are.
    return len(word) in ends and word.isascii()
