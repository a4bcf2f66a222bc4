"""Finds rules in a text. A matcher is built once; each search takes some tens of microseconds."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import inf

from moderado.moderation.normalize import Folded, leet, repeats, separators
from moderado.moderation.normalize.folding import words
from moderado.moderation.normalize.views import View, characters_reading, views
from moderado.moderation.rules.disguises import Disguises, replaced, without_overlaps
from moderado.moderation.rules.hits import Hit
from moderado.moderation.rules.lexicon import Lexicon
from moderado.moderation.rules.needles import ALIKE, bounded, evenly, needles, neighbours
from moderado.moderation.rules.nested import rank
from moderado.moderation.rules.patterns import Patterns
from moderado.moderation.rules.pieces import Part
from moderado.moderation.rules.rule import Match, Rule, folded_word
from moderado.moderation.rules.stretched import Stretched
from moderado.moderation.rules.tokens import unusual_words
from moderado.moderation.rules.usage import judged
from moderado.moderation.rules.work import Work
from moderado.moderation.types import Outcome, Usage

MAX_HITS = 50  # kept for one text, to bound the size of its log line
_MOST_JUDGED = 800  # of one text, to bound the time
_SHORT = 4  # letters: a shorter word is found by chance too often
_TINY = 2
_NUMBER = re.compile(r"[0-9]{1,4}(?![\w-])")
_LITERALS = re.compile(r"[a-z]{4,}")
_REMEMBERED = 16  # disguised pieces and unknown words, for each word of the list
_MOST_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class _Needle:
    text: str  # with a space wherever a word boundary is required
    rule: Rule | None  # None: an allowed word
    accented: str = ""  # the allowed word as written, if its accents matter


_Found = list[tuple[Rule, int, int]]


class Matcher:
    """The compiled rules and allowed words.

    Raises:
        ValueError: A rule cannot be compiled.
    """

    def __init__(self, *, rules: Iterable[Rule], allow: Iterable[str] = ()) -> None:
        rules = tuple(rules)
        spelled = [rule for rule in rules if rule.match is not Match.PATTERN]
        allowed = [_allowed_needle(word) for word in allow]
        self._needles = [*allowed, *_needles(spelled)]
        self._patterns = Patterns([rule for rule in rules if rule.match is Match.PATTERN])
        texts = [needle.text for needle in self._needles]
        self._worth = cache(self._worth_of)
        self._plain = needles(texts, self._worth)
        self._stretched = Stretched(texts, self._worth)
        lexicon, phrases = Lexicon(_listed_words(rules)), _phrases(spelled)
        remembered = min(_MOST_REMEMBERED, _REMEMBERED * len(lexicon.words))
        self._disguises = Disguises(lexicon, phrases, remembered=remembered)

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

    def _worth_of(self, which: int) -> Mapping[Hashable, float]:
        return _worth(self._needles[which].rule)

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
        cuts = self._disguises.cuts(listed, unusual)
        is_plain = view.plain and not unusual.unknown and not separators.TRACE.search(plain.text)
        if is_plain and not cuts:
            return
        if parts := self._disguises.parts(view, plain.text, unusual, cuts, text, work):
            yield from self._in_disguise(folded, parts, text)

    def _in_leet(self, other: Folded, text: str) -> Iterator[Hit]:
        decoded = words(other)
        unusual = unusual_words(listed := decoded.text.split())
        for found in self._in_reading(decoded, text):
            yield Hit(*found, "leet")
        for found in self._in_stretched(decoded, text, unusual.unknown):
            yield Hit(*found, "leet")
        if cuts := self._disguises.cuts(listed, unusual):
            parts = without_overlaps([*self._disguises.cut_up(other.text, cuts)])
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
        places = self._plain.find_matches_as_indexes(reading.text, overlapping=True)
        hits = self._patterns.find(reading, _as_found)
        if not places:
            return hits
        places = bounded(places, reading.text, self._worth)
        found = [(self._needles[which], start, end) for which, start, end in places]
        return [*_outside_allowed(found, reading, original), *hits]

    def _in_stretched(self, reading: Folded, original: str, unknown: list[str]) -> _Found:
        """Return the words with repeated letters. Ordinary words are no stretched ones."""
        if not any(map(repeats.has_double, unknown)):
            return []
        places = self._stretched.find(reading)
        found = [(self._needles[which], start, end) for which, start, end in places]
        return _outside_allowed(found, reading, original) if found else []


def _worth(rule: Rule | None) -> Mapping[Hashable, float]:
    """Return what a match may count as at most, as `_most_severe` compares matches."""
    if rule is None:
        return {"allowed": inf}
    category, outcome = rule.category_of(Usage.AIMED), rule.effect.gravest
    severity = rule.severity_of(Usage.AIMED)
    return {(category, "outcome"): outcome.severity, (category, "severity"): severity}


def _distinct(hits: list[Hit], text: str) -> Sequence[Hit]:
    """Return the hits; of very many, some of each rule and surroundings."""
    return evenly(
        hits,
        _MOST_JUDGED,
        lambda hit: (hit.rule.id, *neighbours(text, hit.start, hit.end)),
        lambda hit: rank(_worth(hit.rule)),
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


def _outside_allowed(
    found: Sequence[tuple[_Needle, int, int]], reading: Folded, original: str
) -> _Found:
    """Return the matches as places in the original, without those inside an allowed word."""
    allowed: list[tuple[int, int]] = []
    hits: _Found = []
    for needle, start, end in found:
        first, rule = start + needle.text.startswith(" "), needle.rule
        begin, stop = reading.original(first, end - needle.text.endswith(" "))
        if rule is not None:
            if len(rule.text) >= _SHORT or not _among_digits(original, begin, stop, rule.text):
                hits.append((rule, begin, stop))
        elif not needle.accented or needle.accented in _as_written(original[begin:stop]):
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


def _allowed_needle(word: str) -> _Needle:
    folded = folded_word(word)
    written = _as_written(word)
    return _Needle(f" {folded} ", None, "" if written == folded else written)


def _as_written(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _needles(rules: Iterable[Rule]) -> Iterator[_Needle]:
    for rule in rules:
        word, compact = rule.text, rule.text.replace(" ", "")
        if rule.match is Match.ANYWHERE:
            yield _Needle(word, rule)
        elif rule.match is Match.PREFIX:
            yield _Needle(f" {word}", rule)
        else:
            yield _Needle(f" {word} ", rule)
            if compact != word and len(compact) > _SHORT:
                yield _Needle(f" {compact} ", rule)


def _listed_words(rules: Iterable[Rule]) -> dict[str, bool]:
    """Return the words that disguises may stand for. True: also through uncertain readings.

    The words of phrases and patterns are among them: "v41 t0m4r" is read word by word.
    """
    listed: dict[str, bool] = {}
    for rule in rules:
        if rule.match is Match.PATTERN:
            single = _LITERALS.findall(rule.text)
        else:
            compact = rule.text.replace(" ", "")
            is_risky = rule.outcome is not Outcome.ALLOW and len(compact) > _TINY
            listed[compact] = listed.get(compact, False) or is_risky
            single = [word for word in rule.text.split() if len(word) >= _SHORT]
        for word in single:
            listed.setdefault(word, False)
    return listed


def _phrases(rules: Iterable[Rule]) -> dict[str, str]:
    return {rule.text.replace(" ", ""): rule.text for rule in rules if " " in rule.text}
