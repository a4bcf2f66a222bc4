"""The local provider: words, phrases and patterns. It is always available."""

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from moderado.moderation.rules import pack
from moderado.moderation.rules.matcher import Hit, Matcher
from moderado.moderation.rules.rule import Rule, rules_of
from moderado.moderation.types import Assessment, Category, Content, Outcome, Span

DEFAULT_PACKS = ("pt-BR", "en")


class BlocklistProvider:
    """Compile the rules, once for each process.

    Args:
        packs: Names of lists that ship with the product.
        rules: Own groups, written as in the packs.
        allow: Words that are never matches, such as names that contain a listed word.
        without: Ids of rules or groups to leave out.

    Raises:
        ValueError: An invalid rule, or a pattern that RE2 refuses.
    """

    remote: ClassVar[Literal[False]] = False

    def __init__(
        self,
        *,
        name: str = "blocklist",
        packs: Sequence[str] = DEFAULT_PACKS,
        rules: Sequence[Mapping[str, Any]] = (),
        allow: Sequence[str] = (),
        without: Sequence[str] = (),
    ) -> None:
        loaded = [pack.load(each) for each in packs]
        chosen = [rule for each in loaded for rule in each.rules if not _is_left_out(rule, without)]
        chosen += [rule for group in rules for rule in rules_of(group)]
        allowed = [*allow, *(word for each in loaded for word in each.allow)]
        self.name = name
        self.version = _digest(chosen, allowed)
        self._matcher = Matcher(rules=chosen, allow=allowed)
        self._nothing_found = Assessment(provider=name, outcome=Outcome.ALLOW, model=self.version)

    def assess(self, contents: Sequence[Content]) -> list[Assessment]:
        return [self._assessment(self._matcher.find(content.text)) for content in contents]

    def _assessment(self, hits: Sequence[Hit]) -> Assessment:
        if not hits:
            return self._nothing_found
        categories: dict[Category, float] = {}
        for hit in hits:
            rule = hit.rule
            categories[rule.category] = max(rule.severity, categories.get(rule.category, 0.0))
        return Assessment(
            provider=self.name,
            model=self.version,
            outcome=max((hit.rule.action for hit in hits), key=_severity),
            categories=MappingProxyType(categories),
            spans=tuple(
                Span(start=hit.start, end=hit.end, rule=hit.rule.id, category=hit.rule.category)
                for hit in hits
            ),
        )


def _severity(outcome: Outcome) -> int:
    return outcome.severity


def _is_left_out(rule: Rule, without: Sequence[str]) -> bool:
    return rule.id in without or rule.id.partition("/")[0] in without


def _digest(rules: Sequence[Rule], allow: Sequence[str]) -> str:
    """A digest that is equal for equal rules in every process and release."""
    written = repr((sorted(map(repr, rules)), sorted(allow)))
    return hashlib.sha256(written.encode()).hexdigest()[:12]
