"""The ledger of paid calls: reserved before the call, settled after the answer (ADR 0008).

A reserved call that was never settled belongs to a dead worker; whether the provider carried it
out is unknown. It is repeated only under an idempotency key, that is, as the same row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from msgspec import structs

from moderado.core.database import require_transaction
from moderado.core.ids import new_id
from moderado.moderation.models import ProviderCall
from moderado.moderation.providers.base import ConfiguredProvider, OnUnknown
from moderado.moderation.providers.calls import ABSTAINED, QUOTA_EXHAUSTED
from moderado.moderation.services import budgets, health
from moderado.moderation.services.health import Health
from moderado.moderation.signals import decode, encode
from moderado.moderation.types import Content, Failure, Fault, Signal

State = ProviderCall.State

OUTCOME_UNKNOWN = "outcome_unknown"
BUDGET_SPENT = "budget_spent"
BREAKER_OPEN = "breaker_open"
RATE_LIMITED = "rate_limited"

_NOT_CARRIED_OUT = frozenset({Fault.NOT_DONE, Fault.BUSY, Fault.EXHAUSTED})


@dataclass(frozen=True, slots=True)
class Call:
    """A reserved call. `content` carries its idempotency key."""

    id: UUID
    configured: ConfiguredProvider
    content: Content
    is_probe: bool = False  # decides whether the breaker closes


Known = Signal | Failure | Call


def reserve(wanted: Sequence[tuple[Content, ConfiguredProvider]]) -> list[Known]:
    """Reserve calls, or return what the ledger already knows. Requires a transaction.

    The transaction must commit before any of the calls is made.

    Args:
        wanted: Contents with the provider to ask.

    Returns:
        For each pair, in order: the known answer, or the call that may now be made.
    """
    require_transaction()
    before = _calls_before([content for content, _ in wanted])
    known: list[Known] = []
    fresh: dict[UUID, ProviderCall] = {}
    abandoned: list[UUID] = []  # calls of workers that died or lost their lease
    for content, configured in wanted:
        last = before.get((content.subject_id, content.revision, configured.name))
        found = _known_result(last, content, configured)
        if last is not None and last.state == State.RESERVED:
            abandoned.append(last.id)
        if found is None:
            row = _row(content, configured, attempt=last.attempt + 1 if last else 1)
            found, fresh[row.id] = _call(row, content, configured), row
        known.append(found)
    if abandoned:
        ProviderCall.objects.filter(pk__in=abandoned, state=State.RESERVED).update(
            state=State.UNKNOWN
        )
    settled = _admit([each for each in known if isinstance(each, Call)], fresh)
    ProviderCall.objects.bulk_create(
        row for row in fresh.values() if isinstance(settled[row.id], Call)
    )
    return [settled[each.id] if isinstance(each, Call) else each for each in known]


def settle(answers: Iterable[tuple[Call, Signal | Failure]]) -> None:
    """Record the results of calls, in a transaction of its own.

    A late answer to a call already given up as unknown is recorded too: it was paid for.
    """
    # One lock order for all workers that settle the same calls.
    answered = sorted(answers, key=lambda each: each[0].id)
    changes: dict[str, Sequence[str]] = {}
    with transaction.atomic():
        for call, answer in answered:
            _record(call, answer)
        for name in sorted({call.configured.name for call, _ in answered}):
            theirs = [each for each in answered if each[0].configured.name == name]
            probed = next((answer for call, answer in theirs if call.is_probe), None)
            changes[name] = health.record(name, [answer for _, answer in theirs], probed=probed)
    for name, events in changes.items():
        health.log_events(name, events)


def _record(call: Call, answer: Signal | Failure) -> None:
    row = ProviderCall.objects.filter(pk=call.id)
    still_open = row.filter(state__in=(State.RESERVED, State.UNKNOWN))
    if isinstance(answer, Signal):
        still_open.update(
            state=State.ANSWERED,
            cost=answer.cost,
            model=answer.model,
            response=encode(answer),
            error="",
            settled_at=Now(),
        )
    elif answer.fault in _NOT_CARRIED_OUT:
        # An earlier call under the same key stays unknown.
        row.filter(state=State.RESERVED).update(
            state=State.FAILED, error=answer.error, settled_at=Now()
        )
    else:
        refused = answer.fault in {Fault.NO_OPINION, Fault.ABSTAINED}
        still_open.update(
            state=State.REFUSED if refused else State.UNKNOWN,
            error=answer.error,
            settled_at=Now(),
        )


def _calls_before(contents: Sequence[Content]) -> dict[tuple[UUID, int, str], ProviderCall]:
    """Return the latest call of each subject, revision and provider."""
    rows = ProviderCall.objects.filter(
        subject_id__in={content.subject_id for content in contents},
        purpose=ProviderCall.Purpose.DECIDE,
    ).order_by("attempt")
    return {(row.subject_id, row.revision, row.provider): row for row in rows}


def _known_result(
    last: ProviderCall | None, content: Content, configured: ConfiguredProvider
) -> Known | None:
    """Return what the latest call says; None if another call may be made."""
    name = configured.name
    if last is None:
        return None
    if last.state == State.ANSWERED:
        return decode(name, last.response or {})
    if last.state == State.REFUSED:
        abstained = last.error == ABSTAINED
        fault = Fault.ABSTAINED if abstained else Fault.NO_OPINION
        return Failure(provider=name, error=last.error, fault=fault)
    if last.state == State.FAILED:
        spent = last.error == QUOTA_EXHAUSTED
        return Failure(provider=name, error=last.error, fault=Fault.EXHAUSTED) if spent else None
    if configured.on_unknown is OnUnknown.REPEAT:
        return _call(last, content, configured)
    return Failure(provider=name, error=OUTCOME_UNKNOWN, fault=Fault.UNKNOWN)


def _row(content: Content, configured: ConfiguredProvider, *, attempt: int) -> ProviderCall:
    return ProviderCall(
        id=new_id(),
        subject_type=content.subject_type,
        subject_id=content.subject_id,
        revision=content.revision,
        provider=configured.name,
        attempt=attempt,
    )


def _call(row: ProviderCall, content: Content, configured: ConfiguredProvider) -> Call:
    context = {**content.context, "idempotency_key": str(row.id)}
    return Call(row.id, configured, structs.replace(content, context=context))


def _admit(calls: Sequence[Call], fresh: Mapping[UUID, ProviderCall]) -> dict[UUID, Call | Failure]:
    """Return, by id, which calls may be made, and the failure of the others."""
    settled: dict[UUID, Call | Failure] = {call.id: call for call in calls}
    providers = {call.configured.name: call.configured for call in calls}
    states = health.read(providers) if providers else {}
    # Sorted by name: all workers lock the rows in the same order.
    for name, configured in sorted(providers.items()):
        theirs = [call for call in calls if call.configured.name == name]
        allowed = _admitted_by_health(name, theirs, states.get(name), settled)
        counted = [call for call in allowed if call.id in fresh]
        if configured.budget is not None and counted:
            granted = budgets.take(name, cap=configured.budget, wanted=len(counted))
            _refuse(counted[granted:], BUDGET_SPENT, settled)
    return settled


def _admitted_by_health(
    name: str,
    calls: Sequence[Call],
    state: Health | None,
    settled: dict[UUID, Call | Failure],
) -> Sequence[Call]:
    """Return the calls that the provider's health allows: all, none, or the probe."""
    if state is None:
        return calls
    if state.is_open:
        tries = state.is_due and not state.rest and health.claim_probe(name)
        probe = calls[:1] if tries else ()
        settled |= {call.id: replace(call, is_probe=True) for call in probe}
        _refuse(calls[len(probe) :], BREAKER_OPEN, settled)
        return probe
    if state.rest:
        _refuse(calls, RATE_LIMITED, settled, retry_after=state.rest)
        return ()
    return calls


def _refuse(
    calls: Iterable[Call],
    error: str,
    settled: dict[UUID, Call | Failure],
    *,
    retry_after: float | None = None,
) -> None:
    for call in calls:
        settled[call.id] = Failure(
            provider=call.configured.name,
            error=error,
            fault=Fault.NOT_ASKED,
            retry_after=retry_after,
        )
