"""Writes the words that disguised parts of a text stand for in their place."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from moderado.moderation.normalize import Folded
from moderado.moderation.rules.pieces import Part

Words = Sequence[Mapping[str, bool]]
_NOT_WRITTEN = " "


def without_overlaps(parts: list[Part]) -> list[Part]:
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


def _steps(part: Part, length: int) -> Iterable[int]:
    """Return the place of each letter of a word but the first and the last one."""
    if part.reading == "glued" and len(part.word.replace(_NOT_WRITTEN, "")) == length:
        return accumulate(letter != _NOT_WRITTEN for letter in part.word[1:-1])
    return range(1, len(part.word) - 1)


def with_hidden(parts: list[Part], found: list[Part], lists: Words) -> list[list[Part]]:
    """Return the parts and, if they hide words of another list, those words among the others.

    Otherwise a word of one list would keep disguised words of another one from being found.

    Args:
        parts: Parts without overlaps.
        found: All parts.
        lists: The words of each list. True: also read through uncertain disguises.
    """
    at = {place: part for part in parts for place in range(part.start, part.end)}

    def is_hidden(part: Part) -> bool:
        over = {at[place] for place in range(part.start, part.end) if place in at}
        return part not in over and all(
            not (_has(words, part) and any(_has(words, each) for each in over)) for words in lists
        )

    hidden = without_overlaps([part for part in found if is_hidden(part)])
    if not hidden:
        return [parts]
    taken = {place for part in hidden for place in range(part.start, part.end)}
    others = [part for part in parts if taken.isdisjoint(range(part.start, part.end))]
    return [parts, sorted([*hidden, *others])]


def _has(words: Mapping[str, bool], part: Part) -> bool:
    is_risky = words.get(part.word.replace(_NOT_WRITTEN, ""))
    return is_risky is not None and (is_risky or not part.listed)


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
            places += [min(first + step, last - 1) for step in _steps(part, last - first)]
            places += [last - 1] * (2 if len(part.word) > 1 else 1)
            at = part.end
        places += offsets[at:]
        return places

    return Folded("".join(pieces), trace)
