"""The ledger of paid calls: reserved before the call, settled after the answer (ADR 0008).

A reserved call that was never settled belongs to a dead worker; whether the provider carried it
out is unknown. It is repeated only under an idempotency key, that is, as the same row.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from msgspec import structs

from moderado.core.database import as_rows, require_transaction, run_prepared
from moderado.core.ids import new_id
from moderado.moderation.commitments import canonical
from moderado.moderation.models import ProviderCall
from moderado.moderation.providers.base import ConfiguredProvider, OnUnknown
from moderado.moderation.providers.calls import ABSTAINED, QUOTA_EXHAUSTED
from moderado.moderation.services import budgets, health
from moderado.moderation.services.admission import Call as Call
from moderado.moderation.services.admission import admit
from moderado.moderation.services.texts import INSERT_LATE_TEXTS, Kind, text_row
from moderado.moderation.signals import decode, encode
from moderado.moderation.texts import texts_of
from moderado.moderation.types import Content, Failure, Fault, Signal

State = ProviderCall.State
Purpose = ProviderCall.Purpose

OUTCOME_UNKNOWN = "outcome_unknown"

_NOT_CARRIED_OUT = frozenset({Fault.NOT_DONE, Fault.BUSY, Fault.EXHAUSTED})


Known = Signal | Failure | Call


def reserve(
    wanted: Sequence[tuple[Content, ConfiguredProvider]], *, purpose: Purpose = Purpose.DECIDE
) -> list[Known]:
    """Reserve calls, or return what the ledger already knows. Requires a transaction.

    The transaction must commit before any of the calls is made.

    Args:
        wanted: Contents with the provider to ask.
        purpose: What for. Calls of another purpose are other calls, with their own budget.

    Returns:
        For each pair, in order: the known answer, or the call that may now be made.
    """
    require_transaction()
    before = _calls_before([content for content, _ in wanted], purpose)
    known: list[Known] = []
    fresh: dict[UUID, ProviderCall] = {}
    abandoned: list[UUID] = []  # calls of workers that died or lost their lease
    for content, configured in wanted:
        last = before.get((content.subject_id, content.revision, configured.name))
        found = _known_result(last, content, configured)
        if last is not None and last.state == State.RESERVED:
            abandoned.append(last.id)
        if found is None:
            row = _row(content, configured, purpose, attempt=last.attempt + 1 if last else 1)
            found, fresh[row.id] = _call(row, content, configured), row
        known.append(found)
    if abandoned:
        ProviderCall.objects.filter(pk__in=abandoned, state=State.RESERVED).update(
            state=State.UNKNOWN
        )
    settled = admit([each for each in known if isinstance(each, Call)], fresh, purpose)
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
        texts: list[dict[str, Any]] = []
        corrections = [_record(call, answer, texts) for call, answer in answered]
        if texts:
            run_prepared(INSERT_LATE_TEXTS, [as_rows(texts)])
        for name in sorted({call.account for call, _ in answered}):
            theirs = [each for each in answered if each[0].account == name]
            probed = next((answer for call, answer in theirs if call.is_probe), None)
            changes[name] = health.record(name, [answer for _, answer in theirs], probed=probed)
            _correct(name, [each for each in corrections if each and each.account == name])
    for name, events in changes.items():
        health.log_events(name, events)


class _Correction(NamedTuple):
    """What the cost of a call differs by from what its budget counted."""

    account: str
    day: date
    by: Decimal


def _record(
    call: Call, answer: Signal | Failure, texts: list[dict[str, Any]]
) -> _Correction | None:
    """Record a result; add what the provider wrote to `texts`, which the caller stores."""
    row = ProviderCall.objects.filter(pk=call.id)
    still_open = row.filter(state__in=(State.RESERVED, State.UNKNOWN))
    cost = call.bound
    if isinstance(answer, Signal):
        text = _text_of(call, answer)
        changed = still_open.update(
            state=State.ANSWERED,
            cost=answer.cost,
            model=answer.model,
            response=encode(answer),
            commitment=bytes.fromhex(text["commitment"]) if text else None,
            error="",
            settled_at=Now(),
        )
        if text and changed:
            texts.append(text)
        cost = Decimal(str(answer.cost))
    elif answer.fault in _NOT_CARRIED_OUT:
        # An earlier call under the same key stays unknown.
        changed = row.filter(state=State.RESERVED).update(
            state=State.FAILED, error=answer.error, settled_at=Now()
        )
        cost = Decimal(0)
    else:
        refused = answer.fault in {Fault.NO_OPINION, Fault.ABSTAINED}
        changed = still_open.update(
            state=State.REFUSED if refused else State.UNKNOWN,
            error=answer.error,
            settled_at=Now(),
        )
    if not changed or cost is None or call.bound is None or call.day is None:
        return None
    return _Correction(call.account, call.day, cost - call.bound)


def _correct(name: str, corrections: Sequence[_Correction]) -> None:
    for day in sorted({each.day for each in corrections}):
        by = sum((each.by for each in corrections if each.day == day), Decimal(0))
        if by:
            budgets.correct(name, day, by)


def _text_of(call: Call, answer: Signal) -> dict[str, Any] | None:
    written = canonical({"raw": dict(answer.raw)})
    return text_row(Kind.CALL, call.id, call.content, written) if answer.raw else None


def _calls_before(
    contents: Sequence[Content], purpose: Purpose
) -> dict[tuple[UUID, int, str], ProviderCall]:
    """Return the latest call of each subject, revision and provider, answered ones with texts."""
    rows = ProviderCall.objects.filter(
        subject_id__in={content.subject_id for content in contents},
        purpose=purpose,
    ).order_by("attempt")
    latest = {(row.subject_id, row.revision, row.provider): row for row in rows}
    answered = [row for row in latest.values() if row.state == State.ANSWERED]
    texts = texts_of(answered)
    for row in answered:
        row.response = {**(row.response or {}), **texts[row.pk].content}
    return latest


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


def _row(
    content: Content, configured: ConfiguredProvider, purpose: Purpose, *, attempt: int
) -> ProviderCall:
    return ProviderCall(
        id=new_id(),
        subject_type=content.subject_type,
        subject_id=content.subject_id,
        revision=content.revision,
        provider=configured.name,
        purpose=purpose,
        attempt=attempt,
    )


def _call(row: ProviderCall, content: Content, configured: ConfiguredProvider) -> Call:
    context = {**content.context, "idempotency_key": str(row.id)}
    content = structs.replace(content, context=context)
    return Call(
        row.id, configured, content, purpose=row.purpose, bound=row.bound, day=row.budget_day
    )
