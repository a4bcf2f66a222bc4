"""Finds the words that a masked word such as "p*ta" may stand for.

The cost of a masked word does not grow with the list: words are indexed by their first letter,
their last letter and their length, and sorted, so that the visible beginning selects among them.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

_RUN = re.compile(r"[^a-z]+")
_ANY = ""  # the last letter of a word whose end is masked
_AFTER = "\U0010ffff"  # sorts after every letter
_CACHED = 2_048  # masked words: people write few different ones

_Key = tuple[str, str, int]


class MaskedWords:
    """The words that masks can hide."""

    def __init__(self, words: Iterable[str]) -> None:
        index: dict[_Key, list[str]] = defaultdict(list)
        for word in sorted(words):
            for last in (word[-1], _ANY):
                index[word[0], last, len(word)].append(word)
        self._index = dict(index)
        self.under = lru_cache(_CACHED)(self._under)

    def _under(self, masked_word: str) -> list[str]:
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

    def _between(self, first: str, last: str, lengths: range) -> Iterator[str]:
        """Yield the words of these lengths that begin with `first` and end with `last`."""
        for length in lengths:
            words = self._index.get((first[0], last[-1:] or _ANY, length), ())
            at = bisect_left(words, first)
            end = bisect_left(words, first + _AFTER, at)
            yield from (word for word in words[at:end] if word.endswith(last))


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
