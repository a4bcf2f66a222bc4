"""Finds rules in a text. A matcher is built once; each search takes some tens of microseconds.

A matcher may stand on another one, which others share: it then costs its own rules only. Both
are searched together, so that an allowed word of one excepts matches of the other (ADR 0126).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from operator import itemgetter

from moderado.moderation.normalize import Folded, leet, repeats, separators
from moderado.moderation.normalize.folding import words
from moderado.moderation.normalize.views import View, characters_reading, views
from moderado.moderation.rules.compiled_list import CompiledList, Needle, as_written, worth
from moderado.moderation.rules.disguises import Disguises
from moderado.moderation.rules.hits import Hit
from moderado.moderation.rules.needles import ALIKE, bounded, evenly, neighbours
from moderado.moderation.rules.nested import rank
from moderado.moderation.rules.pieces import Part
from moderado.moderation.rules.replacing import replaced
from moderado.moderation.rules.rule import Rule
from moderado.moderation.rules.tokens import unusual_words
from moderado.moderation.rules.usage import judged
from moderado.moderation.rules.work import Work

MAX_HITS = 50  # kept for one text, to bound the size of its log line
_MOST_JUDGED = 800  # of one text, to bound the time
_SHORT = 4  # letters: a shorter word is found by chance too often
_TINY = 2
_NUMBER = re.compile(r"[0-9]{1,4}(?![\w-])")


_Found = list[tuple[Rule, int, int]]
_Place = tuple[Needle, int, int]
_BY_END = itemgetter(2, 1)


class Matcher:
    """The compiled rules and allowed words.

    Raises:
        ValueError: A rule cannot be compiled.
    """

    def __init__(
        self, *, rules: Iterable[Rule], allow: Iterable[str] = (), base: "Matcher | None" = None
    ) -> None:
        below = () if base is None else base.lists
        self.lists: tuple[CompiledList, ...] = (*below, CompiledList(tuple(rules), allow, below))
        self._disguises = Disguises(self.lists)

    def find(self, text: str, work: Work | None = None) -> list[Hit]:
        """Return at most `MAX_HITS` distinct hits, disguised words included, in linear time.

        The most severe hit of each category is always among them.

        Args:
            text: The text as written.
            work: Where the steps are counted. Once it is spent, the rest of the text is not read
                through its disguises.
        """
        work = Work() if work is None else work
        hits: dict[tuple[str, int, int], Hit] = {}
        written: Folded | None = None
        for view in views(text):
            written = written or view.folded
            for hit in self._in_view(view, text, work):
                known = hits.setdefault((hit.rule.id, hit.start, hit.end), hit)
                if hit.is_certain and not known.is_certain:
                    hits[hit.rule.id, hit.start, hit.end] = hit
        if not hits or written is None:
            return []
        return _most_severe(judged(_distinct([*hits.values()], text), written, text))

    def _in_view(self, view: View, text: str, work: Work) -> Iterator[Hit]:
        folded, reading = view.folded, view.reading
        plain = words(folded)
        unusual = unusual_words(listed := plain.text.split() if view.whole else [])
        for rule, start, end in self._in_reading(plain, text):
            name = reading or characters_reading(text[start:end], text)
            yield Hit(rule, start, end, name, view.certain)
        for found in self._in_stretched(plain, text, unusual.unknown):
            yield Hit(*found, reading or "repeats", view.certain)
        if not view.whole:
            return
        if not view.plain and not leet.TRACE.isdisjoint(folded.text):
            for other in leet.without_leet(folded):
                yield from self._in_leet(other, text)
        cuts = self._disguises.cut.cuts(listed, unusual)
        is_plain = view.plain and not unusual.unknown and not separators.TRACE.search(plain.text)
        if is_plain and not cuts:
            return
        for parts in self._disguises.parts(view, plain.text, unusual, cuts, text, work):
            yield from self._in_disguise(folded, parts, text)

    def _in_leet(self, other: Folded, text: str) -> Iterator[Hit]:
        decoded = words(other)
        unusual = unusual_words(listed := decoded.text.split())
        for found in self._in_reading(decoded, text):
            yield Hit(*found, "leet")
        for found in self._in_stretched(decoded, text, unusual.unknown):
            yield Hit(*found, "leet")
        hidden = [*self._disguises.hidden_words(other.text)]
        if cuts := self._disguises.cut.cuts(listed, unusual):
            hidden += self._disguises.cut.cut_up(other.text, cuts)
        if hidden:
            for parts in self._disguises.readings(hidden):
                yield from self._in_disguise(other, parts, text)

    def _in_disguise(self, folded: Folded, parts: list[Part], text: str) -> Iterator[Hit]:
        """Yield the hits that contain a disguised part."""
        places = sorted((*folded.original(part.start, part.end), part) for part in parts)
        firsts = [first for first, _, _ in places]
        reading = words(replaced(folded, parts))
        for rule, start, end in self._in_reading(reading, text):
            at, read = bisect_left(firsts, end), list[Part]()
            while at and places[at - 1][1] > start:
                at -= 1
                read.append(places[at][2])
            if read:
                doubtful = [part for part in read if not part.certain]
                yield Hit(rule, start, end, (doubtful or read)[0].reading, not doubtful)

    def _in_reading(self, reading: Folded, original: str) -> _Found:
        text = reading.text
        hits: _Found = []
        found: list[_Place] = []
        for each in self.lists:
            if places := each.plain.find_matches_as_indexes(text, overlapping=True):
                found += each.placed(bounded(places, text, each.worth))
            if each.has_patterns:
                hits += each.patterns.find(reading, original, _as_found)
        return [*self._outside_allowed(found, reading, original), *hits] if found else hits

    def _in_stretched(self, reading: Folded, original: str, unknown: list[str]) -> _Found:
        """Return the words with repeated letters. Ordinary words are no stretched ones."""
        if not any(map(repeats.has_double, unknown)):
            return []
        short = repeats.squeezed(reading).text
        places: list[_Place] = []
        for each in self.lists:
            places += each.placed(each.stretched.find(reading, short))
        return self._outside_allowed(places, reading, original) if places else []

    def _outside_allowed(self, places: list[_Place], reading: Folded, original: str) -> _Found:
        if len(self.lists) > 1 and len(places) > 1:
            places.sort(key=_BY_END)  # the order in which one list finds them
        return _outside_allowed(places, reading, original)


def _distinct(hits: list[Hit], text: str) -> Sequence[Hit]:
    """Return the hits; of very many, some of each rule and surroundings."""
    return evenly(
        hits,
        _MOST_JUDGED,
        lambda hit: (hit.rule.id, *neighbours(text, hit.start, hit.end)),
        lambda hit: rank(worth(hit.rule)),
        alike=ALIKE,
    )


def _as_found(rule: Rule, start: int, end: int) -> tuple[Rule, int, int]:
    return rule, start, end


def _most_severe(hits: list[Hit]) -> list[Hit]:
    """Keep at most `MAX_HITS`: of each category the most severe one, and then the first ones.

    Otherwise many mild words would hide a severe one that follows them.
    """
    if len(hits) <= MAX_HITS:
        return hits
    kept: dict[int, None] = {}
    for weight in (_by_outcome, _by_severity):
        ranked = sorted(range(len(hits)), key=lambda at: weight(hits[at]), reverse=True)
        best: dict[str, int] = {}
        for at in ranked:
            best.setdefault(hits[at].category, at)
        kept.update(dict.fromkeys(best.values()))
    for at in range(len(hits)):
        if len(kept) >= MAX_HITS:
            break
        kept[at] = None
    return [hits[at] for at in sorted(kept)]


def _by_outcome(hit: Hit) -> float:
    return hit.outcome.severity


def _by_severity(hit: Hit) -> float:
    return hit.severity


def _outside_allowed(found: Sequence[_Place], reading: Folded, original: str) -> _Found:
    """Return the matches as places in the original, without those inside an allowed word."""
    allowed: list[tuple[int, int]] = []
    hits: _Found = []
    for needle, start, end in found:
        first, rule = start + needle.text.startswith(" "), needle.rule
        begin, stop = reading.original(first, end - needle.text.endswith(" "))
        if rule is not None:
            if len(rule.text) >= _SHORT or not _among_digits(original, begin, stop, rule.text):
                hits.append((rule, begin, stop))
        elif not needle.accented or needle.accented in as_written(original[begin:stop]):
            allowed.append((begin, stop))
    return _outside(hits, allowed) if allowed else hits


def _outside(hits: _Found, allowed: list[tuple[int, int]]) -> _Found:
    allowed.sort()
    begins = [begin for begin, _ in allowed]
    furthest = list(accumulate((stop for _, stop in allowed), max))

    def is_allowed(start: int, end: int) -> bool:
        before = bisect_right(begins, start)
        return before > 0 and furthest[before - 1] >= end

    return [hit for hit in hits if not is_allowed(*hit[1:])]


def _among_digits(text: str, start: int, end: int, word: str) -> bool:
    """Tell whether the letters are part of a number or key, such as "3e652fa6", unlike "fdp123"."""
    if start > 0 and text[start - 1].isdigit():
        return True
    return text[end : end + 1].isdigit() and not (
        len(word) > _TINY and text[start:end] == word and _NUMBER.match(text, end) is not None
    )
