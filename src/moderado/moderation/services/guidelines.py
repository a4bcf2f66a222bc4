"""What a policy means for members: which categories it knows, and what follows at worst.

It says nothing of words, patterns, conditions or thresholds. Examples are shown only of rules that
say `public_examples`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.signals import setting_changed

from moderado.moderation.compiled import CompiledPolicy
from moderado.moderation.effects import Effect
from moderado.moderation.models import PolicyVersion
from moderado.moderation.policies.documents import read_json
from moderado.moderation.policies.packs import groups_of
from moderado.moderation.policies.schema import PolicyDocument, RuleGroup
from moderado.moderation.rules import pack
from moderado.moderation.services.policy_lookup import Chain, runtime
from moderado.moderation.types import Category, Outcome

MAX_CHAINS = 256
SHOWN = 20  # examples of a category

_Found = tuple[Category, Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guideline:
    """A category of a policy.

    Attributes:
        category: What is not wanted.
        outcomes: What an automatic check may do about it: of FLAG, HOLD and BLOCK, the mildest
            first.
        examples: Texts that the policy shows in public.
    """

    category: Category
    outcomes: Sequence[Outcome]
    examples: Sequence[str] = ()


@lru_cache(MAX_CHAINS)
def guidelines(chain: Chain) -> Sequence[Guideline]:
    """Return what these versions of policies mean for members, in the order of categories.

    Args:
        chain: Of `policy_lookup.in_force`; () is the configuration.
    """
    policy = runtime(chain).policy
    documents = _documents(chain)
    found: dict[Category, set[Outcome]] = {category: set() for category in Category}
    for category, outcome in (
        *_by_scores(policy),
        *((rule.category, rule.outcome) for rule in policy.conditions),
        *(each for document in documents for each in _by_document(document, policy)),
        *(_by_configuration(chain) if not documents else ()),
    ):
        found[category].add(outcome)
    return tuple(
        Guideline(
            category=category,
            outcomes=sorted(outcomes - {Outcome.ALLOW}, key=lambda each: each.severity),
            examples=_examples(documents, category),
        )
        for category, outcomes in found.items()
        if outcomes - {Outcome.ALLOW}
    )


def _documents(chain: Chain) -> Sequence[PolicyDocument]:
    stored = PolicyVersion.objects.in_bulk(chain)
    return [read_json(stored[each].document) for each in chain if each in stored]


def _by_scores(policy: CompiledPolicy) -> Iterator[_Found]:
    for category in Category:
        row = policy.threshold(category)
        if row is None:
            continue
        steps = {Outcome.FLAG: row.flag, Outcome.HOLD: row.hold, Outcome.BLOCK: row.block}
        yield from ((category, outcome) for outcome, step in steps.items() if step is not None)


def _by_document(document: PolicyDocument, policy: CompiledPolicy) -> Iterator[_Found]:
    for rule in document.rules:
        if rule.pack is not None:
            yield from _by_pack(rule.pack, policy, document.without)
        elif rule.category is not None:
            yield from ((rule.category, each) for each in _outcomes(policy.effect(rule.id)))


def _by_pack(name: str, policy: CompiledPolicy, without: Iterable[str]) -> Iterator[_Found]:
    whole, groups = groups_of(name)
    left_out = set(without)
    for rule in pack.load(whole).rules:
        group = rule.id.partition("/")[0]
        if group in groups and not {group, rule.id} & left_out:
            yield from ((rule.category, each) for each in _outcomes(policy.effect(rule.id)))


def _by_configuration(chain: Chain) -> Iterator[_Found]:
    """Yield what the configured lists lead to, where no policy is stored."""
    compiled = runtime(chain)
    for each in compiled.providers:
        options: Mapping[str, Any] = json.loads(getattr(each.provider, "options", "{}"))
        without = options.get("without", ())
        for name in options.get("packs", ()):
            yield from _by_pack(name, compiled.policy, without)
        for rule in options.get("rules", ()):
            effect = compiled.policy.effect(rule["id"])
            yield from ((Category(rule["category"]), found) for found in _outcomes(effect))


def _outcomes(effect: Effect | None) -> Iterator[Outcome]:
    if effect is not None:
        yield effect.outcome
        yield from (each for each in (effect.aimed, effect.about) if each is not None)


def _examples(documents: Iterable[PolicyDocument], category: Category) -> Sequence[str]:
    rules: Iterator[RuleGroup] = (rule for each in documents for rule in each.rules)
    public = (rule for rule in rules if rule.public_examples and rule.category is category)
    return tuple(text for rule in public for text in rule.must_hold)[:SHOWN]


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "MODERATION_PROVIDERS":
        guidelines.cache_clear()


setting_changed.connect(_forget)
