"""Turns signals into a verdict. Pure: no clock, no database, no network.

The same signals, facts and policy version give the same verdict for ever. Replay, backtests and
calibration rest on that.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from moderado.moderation.compiled import CompiledPolicy as CompiledPolicy
from moderado.moderation.compiled import ConditionRule as ConditionRule
from moderado.moderation.compiled import ProviderTerms as ProviderTerms
from moderado.moderation.compiled import Threshold as Threshold
from moderado.moderation.effects import Effect as Effect  # read by those who build policies
from moderado.moderation.types import (
    Basis,
    Category,
    Content,
    Failure,
    Fault,
    Ground,
    Match,
    Outcome,
    Reason,
    Signal,
    Verdict,
)

UNJUDGED = "unjudged"
OFF = "off"
EXEMPT = "exempt"
CONDITION = "condition"  # decided by a rule that reads no text

_SELF_HARM = frozenset({Category.SELF_HARM})

# Outcomes of a failure where the policy assigns one.
_FAILED = {"hold": Outcome.HOLD, "reject": Outcome.BLOCK}


@dataclass(frozen=True, slots=True)
class _Step:
    outcome: Outcome
    reason: Reason | None
    decided_by: str
    basis: Basis
    categories: tuple[Category, ...] = ()


def decide(
    signals: Sequence[Signal],
    failures: Sequence[Failure],
    policy: CompiledPolicy,
    content: Content,
) -> Verdict:
    """Return the verdict: the severest step wins; content without any step is held.

    An answer without an opinion holds at least: a provider refuses mostly the worst texts, and an
    ALLOW of another one does not outweigh that (ADR 0009).
    """
    if content.author.role in policy.exempt_roles and not content.author.is_bot:
        steps = [_Step(Outcome.ALLOW, None, EXEMPT, Basis(ground=Ground.EXEMPT))]
    else:
        steps = [step for each in signals for step in _measured(each, policy, content, signals)]
        steps += _conditions(policy, content, signals)
        steps += [step for each in failures for step in _failed(each, policy.terms(each.provider))]
        steps = steps or [_without_steps(failures, policy)]
    decisive = max(steps, key=_severity)
    categories = _found(steps, signals)
    return Verdict(
        outcome=decisive.outcome,
        score=max(categories.values(), default=0.0),
        categories=categories,
        reason=decisive.reason,
        policy=policy.name,
        policy_version=policy.version,
        decided_by=decisive.decided_by,
        basis=decisive.basis,
        signals=tuple(signals),
        consequences=tuple(
            consequence(match, policy, content, signals)
            for each in signals
            for match in each.matches
        ),
        failures=tuple(failures),
        resources=_resources(decisive.outcome, categories, policy),
        fallback=policy.fallback,
    )


def unmoderated() -> Verdict:
    """Return the verdict of a room in mode `off`: shown, and logged as not judged."""
    return Verdict(outcome=Outcome.ALLOW, decided_by=OFF)


def _measured(
    signal: Signal, policy: CompiledPolicy, content: Content, signals: Sequence[Signal]
) -> Iterator[_Step]:
    terms = policy.terms(signal.provider)
    if terms.is_shadow:
        return
    yield _allowed(signal.provider)
    for match in signal.matches:
        outcome = consequence(match, policy, content, signals)
        if outcome is not Outcome.ALLOW:
            yield _step(
                outcome,
                Basis(
                    ground=Ground.RULE,
                    provider=signal.provider,
                    rule=match.rule,
                    category=match.category,
                    score=match.severity,
                ),
                match.category,
            )
    if signal.recommendation is not None and terms.follows:
        yield from _recommended(signal, signal.recommendation)
    else:
        yield from _thresholds(signal, policy)


def _conditions(
    policy: CompiledPolicy, content: Content, signals: Sequence[Signal]
) -> Iterator[_Step]:
    for each in policy.conditions:
        if each.outcome is not Outcome.ALLOW and each.condition(content, signals):
            basis = Basis(
                ground=Ground.RULE,
                provider=CONDITION,
                rule=each.rule,
                category=each.category,
                score=each.severity,
            )
            yield _step(each.outcome, basis, each.category)


def consequence(
    match: Match, policy: CompiledPolicy, content: Content, signals: Sequence[Signal]
) -> Outcome:
    """Return what follows from one match: ALLOW if the policy has no effect for its rule.

    A match that a disguise may show by chance holds at most, and so does one of self-harm.
    """
    effect = policy.effect(match.rule)
    if effect is None or (effect.when and not effect.when(content, signals)):
        return Outcome.ALLOW
    outcome = _limited(effect.of(match.usage), (match.category,))
    return outcome if match.is_certain else min(outcome, Outcome.HOLD, key=_rank)


def _rank(outcome: Outcome) -> int:
    return outcome.severity


def _recommended(signal: Signal, outcome: Outcome) -> Iterator[_Step]:
    if outcome is Outcome.ALLOW:
        return
    found = [*signal.scores, *(match.category for match in signal.matches)]
    highest = max(signal.scores, key=signal.scores.__getitem__, default=None)
    basis = Basis(
        ground=Ground.RECOMMENDATION,
        provider=signal.provider,
        category=highest or next(iter(found), None),
        score=signal.scores[highest] if highest else None,
    )
    yield _step(outcome, basis, *found)


def _thresholds(signal: Signal, policy: CompiledPolicy) -> Iterator[_Step]:
    for category, score in signal.scores.items():
        row = policy.threshold(category)
        crossed = row.crossed(score) if row else None
        if crossed is None:
            continue
        outcome, least = crossed
        basis = Basis(
            ground=Ground.THRESHOLD,
            provider=signal.provider,
            category=category,
            score=score,
            threshold=least,
        )
        yield _step(outcome, basis, category)


@lru_cache(256)
def _allowed(provider: str) -> _Step:
    return _step(Outcome.ALLOW, Basis(provider=provider))


def _step(outcome: Outcome, basis: Basis, *categories: Category) -> _Step:
    outcome = _limited(outcome, categories)
    return _Step(outcome, _reason(outcome), basis.provider, basis, categories)


def _limited(outcome: Outcome, categories: Sequence[Category]) -> Outcome:
    """Self-harm alone holds at most: its author needs a person, not a refusal."""
    is_limited = outcome is Outcome.BLOCK and categories and _SELF_HARM.issuperset(categories)
    return Outcome.HOLD if is_limited else outcome


def _failed(failure: Failure, terms: ProviderTerms) -> Iterator[_Step]:
    name, rule = failure.provider, terms.on_error
    if terms.is_shadow:
        return
    basis = Basis(ground=Ground.FAILURE, provider=name)
    if rule in _FAILED:
        yield _Step(_FAILED[rule], Reason.UNJUDGED, f"{name}:{rule}", basis)
    if failure.fault is Fault.NO_OPINION:
        yield _Step(Outcome.HOLD, Reason.UNJUDGED, f"{name}:no_opinion:hold", basis)
    if failure.fault is Fault.UNKNOWN and terms.on_unknown == "hold":
        yield _Step(Outcome.HOLD, Reason.UNJUDGED, f"{name}:unknown:hold", basis)


def _without_steps(failures: Sequence[Failure], policy: CompiledPolicy) -> _Step:
    asked = [each for each in failures if not policy.terms(each.provider).is_shadow]
    if asked and all(policy.terms(each.provider).on_error == "approve" for each in asked):
        last = asked[-1].provider
        basis = Basis(ground=Ground.FAILURE, provider=last)
        return _Step(Outcome.ALLOW, None, f"{last}:approve", basis)
    return _Step(Outcome.HOLD, Reason.UNJUDGED, UNJUDGED, Basis(ground=Ground.UNJUDGED))


def _resources(outcome: Outcome, categories: Iterable[Category], policy: CompiledPolicy) -> str:
    """Return the help that the policy names for what was found in a hidden text."""
    if outcome.severity < Outcome.HOLD.severity:
        return ""
    rows = (policy.threshold(category) for category in categories)
    return next((row.resources for row in rows if row and row.resources), "")


def _severity(step: _Step) -> int:
    return step.outcome.severity


def _reason(outcome: Outcome) -> Reason | None:
    if outcome is Outcome.BLOCK:
        return Reason.POLICY
    return Reason.REVIEW if outcome is Outcome.HOLD else None


def _found(steps: Sequence[_Step], signals: Sequence[Signal]) -> dict[Category, float]:
    found = dict.fromkeys((each for step in steps for each in step.categories), 0.0)
    for signal in signals if found else ():
        for match in signal.matches:
            if match.category in found:
                found[match.category] = max(found[match.category], match.severity)
        for category, score in signal.scores.items():
            if category in found:
                found[category] = max(found[category], score)
    return found
