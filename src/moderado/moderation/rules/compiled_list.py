"""One list of rules, compiled: what is searched for in readings, and what disguises may stand for.

Matchers share a list that they have in common, such as the packs (ADR 0126).
"""

import re
import unicodedata
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf

from moderado.moderation.rules.hidden_words import HiddenWords
from moderado.moderation.rules.lexicon import Lexicon
from moderado.moderation.rules.needles import needles
from moderado.moderation.rules.nested import Place
from moderado.moderation.rules.patterns import Patterns
from moderado.moderation.rules.pieces import Pieces
from moderado.moderation.rules.rule import Match, Rule, folded_word
from moderado.moderation.rules.stretched import Stretched
from moderado.moderation.rules.tokens import Tokens
from moderado.moderation.rules.word_classes import telling
from moderado.moderation.types import Outcome, Usage

_SHORT = 4  # letters: a shorter word is found by chance too often
_TINY = 2
_LITERALS = re.compile(r"[a-z]{4,}")
_REMEMBERED = 16  # disguised pieces and unknown words, for each word of the list
_MOST_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Needle:
    """What is searched for. `rule` is None for an allowed word."""

    text: str  # with a space wherever a word boundary is required
    rule: Rule | None
    accented: str = ""  # the allowed word as written, if its accents matter


class CompiledList:
    """Rules and allowed words.

    Args:
        rules: The rules.
        allow: The allowed words.
        below: The lists that are searched together with this one.

    Raises:
        ValueError: A rule cannot be compiled.
    """

    def __init__(
        self, rules: Sequence[Rule], allow: Iterable[str], below: Sequence["CompiledList"] = ()
    ) -> None:
        spelled = [rule for rule in rules if rule.match is not Match.PATTERN]
        self._needles = [*map(_allowed_needle, allow), *_needles(spelled)]
        patterns = [rule for rule in rules if rule.match is Match.PATTERN]
        self.has_patterns = bool(patterns)
        self.patterns = Patterns(patterns)
        texts = [needle.text for needle in self._needles]
        self.worth = cache(self._worth_of)
        self.plain = needles(texts, self.worth)
        self.stretched = Stretched(texts, self.worth)
        self.lexicon, phrases = Lexicon(_listed_words(rules)), _phrases(spelled)
        remembered = min(_MOST_REMEMBERED, _REMEMBERED * len(self.lexicon.words))
        others = [each.lexicon.words for each in below]
        self.tokens = Tokens(self.lexicon, remembered=remembered, others=others)
        self.pieces = Pieces(self.lexicon, phrases, self.tokens, remembered=remembered)
        self.hidden_words = HiddenWords(phrases.values())

    def placed(self, places: Iterable[Place]) -> list[tuple[Needle, int, int]]:
        """Return places with their needles instead of the numbers of these."""
        return [(self._needles[which], start, end) for which, start, end in places]

    def _worth_of(self, which: int) -> Mapping[Hashable, float]:
        return worth(self._needles[which].rule)


def worth(rule: Rule | None) -> Mapping[Hashable, float]:
    """Return what a match may count as at most, as the most severe matches are chosen."""
    if rule is None:
        return {"allowed": inf}
    category, outcome = rule.category_of(Usage.AIMED), rule.effect.gravest
    severity = rule.severity_of(Usage.AIMED)
    return {(category, "outcome"): outcome.severity, (category, "severity"): severity}


def _allowed_needle(word: str) -> Needle:
    folded = folded_word(word)
    written = as_written(word)
    return Needle(f" {folded} ", None, "" if written == folded else written)


def as_written(text: str) -> str:
    """Return a text with its accents, without case."""
    return unicodedata.normalize("NFC", text).casefold()


def _needles(rules: Iterable[Rule]) -> Iterator[Needle]:
    for rule in rules:
        word, compact = rule.text, rule.text.replace(" ", "")
        if rule.match is Match.ANYWHERE:
            yield Needle(word, rule)
        elif rule.match is Match.PREFIX:
            yield Needle(f" {word}", rule)
        else:
            yield Needle(f" {word} ", rule)
            if compact != word and len(compact) > _SHORT:
                yield Needle(f" {compact} ", rule)


def _listed_words(rules: Iterable[Rule]) -> dict[str, bool]:
    """Return the words that disguises may stand for. True: also through uncertain readings.

    The words of phrases and patterns are among them: "v41 t0m4r" is read word by word. Those of
    patterns over classes are too many: they are read where signs stand for letters.
    """
    listed: dict[str, bool] = {}
    for rule in rules:
        if rule.match is Match.PATTERN:
            single = [] if telling(rule.text) else _LITERALS.findall(rule.text)
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
