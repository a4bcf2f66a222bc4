"""Compiles a chain of documents, the policy's own first, to what judges and decides.

Pure but for the configured providers: the same documents give the same result in every process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from moderado.moderation.decide import (
    CompiledPolicy,
    ConditionRule,
    ProviderTerms,
    Threshold,
)
from moderado.moderation.effects import Effect
from moderado.moderation.policies import schema
from moderado.moderation.policies.blocklist import (
    DEFAULT_SEVERITY,
    PolicyBlocklist,
    pack_effects,
)
from moderado.moderation.policies.conditions import Condition, condition
from moderado.moderation.policies.examples import few_shot
from moderado.moderation.policies.fields import ANY
from moderado.moderation.policies.schema import (
    PolicyDocument,
    ProviderUse,
    RuleGroup,
    ThresholdRow,
)
from moderado.moderation.providers.base import (
    Budget,
    ConfiguredProvider,
    OnError,
    OnUnknown,
    takes_examples,
)
from moderado.moderation.providers.blocklist import BlocklistProvider
from moderado.moderation.registry import proposed_thresholds
from moderado.moderation.types import Category, Outcome

MISSING = "not_configured"  # the error of a provider that a policy names and nothing configures


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """A policy in force: what measures, and what decides.

    Attributes:
        policy: What decides.
        providers: What measures, in order.
        missing: Providers that the policy names and the configuration lacks. They fail.
        shadows: What measures a sample afterwards, without effect, and the share of it.
        conditions: When a provider is asked, by its name.
        reads: What its conditions read that costs a query: `approved`, `strikes`, `counts`.
        names: The names that its conditions use, such as `length`.
    """

    policy: CompiledPolicy
    providers: tuple[ConfiguredProvider, ...]
    shadows: tuple[tuple[ConfiguredProvider, float], ...] = ()
    missing: tuple[str, ...] = ()
    conditions: Mapping[str, Condition]
    reads: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


def compile_policy(
    documents: Sequence[PolicyDocument],
    *,
    version: str,
    configured: Sequence[ConfiguredProvider],
) -> Runtime:
    """Return the runtime of a chain of documents.

    Args:
        documents: The policy's own document, then those that it extends, in order.
        version: Of the policy's own document.
        configured: The providers that the operator's configuration names.
    """
    uses = _uses(documents, configured)
    known = {each.name: each for each in configured}
    parts = [(_provider(known[use.use], use, documents), use) for use in uses if use.use in known]
    conditions = {each.use: condition(each.when) for each in uses if each.when is not None}
    bare = [
        (rule, _bare_condition(rule)) for each in documents for rule in each.rules if _is_bare(rule)
    ]
    thresholds = _thresholds(documents)
    whens = [
        condition(rule.when) for each in documents for rule in each.rules if rule.when is not None
    ]
    checked = [*conditions.values(), *whens, *(each for _, each in bare)]
    policy = CompiledPolicy(
        name=documents[0].name,
        version=version,
        rules=[table for each in documents for table in _tables(each)],
        conditions=tuple(_condition_rule(*each) for each in bare),
        thresholds={Category(name): row for name, row in thresholds.items() if name != ANY},
        any_threshold=thresholds.get(ANY),
        providers={each.use: _terms(each, known.get(each.use)) for each in uses},
        exempt_roles=frozenset(role for each in documents for role in each.exempt.roles),
        reads_facts=bool(checked) or any(each.exempt.roles for each in documents),
    )
    providers = tuple(each for each, use in parts if not use.shadow)
    return Runtime(
        policy=replace(policy, fallback=fallback_of(providers, policy)),
        providers=providers,
        shadows=tuple((each, use.sample) for each, use in parts if use.shadow),
        missing=tuple(each.use for each in uses if each.use not in known),
        conditions=conditions,
        reads=frozenset().union(*(each.reads for each in checked)),
        names=frozenset().union(*(each.names for each in checked)),
    )


def _uses(
    documents: Sequence[PolicyDocument], configured: Sequence[ConfiguredProvider]
) -> Sequence[ProviderUse]:
    """Return the providers of the first document that names any; otherwise all configured ones."""
    for each in documents:
        if each.providers is not None:
            return each.providers
    return [
        ProviderUse(use=each.name, on_error=each.on_error.value, on_unknown=each.on_unknown.value)
        for each in configured
    ]


def _provider(
    configured: ConfiguredProvider, use: ProviderUse, documents: Sequence[PolicyDocument]
) -> ConfiguredProvider:
    provider = configured.provider
    if isinstance(provider, BlocklistProvider):
        provider = PolicyBlocklist(provider, documents)
    elif takes_examples(provider):
        provider = provider.with_examples(few_shot(documents, _thresholds(documents)))
    return replace(
        configured,
        provider=provider,
        on_error=OnError(use.on_error),
        on_unknown=_on_unknown(use, configured),
        budget=_budget(use.budget) if use.budget else configured.budget,
    )


def _budget(written: schema.Budget) -> Budget:
    return Budget(
        calls_per_day=written.calls_per_day,
        tokens_per_minute=written.tokens_per_minute,
        cost_per_day=written.cost_per_day,
        cost_per_call=written.cost_per_call,
    )


def _on_unknown(use: ProviderUse, configured: ConfiguredProvider) -> OnUnknown:
    return configured.on_unknown if use.on_unknown is None else OnUnknown(use.on_unknown)


def _terms(use: ProviderUse, configured: ConfiguredProvider | None) -> ProviderTerms:
    unknown = _on_unknown(use, configured).value if configured else use.on_unknown or "next"
    return ProviderTerms(
        on_error=use.on_error,
        on_unknown=unknown,
        follows=use.recommendation == "follow",
        is_shadow=use.shadow,
    )


def _thresholds(documents: Sequence[PolicyDocument]) -> dict[str, Threshold]:
    """Return the rows of all documents; the first document that has a row decides it."""
    rows: dict[str, Threshold] = {}
    for each in reversed(documents):
        rows |= {name: _threshold(row) for name, row in each.thresholds.items()}
    return rows


def fallback_of(
    providers: Sequence[ConfiguredProvider], policy: CompiledPolicy
) -> dict[str, Threshold]:
    """Return the rows that providers propose for scores about which the policy says nothing."""
    if policy.any_threshold is not None:
        return {}
    own = {category.value for category in policy.thresholds}
    proposed = proposed_thresholds(providers)
    return {name: Threshold(**row) for name, row in proposed.items() if name not in own}


def _threshold(row: ThresholdRow) -> Threshold:
    return Threshold(flag=row.flag, hold=row.hold, block=row.block, resources=row.resources)


def _tables(document: PolicyDocument) -> list[Mapping[str, Effect]]:
    """Return the rule tables of one document: its own rules, then its packs, the last one first."""
    own = {
        rule.id: _effect(rule)
        for rule in document.rules
        if rule.pack is None and not _is_bare(rule)
    }
    packs = [_pack_table(rule) for rule in document.rules if rule.pack is not None]
    return [own, *reversed(packs)]


def _pack_table(rule: RuleGroup) -> Mapping[str, Effect]:
    """Return the table of a pack's rule. All policies share it where it says nothing of its own."""
    shared = pack_effects(rule.pack or "")
    if rule.outcome is None and rule.when is None and not rule.aimed_only:
        return shared
    return {name: _pack_effect(rule, own) for name, own in shared.items()}


def _pack_effect(rule: RuleGroup, own: Effect) -> Effect:
    """Return what follows from a pack's rule: as the pack says, unless the policy says more."""
    when = condition(rule.when) if rule.when is not None else None
    if rule.outcome is None and not rule.aimed_only:
        return replace(own, when=when)
    if rule.outcome is None:
        aimed = own.outcome if own.aimed is None else own.aimed
        return replace(own, outcome=Outcome.ALLOW, aimed=aimed, when=when)
    return _effect(rule)


def _effect(rule: RuleGroup) -> Effect:
    outcome = _outcome(rule.outcome)
    aimed = _outcome(rule.aimed) if rule.aimed else None
    return Effect(
        outcome=Outcome.ALLOW if rule.aimed_only else outcome,
        aimed=(aimed or outcome) if rule.aimed_only else aimed,
        about=_outcome(rule.about) if rule.about else Outcome.ALLOW if rule.aimed_only else None,
        quoted=_outcome(rule.quoted) if rule.quoted else Outcome.HOLD,
        expletive=_outcome(rule.expletive) if rule.expletive else None,
        when=condition(rule.when) if rule.when is not None else None,
    )


def _is_bare(rule: RuleGroup) -> bool:
    """Tell whether a rule reads no text: a condition or a flood."""
    return rule.condition is not None or rule.flood is not None


def _bare_condition(rule: RuleGroup) -> Condition:
    parts = [f"({each})" for each in (rule.condition, rule.when) if each is not None]
    if rule.flood is not None:
        parts.append(f"counts.messages_{rule.flood.seconds}s >= {rule.flood.messages}")
    return condition(" && ".join(parts))


def _condition_rule(rule: RuleGroup, met: Condition) -> ConditionRule:
    return ConditionRule(
        rule=rule.id,
        condition=met,
        category=rule.category or Category.SPAM,
        severity=DEFAULT_SEVERITY if rule.severity is None else rule.severity,
        outcome=_outcome(rule.outcome),
    )


def _outcome(name: str | None) -> Outcome:
    return Outcome((name or "allow").upper())
