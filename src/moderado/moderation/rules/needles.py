"""Finds many needles in a text: by an automaton, or one by one where they are few.

A room of twenty words has some 280 needles. An automaton for them costs 15 KiB, mostly fixed, and
1,000 rooms would cost 30 MiB more than one room with all their words. A search for each word
costs no memory and some microseconds.

A list of needles that end with many others could multiply the places of a text. Those needles are
therefore found apart (`nested`), and the number of places is bounded.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from heapq import nlargest
from itertools import chain
from math import inf
from operator import itemgetter
from typing import Protocol, TypeVar

from ahocorasick_rs import AhoCorasick, Implementation

from moderado.moderation.rules.nested import Nested, Place, Worth, alike, inner_needles, rank

FEW = 400  # needles
MOST_INNER = 4  # other needles with which one ends, as in the built-in lists at most
MANY = 1_000  # places of one text; of more, a selection is looked at
ALIKE = 10  # places of one needle between the same characters, of those that are selected
_MOST_COMPARED = 4_000
_NEAR = 12  # characters
_NOWHERE = "\0"  # in no text that is searched

T = TypeVar("T")


class Needles(Protocol):
    """Finds all needles, also where they overlap."""

    def find_matches_as_indexes(self, text: str, *, overlapping: bool) -> Sequence[Place]:
        """Return (number of the needle, start, end) for each place."""


class FewNeedles:
    """Searches for what needles have in common, the word, and then for each needle with it."""

    def __init__(self, texts: Sequence[str]) -> None:
        by_word: dict[str, list[int]] = {}
        for which in sorted(range(len(texts)), key=lambda at: len(texts[at])):
            text = texts[which]
            word = next((word for word in by_word if word in text), text.strip())
            by_word.setdefault(word, []).append(which)
        # Little memory, because there are as many of these objects as there are rooms.
        shared = {word: found for word, found in by_word.items() if len(found) > 1}
        self._by_word = tuple((word, tuple(found)) for word, found in shared.items())
        self._alone = tuple(found[0] for found in by_word.values() if len(found) == 1)
        self._texts = tuple(texts)

    def find_matches_as_indexes(self, text: str, *, overlapping: bool) -> Sequence[Place]:
        """Return (number of the needle, start, end) for each place, by their ends."""
        assert overlapping, "the only way it can search"
        texts = self._texts
        with_word = (found for word, found in self._by_word if word in text)
        found = [
            (which, at, at + len(texts[which]))
            for which in chain(self._alone, *with_word)
            if texts[which] in text
            for at in _places(texts[which], text)
        ]
        return sorted(found, key=itemgetter(2, 1)) if len(found) > 1 else found


def _places(needle: str, text: str) -> Iterator[int]:
    at = text.find(needle)
    while at >= 0:
        yield at
        at = text.find(needle, at + 1)


def needles(texts: Sequence[str], worth: Worth = alike) -> Needles:
    """Return what finds `texts`, none of which is empty.

    Args:
        texts: The needles: letters and spaces.
        worth: What each needle may count as, by its number. Of needles that end with many others,
            those are found that count most.
    """
    inner = inner_needles(texts)
    nested = {which: text for which, text in enumerate(texts) if inner[which] > MOST_INNER}
    if nested:  # the others keep their numbers
        texts = [_NOWHERE if which in nested else text for which, text in enumerate(texts)]
    found: Needles
    if len(texts) <= FEW and not nested:
        found = FewNeedles(texts)
    else:
        found = AhoCorasick(
            list(texts), store_patterns=False, implementation=Implementation.ContiguousNFA
        )
    return _WithNested(found, Nested(nested, worth)) if nested else found


class _WithNested:
    """Finds the best of the nested needles, and all others."""

    def __init__(self, others: Needles, nested: Nested) -> None:
        self._others, self._nested = others, nested

    def find_matches_as_indexes(self, text: str, *, overlapping: bool) -> Sequence[Place]:
        found = self._others.find_matches_as_indexes(text, overlapping=overlapping)
        return [*found, *self._nested.find(text)]


def bounded(places: Sequence[Place], text: str, worth: Worth) -> Sequence[Place]:
    """Return the places; of very many, some of each needle and surroundings.

    The places of allowed words are all kept: they excuse others.
    """
    if len(places) <= MANY:
        return places
    allowed = {which for which in {place[0] for place in places} if rank(worth(which)) == inf}
    others = [place for place in places if place[0] not in allowed] if allowed else places

    def surrounded(place: Place) -> Hashable:
        return place[0], *neighbours(text, *place[1:])

    def worth_of(place: Place) -> float:
        return rank(worth(place[0]))

    few = evenly(others, _MOST_COMPARED, itemgetter(0), worth_of)
    excuses = [place for place in places if place[0] in allowed] if allowed else []
    return [*excuses, *evenly(few, MANY, surrounded, worth_of, alike=ALIKE)]


def neighbours(text: str, start: int, end: int) -> tuple[str, str]:
    """Return what stands directly before and after `text[start:end]`."""
    return text[max(0, start - _NEAR) : start], text[end : end + _NEAR]


def evenly(
    items: Sequence[T],
    most: int,
    kind: Callable[[T], Hashable],
    worth: Callable[[T], float],
    *,
    alike: int | None = None,
) -> Sequence[T]:
    """Keep at most `most` items: of each kind the first ones and the last one.

    If there are more kinds, one item is kept of each of those with the highest worth.

    Args:
        items: What is kept if it is not too much.
        most: The number of items.
        kind: Tells items apart.
        worth: How much an item counts.
        alike: The most items of one kind, if some are left out.
    """
    if len(items) <= most:
        return items
    by_kind: dict[Hashable, list[T]] = {}
    for item in items:
        by_kind.setdefault(kind(item), []).append(item)
    share = min(_share([*map(len, by_kind.values())], most), alike or most)
    kept = [
        item
        for each in by_kind.values()
        for item in (each if len(each) <= share else [*each[: share - 1], each[-1]])
    ]
    return kept if len(kept) <= most else nlargest(most, kept, key=worth)


def _share(sizes: list[int], most: int) -> int:
    """Return how many of each kind, one at least, make at most `most` together."""
    left = most
    for number, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - number)
        if size > share:
            return max(1, share)
        left -= size
    return most
