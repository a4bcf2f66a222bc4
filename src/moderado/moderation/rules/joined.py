"""Finds words that an author has cut in two messages: "por" and "ra", "p u" and "t a"."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate

from moderado.moderation.normalize.vocabulary import is_common
from moderado.moderation.rules.hits import Hit
from moderado.moderation.types import Usage

READING = "two messages"
MOST = 8  # earlier messages
LONGEST = 40  # characters of each: the end of a longer one is no piece of a word


def across(previous: Sequence[str], text: str, find: Callable[[str], list[Hit]]) -> list[Hit]:
    """Return the hits that begin in an earlier text and end in `text`, as places in `text`.

    One of the two messages must be nothing but its part of the match: ordinary messages that only
    end and begin so are not read together. Such a hit may be chance, and is not certain.

    Args:
        previous: The author's earlier texts, the oldest first.
        text: The text that is judged.
        find: Finds the rules in a text.
    """
    near = [each[-LONGEST:] for each in previous[-MOST:]]
    found: dict[tuple[str, int], Hit] = {}
    joined = [(near, " ")]
    if near and not _are_words(near[-1], text):
        joined.append((near[-1:], ""))
    for earlier, gap in joined:
        begins = [0, *accumulate(len(each) + len(gap) for each in earlier)]
        start = len(before := gap.join([*earlier, ""]))
        for hit in find(before + text):
            if hit.start >= len(before.rstrip()) or hit.end <= start:
                continue
            first = begins[bisect_right(begins, hit.start) - 1]
            if not before[first : hit.start].strip() or not text[hit.end - start :].strip():
                end = hit.end - start
                placed = replace(
                    hit,
                    start=0,
                    end=end,
                    reading=READING,
                    is_certain=False,
                    usage=_without_excuse(hit.usage),
                )
                found.setdefault((hit.rule.id, end), placed)
    alone = {hit.rule.id for each in (*near, text) for hit in find(each)} if found else set()
    return [hit for hit in found.values() if hit.rule.id not in alone]


def _without_excuse(usage: Usage) -> Usage:
    """A word that is cut in two is disguised, and no expletive."""
    return Usage.PLAIN if usage is Usage.EXPLETIVE else usage


def _are_words(before: str, text: str) -> bool:
    """Tell whether the words at the seam are ordinary ones of longer messages."""
    last, first = before.split()[-1:], text.split()[:1]
    is_cut = before.split() == last and text.split() == first
    return not is_cut and all(is_common(word.lower()) for word in (*last, *first))
