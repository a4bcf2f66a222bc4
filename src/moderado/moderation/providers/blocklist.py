"""The local provider: words, phrases and patterns. It is always available."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from moderado.moderation.decide import Effect
from moderado.moderation.rules import joined, pack
from moderado.moderation.rules.group import own_rules
from moderado.moderation.rules.hits import Hit
from moderado.moderation.rules.matcher import Matcher
from moderado.moderation.rules.rule import Rule
from moderado.moderation.rules.work import Work
from moderado.moderation.types import PREVIOUS_TEXTS, Content, Match, Outcome, Signal

DEFAULT_PACKS = ("pt-BR", "en")
MAX_RULE_SETS = 2_048  # kept; the least recently used ones are dropped
MAX_PACKS = 64  # selections of packs that are kept compiled: some MiB each
_TOO_COSTLY = {"too_costly": True}


@dataclass(frozen=True, slots=True)
class _Options:
    """What a provider is built of; equal if `text`, of `normalized_options`, is."""

    text: str
    packs: Sequence[str] = field(compare=False)
    rules: Sequence[Mapping[str, Any]] = field(compare=False)
    allow: Sequence[str] = field(compare=False)
    without: Sequence[str] = field(compare=False)


class _RuleSet:
    """Compiled rules. Providers with equal options share it."""

    def __init__(self, version: str, matcher: Matcher, rules: Sequence[Rule]) -> None:
        self.version, self.matcher, self._rules = version, matcher, rules

    @cached_property
    def effects(self) -> Mapping[str, Effect]:
        """What follows from the rules. Policies have tables of their own, and do not ask."""
        return MappingProxyType(effects_of(self._rules))


class BlocklistProvider:
    """Compile the rules, once for each process and content.

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
        self.options = normalized_options(packs, rules, allow, without)
        compiled = _compiled(_Options(self.options, packs, rules, allow, without))
        self.name = name
        self.version = compiled.version
        self._compiled, self._matcher = compiled, compiled.matcher
        self._nothing_found = Signal(provider=name, model=self.version)

    @property
    def effects(self) -> Mapping[str, Effect]:
        """What follows from the rules, by group or by id."""
        return self._compiled.effects

    def assess(self, contents: Sequence[Content]) -> list[Signal]:
        return [self._signal(content) for content in contents]

    def _signal(self, content: Content) -> Signal:
        """Return what is found; a text that was not read to its end is to be held."""
        is_complete = True

        def find(text: str) -> list[Hit]:
            nonlocal is_complete
            hits = self._matcher.find(text, work := Work())
            is_complete = is_complete and not work.is_spent
            return hits

        hits = find(content.text)
        if is_complete and (previous := content.context.get(PREVIOUS_TEXTS)):
            hits += joined.across(previous, content.text, find)
        if not is_complete:
            return replace(
                self._nothing_found,
                matches=tuple(map(_match, hits)),
                recommendation=Outcome.HOLD,
                raw=_TOO_COSTLY,
            )
        if not hits:
            return self._nothing_found
        return Signal(provider=self.name, model=self.version, matches=tuple(map(_match, hits)))


@lru_cache(MAX_RULE_SETS)
def _compiled(options: _Options) -> _RuleSet:
    packs = tuple(sorted(options.packs, key=_place))
    without = _left_out_of(packs, options.without)
    of_packs, allowed = _rules_of_packs(packs, without), _allowed_by(packs)
    own = own_rules(options.rules)
    version = _digest([*of_packs, *own], [*options.allow, *allowed])
    if not packs:
        matcher = Matcher(rules=own, allow=options.allow)
    else:
        matcher = _packs(packs, without)
        if own or options.allow:
            matcher = Matcher(rules=own, allow=options.allow, base=matcher)
    return _RuleSet(version, matcher, (*of_packs, *own) if own else of_packs)


@lru_cache(MAX_PACKS)
def _packs(names: tuple[str, ...], without: tuple[str, ...]) -> Matcher:
    """Return packs, compiled once for all rule sets that have them, their own words apart."""
    return Matcher(rules=_rules_of_packs(names, without), allow=_allowed_by(names))


@lru_cache(MAX_PACKS)
def _rules_of_packs(names: tuple[str, ...], without: tuple[str, ...]) -> tuple[Rule, ...]:
    rules = (rule for name in names for rule in pack.load(name).rules)
    return tuple(rule for rule in rules if not _is_left_out(rule, without))


def _place(name: str) -> tuple[bool, str]:
    """Sort the packs of Portuguese first: of equally likely words, the first one is read."""
    return not name.startswith(DEFAULT_PACKS[0]), name


def _allowed_by(names: tuple[str, ...]) -> list[str]:
    return [word for name in names for word in pack.load(name).allow]


def _left_out_of(names: Iterable[str], without: Sequence[str]) -> tuple[str, ...]:
    """Return those of the ids that packs have, so that equal packs are compiled once."""
    if not without:
        return ()
    ids = {rule.id for name in names for rule in pack.load(name).rules}
    ids |= {each.partition("/")[0] for each in ids}
    return tuple(sorted(ids.intersection(without)))


def normalized_options(
    packs: Sequence[str],
    rules: Sequence[Mapping[str, Any]],
    allow: Sequence[str],
    without: Sequence[str],
) -> str:
    """Return a text that is equal for options that mean the same rules."""
    options = {
        "packs": sorted(packs),
        "rules": list(rules),
        "allow": sorted(allow),
        "without": sorted(without),
    }
    return json.dumps(options, sort_keys=True, default=repr)


def effects_of(rules: Iterable[Rule]) -> dict[str, Effect]:
    """Return what follows from the rules as their lists say, by group or by id.

    A group has the effect of its first rule. Rules with another effect are listed by their ids.
    """
    effects: dict[str, Effect] = {}
    for rule in rules:
        if effects.setdefault(rule.id.partition("/")[0], rule.effect) != rule.effect:
            effects[rule.id] = rule.effect
    return effects


def _match(hit: Hit) -> Match:
    return Match(
        start=hit.start,
        end=hit.end,
        rule=hit.rule.id,
        category=hit.category,
        severity=hit.severity,
        usage=hit.usage,
        reading=hit.reading,
        is_certain=hit.is_certain,
    )


def _is_left_out(rule: Rule, without: Sequence[str]) -> bool:
    return rule.id in without or rule.id.partition("/")[0] in without


def _digest(rules: Sequence[Rule], allow: Sequence[str]) -> str:
    """A digest that is equal for equal rules in every process and release."""
    written = repr((sorted(map(repr, rules)), sorted(allow)))
    return hashlib.sha256(written.encode()).hexdigest()[:12]
