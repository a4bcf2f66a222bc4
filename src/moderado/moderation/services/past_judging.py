"""Judges past texts by another policy: local providers anew, remote ones as they answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from moderado.moderation.decide import EXEMPT
from moderado.moderation.evaluation.past import PastDecision, failures_of, signals_of
from moderado.moderation.policies.compile import Runtime
from moderado.moderation.providers.base import is_remote
from moderado.moderation.services.screening import Answer, decide_all, measure
from moderado.moderation.types import Content, Outcome, Signal, Verdict


@dataclass(frozen=True, slots=True)
class Past:
    """A past decision, and its content under the other policy."""

    decision: PastDecision
    content: Content


@dataclass(frozen=True, slots=True)
class Rejudged:
    """The verdict of the other policy. `unknown`: remote providers without a stored answer."""

    verdict: Verdict
    unknown: tuple[str, ...] = ()


def judge_again(past: Sequence[Past], compiled: Runtime) -> list[Rejudged]:
    """Judge past contents by one policy; no provider is called over the network."""
    contents = [each.content for each in past]
    columns = measure(contents, compiled)
    verdicts = decide_all(contents, columns, compiled)
    remote = [each.name for each in compiled.providers if is_remote(each.provider)]
    if not remote:
        return [Rejudged(verdict) for verdict in verdicts]
    return [
        _with_stored(each, [column[at] for column in columns], verdict, compiled)
        for at, (each, verdict) in enumerate(zip(past, verdicts, strict=True))
    ]


def _with_stored(
    past: Past, local: Sequence[Answer], verdict: Verdict, compiled: Runtime
) -> Rejudged:
    """Add the stored answers of the remote providers that the policy would have asked."""
    if verdict.signals and (verdict.outcome is Outcome.BLOCK or verdict.decided_by == EXEMPT):
        return Rejudged(verdict)  # screening would not have asked either
    signals = [each for each in local if isinstance(each, Signal)]
    stored: dict[str, Answer] = {each.provider: each for each in failures_of(past.decision)}
    stored |= {each.provider: each for each in signals_of(past.decision, compiled.policy)}
    answers: list[Answer] = list(local)
    unknown = []
    for configured in compiled.providers:
        if not is_remote(configured.provider):
            continue
        when = compiled.conditions.get(configured.name)
        if when is not None and not when(past.content, signals):
            continue
        if configured.name in stored:
            answers.append(stored[configured.name])
        else:
            unknown.append(configured.name)
    order = {name: at for at, name in enumerate(compiled.policy.providers)}
    given = sorted(
        (each for each in answers if each is not None),
        key=lambda each: order.get(each.provider, len(order)),
    )
    (again,) = decide_all([past.content], [[each] for each in given], compiled)
    return Rejudged(again, tuple(unknown))
