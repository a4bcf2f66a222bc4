"""Finds rules in a text. A matcher is built once; each search takes some tens of microseconds."""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ahocorasick_rs import AhoCorasick, Implementation

from moderado.moderation.normalize import Folded, fold
from moderado.moderation.normalize.disguises import (
    Disguises,
    find_disguises,
    joined,
    masked,
    without_leet,
)
from moderado.moderation.normalize.folding import (
    run_starts,
    runs,
    squeeze,
    squeezed,
    words,
)
from moderado.moderation.rules.masks import MaskedWords
from moderado.moderation.rules.patterns import Patterns
from moderado.moderation.rules.rule import Match, Rule, folded_word
from moderado.moderation.types import Outcome

MAX_HITS = 50  # kept for one text, to bound the size of its log line
_SHORT = 4  # letters: a shorter word is found by chance too often
_LONG = 8  # letters: a phrase written as one word is also found with a prefix or suffix
# Prefixes and suffixes that people attach to a word: "seuidiota", "idiotakkkk".
_PREFIXES = ("seu", "sua", "teu", "tua", "vc", "you", "your", "ur")
_SUFFIXES = ("s ", "kk", "zinho ", "zinha ", "zao ")
# Extra letters that make a short word a stretched one. One extra letter is a typing error.
_STRETCHED_SHORT = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """`rule` matched the code points `[start, end)` of the original text."""

    rule: Rule
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Needle:
    text: str  # with a space wherever a word boundary is required
    rule: Rule | None  # None: an allowed word
    accented: str = ""  # the allowed word as written, if its accents matter


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
        self._plain = _automaton([needle.text for needle in self._needles])
        self._squeezed = _automaton([squeeze(needle.text) for needle in self._needles])
        self._maskable = _maskable(spelled)
        self._masks = MaskedWords(self._maskable)

    def find(self, text: str) -> list[Hit]:
        """Return at most `MAX_HITS` distinct hits, disguised words included, in linear time.

        The most severe hit of each category is always among them.
        """
        folded = fold(text)
        plain, disguises = words(folded), find_disguises(folded)
        hits = self._spelled(plain, text, stretch=disguises.stretched)
        hits += self._patterns.find(plain, Hit)
        for before, reading in _readings(folded, disguises):
            hits += self._spelled(words(reading), text, stretch=True, before=before)
        if disguises.masked:
            hits += self._masked(folded)
        return _most_severe(list(dict.fromkeys(hits))) if hits else hits

    def _spelled(
        self, reading: Folded, original: str, *, stretch: bool, before: str = ""
    ) -> list[Hit]:
        found = [
            (self._needles[which], start, end)
            for which, start, end in self._plain.find_matches_as_indexes(
                reading.text, overlapping=True
            )
        ]
        if stretch:
            found += self._stretched(reading)
        return _hits(found, reading, original, before) if found else []

    def _stretched(self, reading: Folded) -> Iterator[tuple[_Needle, int, int]]:
        short, starts = squeezed(reading).text, run_starts(reading)
        for which, start, end in self._squeezed.find_matches_as_indexes(short, overlapping=True):
            needle = self._needles[which]
            at, to = starts[start], starts[end]
            if _is_stretched(reading.text[at:to].strip(), needle.text.strip()):
                yield needle, at, to

    def _masked(self, folded: Folded) -> Iterator[Hit]:
        for before, piece in masked(folded):
            for word in self._masks.under(piece.text):
                rule = _as_aimed(self._maskable[word], f"{before} ", len(before) + 1)
                yield Hit(rule, *piece.original(0, len(piece.text)))


def _most_severe(hits: list[Hit]) -> list[Hit]:
    """Keep at most `MAX_HITS`: of each category the most severe one, and then the first ones.

    Otherwise many mild words would hide a severe one that follows them.
    """
    if len(hits) <= MAX_HITS:
        return hits
    kept: dict[int, None] = {}
    for weight in (_by_action, _by_severity):
        ranked = sorted(range(len(hits)), key=lambda at: weight(hits[at].rule), reverse=True)
        best: dict[str, int] = {}
        for at in ranked:
            best.setdefault(hits[at].rule.category, at)
        kept.update(dict.fromkeys(best.values()))
    for at in range(len(hits)):
        if len(kept) >= MAX_HITS:
            break
        kept[at] = None
    return [hits[at] for at in sorted(kept)]


def _by_action(rule: Rule) -> float:
    return rule.action.severity


def _by_severity(rule: Rule) -> float:
    return rule.severity


def _readings(folded: Folded, disguises: Disguises) -> Iterator[tuple[str, Folded]]:
    """Yield alternative readings, each with the words before it if it covers a part of the text."""
    if disguises.leet:
        yield from (("", reading) for reading in without_leet(folded))
    if disguises.separated:
        yield from joined(folded)


def _hits(
    found: Sequence[tuple[_Needle, int, int]], reading: Folded, original: str, before: str
) -> list[Hit]:
    """Return the matches as hits in the original, without those inside an allowed word."""
    allowed: list[tuple[int, int]] = []
    hits: list[Hit] = []
    for needle, start, end in found:
        first = start + needle.text.startswith(" ")
        begin, stop = reading.original(first, end - needle.text.endswith(" "))
        if needle.rule is not None:
            rule = _as_aimed(needle.rule, before + reading.text, len(before) + first)
            by_chance = len(rule.text) < _SHORT and _among_digits(original, begin, stop)
            if rule.action is not Outcome.ALLOW and not by_chance:
                hits.append(Hit(rule, begin, stop))
        elif not needle.accented or needle.accented in _as_written(original[begin:stop]):
            allowed.append((begin, stop))
    return _outside(hits, allowed) if allowed else hits


def _outside(hits: list[Hit], allowed: list[tuple[int, int]]) -> list[Hit]:
    allowed.sort()
    begins = [begin for begin, _ in allowed]
    furthest = list(accumulate((stop for _, stop in allowed), max))

    def is_allowed(hit: Hit) -> bool:
        before = bisect_right(begins, hit.start)
        return before > 0 and furthest[before - 1] >= hit.end

    return [hit for hit in hits if not is_allowed(hit)]


def _among_digits(text: str, start: int, end: int) -> bool:
    """Tell whether the letters are part of a number or key, such as "3e652fa6"."""
    return text[end : end + 1].isdigit() or (start > 0 and text[start - 1].isdigit())


def _as_aimed(rule: Rule, text: str, start: int) -> Rule:
    if rule.aimed is not None and text.endswith(rule.address, 0, start):
        return rule.aimed
    return rule


def _is_stretched(text: str, word: str) -> bool:
    """Tell whether `text` is `word` with repeated letters, beyond a typing error."""
    if text == word:
        return False
    found, wanted = runs(text), runs(word)
    if len(found) != len(wanted):
        return False
    surplus = [have - want for have, want in zip(found, wanted, strict=True)]
    least = 1 if len(word) >= _SHORT else _STRETCHED_SHORT
    return min(surplus) >= 0 and max(surplus) >= least


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
            if len(word) >= (_SHORT if compact == word else _LONG):
                yield from (_Needle(f" {before}{compact} ", rule) for before in _PREFIXES)
                yield from (_Needle(f" {compact}{after}", rule) for after in _SUFFIXES)


def _maskable(rules: Iterable[Rule]) -> dict[str, Rule]:
    """Return the words that masks can hide; of two rules with one word, the more severe one."""
    by_severity = sorted(rules, key=lambda rule: rule.action.severity)
    return {
        rule.text: rule for rule in by_severity if " " not in rule.text and len(rule.text) >= _SHORT
    }


def _automaton(texts: list[str]) -> AhoCorasick:
    return AhoCorasick(texts, store_patterns=False, implementation=Implementation.ContiguousNFA)
