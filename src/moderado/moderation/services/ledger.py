"""Calls that may cost money: reserved before they are made, recorded when they are answered.

A reserved call that nobody settled belongs to a worker that died, before or after the provider
took it: nobody can know. It is repeated only under an idempotency key; else the ladder decides.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from moderado.core.ids import new_id
from moderado.moderation.models import ProviderBudget, ProviderCall
from moderado.moderation.providers.base import Judge
from moderado.moderation.types import Assessment, Category, Content, Failure, Outcome, Span

State = ProviderCall.State

OUTCOME_UNKNOWN = "outcome_unknown"
BUDGET_SPENT = "budget_spent"


@dataclass(frozen=True, slots=True)
class Call:
    """A reserved call: `content` carries its idempotency key."""

    id: UUID
    judge: Judge
    content: Content


Known = Assessment | Failure | Call


def reserve(wanted: Sequence[tuple[Content, Judge]]) -> list[Known]:
    """For each content and judge: the answer that is known, or a call that may now be made.

    In the caller's transaction, which must commit before any of the calls is made.
    """
    before = _calls_before([content for content, _ in wanted])
    known: list[Known] = []
    fresh: list[tuple[ProviderCall, Call]] = []
    for content, judge in wanted:
        last = before.get((content.subject_id, content.revision, judge.name))
        found = _from_ledger(last, content, judge)
        if found is None:
            row = _row(content, judge, attempt=last.attempt + 1 if last else 1)
            found = _call(row, content, judge)
            fresh.append((row, found))
        known.append(found)
    refused = _over_budget([call for _, call in fresh])
    ProviderCall.objects.bulk_create(row for row, _ in fresh if row.id not in refused)
    return [_unless_refused(each, refused) for each in known]


@transaction.atomic
def settle(answers: Iterable[tuple[Call, Assessment | Failure]]) -> None:
    """Record what came of these calls, in a transaction of its own.

    A late answer to a call that was given up as unknown is recorded too: it was paid for.
    """
    for call, answer in answers:
        open_call = ProviderCall.objects.filter(
            pk=call.id, state__in=(State.RESERVED, State.UNKNOWN)
        )
        if isinstance(answer, Assessment):
            open_call.update(
                state=State.ANSWERED,
                cost=answer.cost,
                model=answer.model,
                response=_written(answer),
                settled_at=timezone.now(),
            )
        else:
            done = answer.retry_after is None
            open_call.update(
                state=State.UNKNOWN if done else State.FAILED,
                error=answer.error,
                settled_at=timezone.now(),
            )


def _calls_before(contents: Sequence[Content]) -> dict[tuple[UUID, int, str], ProviderCall]:
    """The latest call of each subject, revision and provider."""
    rows = ProviderCall.objects.filter(
        subject_id__in={content.subject_id for content in contents},
        purpose=ProviderCall.Purpose.DECIDE,
    ).order_by("attempt")
    return {(row.subject_id, row.revision, row.provider): row for row in rows}


def _from_ledger(last: ProviderCall | None, content: Content, judge: Judge) -> Known | None:
    """What the latest call says; None if another one may be made."""
    if last is None or last.state == State.FAILED:
        return None
    if last.state == State.ANSWERED:
        return _read(judge.name, last.response or {})
    if judge.is_idempotent:
        return _call(last, content, judge)
    ProviderCall.objects.filter(pk=last.pk, state=State.RESERVED).update(state=State.UNKNOWN)
    return Failure(provider=judge.name, error=OUTCOME_UNKNOWN)


def _row(content: Content, judge: Judge, *, attempt: int) -> ProviderCall:
    return ProviderCall(
        id=new_id(),
        subject_type=content.subject_type,
        subject_id=content.subject_id,
        revision=content.revision,
        provider=judge.name,
        attempt=attempt,
    )


def _call(row: ProviderCall, content: Content, judge: Judge) -> Call:
    context = {**content.context, "idempotency_key": str(row.id)}
    return Call(row.id, judge, replace(content, context=context))


def _over_budget(calls: Sequence[Call]) -> set[UUID]:
    """Take the calls out of their judges' budgets; those that no longer fit."""
    refused: set[UUID] = set()
    # In the order of names: two workers lock the same budgets in the same order.
    for judge in sorted({call.judge for call in calls}, key=lambda judge: judge.name):
        if judge.budget is not None:
            asked = [call.id for call in calls if call.judge == judge]
            refused |= set(asked[_take(judge.name, cap=judge.budget, wanted=len(asked)) :])
    return refused


def _take(provider: str, *, cap: int, wanted: int) -> int:
    """How many of `wanted` calls today's budget still allows; they are spent by this."""
    today: date = timezone.now().date()
    ProviderBudget.objects.bulk_create(
        [ProviderBudget(provider=provider, day=today)], ignore_conflicts=True
    )
    budget = ProviderBudget.objects.select_for_update(no_key=True).get(provider=provider, day=today)
    granted = max(0, min(wanted, cap - budget.calls))
    budget.calls += granted
    budget.save(update_fields=["calls"])
    return granted


def _unless_refused(known: Known, refused: Collection[UUID]) -> Known:
    if isinstance(known, Call) and known.id in refused:
        return Failure(provider=known.judge.name, error=BUDGET_SPENT)
    return known


def _written(answer: Assessment) -> dict[str, Any]:
    return {
        "outcome": answer.outcome.value,
        "model": answer.model,
        "categories": {name.value: score for name, score in answer.categories.items()},
        "spans": [[s.start, s.end, s.rule, s.category.value] for s in answer.spans],
        "cost": answer.cost,
        "latency": answer.latency,
        "raw": dict(answer.raw),
    }


def _read(provider: str, stored: Mapping[str, Any]) -> Assessment:
    return Assessment(
        provider=provider,
        outcome=Outcome(stored["outcome"]),
        model=stored["model"],
        categories={Category(name): score for name, score in stored["categories"].items()},
        spans=tuple(
            Span(start=start, end=end, rule=rule, category=Category(category))
            for start, end, rule, category in stored["spans"]
        ),
        cost=stored["cost"],
        latency=stored["latency"],
        raw=stored["raw"],
    )
