"""Finds many needles in a text: by an automaton, or one by one where they are few.

A room of twenty words has some 280 needles. An automaton for them costs 15 KiB, mostly fixed, and
1,000 rooms would cost 30 MiB more than one room with all their words. A search for each word
costs no memory and some microseconds.
"""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Protocol

from ahocorasick_rs import AhoCorasick, Implementation

FEW = 400  # needles
MANY = 4_000  # matches of one text
MANY_OF_ONE = 100  # of them, of one needle


class Needles(Protocol):
    """Finds all needles, also where they overlap."""

    def find_matches_as_indexes(
        self, text: str, *, overlapping: bool
    ) -> Sequence[tuple[int, int, int]]:
        """Return (number of the needle, start, end) for each place."""


class FewNeedles:
    """Searches for what needles have in common, the word, and then for each needle with it."""

    def __init__(self, texts: Sequence[str]) -> None:
        by_word: dict[str, list[int]] = {}
        for which in sorted(range(len(texts)), key=lambda at: len(texts[at])):
            text = texts[which]
            word = next((word for word in by_word if word in text), text.strip())
            by_word.setdefault(word, []).append(which)
        # Tuples, because there are as many of these objects as there are rooms.
        self._by_word = tuple((word, tuple(found)) for word, found in by_word.items())
        self._texts = tuple(texts)

    def find_matches_as_indexes(
        self, text: str, *, overlapping: bool
    ) -> Sequence[tuple[int, int, int]]:
        """Return (number of the needle, start, end) for each place, by their ends."""
        assert overlapping, "the only way it can search"
        found = [
            (which, at, at + len(self._texts[which]))
            for word, with_word in self._by_word
            if word in text
            for which in with_word
            for at in _places(self._texts[which], text)
        ]
        return sorted(found, key=itemgetter(2, 1)) if len(found) > 1 else found


def _places(needle: str, text: str) -> Iterator[int]:
    at = text.find(needle)
    while at >= 0:
        yield at
        at = text.find(needle, at + 1)


def needles(texts: Sequence[str]) -> Needles:
    """Return what finds `texts`, none of which is empty."""
    if len(texts) <= FEW:
        return FewNeedles(texts)
    return AhoCorasick(
        list(texts), store_patterns=False, implementation=Implementation.ContiguousNFA
    )


def first_of_each(places: Sequence[tuple[int, int, int]]) -> Sequence[tuple[int, int, int]]:
    """Keep of more than `MANY` places the first ones of each needle, one at least.

    Nested needles match at every letter. The more of them match, the fewer places of each are kept.
    """
    if len(places) <= MANY:
        return places
    counts: dict[int, int] = {}
    most = min(MANY_OF_ONE, max(1, MANY // len({which for which, _, _ in places})))
    kept = []
    for place in places:
        count = counts.get(place[0], 0)
        if count < most:
            counts[place[0]] = count + 1
            kept.append(place)
    return kept
