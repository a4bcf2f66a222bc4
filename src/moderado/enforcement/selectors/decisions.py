"""What was decided about a person, by moderators and by machines, and what can be appealed."""

from collections.abc import Collection
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef, Q

from moderado.enforcement.models import Appeal, Purge, ReportingSuspension, Ruling, Sanction
from moderado.enforcement.selectors.appeal_views import appeal_view
from moderado.enforcement.selectors.decision_views import (
    appeal_from,
    decision_view,
    reason_for_author,
)
from moderado.enforcement.selectors.past_verdicts import Position as Position
from moderado.enforcement.selectors.past_verdicts import overturned_verdicts
from moderado.enforcement.selectors.verdict_decisions import (
    Decision,
    overturned,
    verdicts,
    verdicts_of,
)
from moderado.enforcement.statements import (
    KEPT_FLAGGED,
    guideline_path,
    help_for,
    statement,
    what_became,
)
from moderado.enforcement.types import ContentOutcome, DecisionType
from moderado.enforcement.views import DecisionView, SanctionNote


class _Differing(TypedDict, total=False):
    """Arguments of `decision_view` that not every kind of stored decision has."""

    sanctions: tuple[SanctionNote, ...]
    ends_at: datetime | None
    is_reversed: bool
    by: str
    explanation: str
    appeal_from: datetime | None


def decisions_about(
    user_id: UUID, *, before: Position | None = None, limit: int = 20
) -> list[Decision]:
    """Return decisions about a person, newest first."""
    found = [
        *_rulings(user_id, before, limit),
        *_sanctions(user_id, before, limit),
        *_suspensions(user_id, before, limit),
        *_purges(user_id, before, limit),
        *verdicts(user_id, before, limit),
        *map(overturned, overturned_verdicts(author_id=user_id, before=before, limit=limit)),
    ]
    found.sort(key=lambda each: each.key, reverse=True)
    return _explained(_with_appeals(user_id, found[:limit]))


def decision_about(user_id: UUID, decision_id: UUID) -> Decision | None:
    """Return one decision about a person, by the id that the list shows."""
    found = decisions_among(user_id, [decision_id])
    return found[0] if found else None


def ruling_about(user_id: UUID, ruling_id: UUID) -> Decision | None:
    """Return one decision about a person, which is a ruling, by its id."""
    found = _explained(_with_appeals(user_id, _rulings(user_id, None, 1, [ruling_id])))
    return found[0] if found else None


def decisions_among(user_id: UUID, ids: Collection[UUID]) -> list[Decision]:
    """Return those of these decisions that are about a person, in no order."""
    found: list[Decision] = []
    missing = set(ids)
    for source in (_rulings, _sanctions, _suspensions, _purges):
        if missing:
            found += source(user_id, None, len(missing), missing)
            missing -= {each.view.id for each in found}
    for decision_id in missing:
        of_subject = verdicts_of(user_id, decision_id)
        found += [each for each in of_subject if each.view.id == decision_id][:1]
    return _explained(_with_appeals(user_id, found))


def _page(before: Position | None, ids: Collection[UUID] | None) -> Q:
    wanted = Q() if ids is None else Q(pk__in=ids)
    if before is not None:
        moment, last_id = before
        wanted &= Q(created_at__lt=moment) | Q(created_at=moment, id__lt=last_id)
    return wanted


def _rulings(
    user_id: UUID, before: Position | None, limit: int, ids: Collection[UUID] | None = None
) -> list[Decision]:
    """Rulings that cannot be undone any more. Their sanctions belong to them."""
    reversed_by = Ruling.objects.filter(reverses=OuterRef("pk"), undone_at=None)
    rows = (
        Ruling.objects.filter(_page(before, ids), has_consequences(), author=user_id)
        .annotate(is_reversed=Exists(reversed_by))
        .select_related("case", "reverses__reverses")
        .prefetch_related("sanctions")
        .order_by("-created_at", "-id")[:limit]
    )
    return [
        Decision(
            view=_view(
                DecisionType.RULING,
                row,
                subject=(row.subject_type, row.subject_id, row.scope_id),
                outcome=_outcome_of(row),
                sanctions=tuple(map(_note, row.sanctions.all())),
                reason=reason_for_author(row),
                explanation=what_became(row.subject_type, _outcome_of(row), row.was_seen),
                is_reversed=row.is_reversed,
                appeal_from=appeal_from(row),
            ),
            key=(row.created_at, row.id),
            revision=row.revision,
            ruling=row,
            decided_by=row.actor_id,
        )
        for row in rows
    ]


def has_consequences() -> Q:
    """Return the condition of rulings that their author learns of.

    Of a ruling that left all as it was, they learn nothing: not even that there was a complaint.
    """
    imposed = Sanction.objects.filter(ruling=OuterRef("pk"))
    informs = Q(content__in=(ContentOutcome.REMOVE, ContentOutcome.KEEP_FLAGGED))
    return Q(informs | Exists(imposed), undone_at=None, settled_at__isnull=False)


def _outcome_of(ruling: Ruling) -> str:
    if ruling.content == ContentOutcome.REMOVE:
        return "removed"
    return "sanctioned" if ruling.sanctions.all() else KEPT_FLAGGED


def _sanctions(
    user_id: UUID, before: Position | None, limit: int, ids: Collection[UUID] | None = None
) -> list[Decision]:
    rows = Sanction.objects.filter(_page(before, ids), user=user_id, ruling=None)
    rows = rows.select_related("cause")
    return [
        Decision(
            view=_view(
                DecisionType.SANCTION,
                row,
                subject=("person", user_id, row.scope_id),
                outcome="sanctioned",
                sanctions=(_note(row),),
                ends_at=row.ends_at,
                is_reversed=row.lifted_at is not None,
                by="machine" if row.actor_id is None else "moderation",
                appeal_from=row.appeal_from,
            ),
            key=(row.created_at, row.id),
            # Who gave the strike that led to a sanction does not decide about that either.
            decided_by=row.actor_id or (row.cause.actor_id if row.cause else None),
        )
        for row in rows.order_by("-created_at", "-id")[:limit]
    ]


def _suspensions(
    user_id: UUID, before: Position | None, limit: int, ids: Collection[UUID] | None = None
) -> list[Decision]:
    rows = ReportingSuspension.objects.filter(_page(before, ids), user=user_id)
    return [
        Decision(
            view=_view(
                DecisionType.SUSPENSION,
                row,
                subject=("person", user_id, None),
                outcome="suspended",
                ends_at=row.ends_at,
                is_reversed=row.lifted_at is not None,
            ),
            key=(row.created_at, row.id),
            decided_by=row.actor_id,
        )
        for row in rows.order_by("-created_at", "-id")[:limit]
    ]


def _purges(
    user_id: UUID, before: Position | None, limit: int, ids: Collection[UUID] | None = None
) -> list[Decision]:
    """Purges of which the person was notified."""
    rows = Purge.objects.filter(_page(before, ids), user=user_id, told_at__isnull=False)
    return [
        Decision(view=_purge_view(row), key=(row.created_at, row.id), decided_by=row.actor_id)
        for row in rows.order_by("-created_at", "-id")[:limit]
    ]


def _purge_view(row: Purge) -> DecisionView:
    view = _view(
        DecisionType.PURGE,
        row,
        subject=("person", row.user_id, row.scope_id),
        outcome="removed",
        is_reversed=row.state == Purge.State.REVERSED,
    )
    if row.state == Purge.State.REVERSING:
        return msgspec.structs.replace(view, is_being_reversed=True, appealable=False)
    return view


def _view(
    kind: DecisionType,
    row: Ruling | Sanction | ReportingSuspension | Purge,
    *,
    subject: tuple[str, UUID, UUID | None],
    outcome: str,
    reason: str | None = None,
    **differing: Unpack[_Differing],
) -> DecisionView:
    return decision_view(
        kind,
        row.id,
        subject=subject,
        outcome=outcome,
        reason=row.reason if reason is None else reason,
        public_note=row.public_note,
        decided_at=row.created_at,
        # Without consequences, there is nothing to appeal.
        has_appeal=outcome != KEPT_FLAGGED,
        **differing,
    )


def _note(sanction: Sanction) -> SanctionNote:
    return SanctionNote(
        id=sanction.id,
        kind=sanction.kind,
        room=sanction.scope_id,
        ends_at=sanction.ends_at,
        is_lifted=sanction.lifted_at is not None,
        end_changed_at=sanction.end_changed_at,
        end_reason=sanction.end_reason,
    )


def _with_appeals(user_id: UUID, found: list[Decision]) -> list[Decision]:
    ids = [each.view.id for each in found]
    appeals = Appeal.objects.filter(appellant=user_id, decision_id__in=ids)
    by_id = {appeal.decision_id: appeal_view(appeal) for appeal in appeals}
    return [
        each
        if each.view.id not in by_id
        else msgspec.structs.replace(
            each,
            view=msgspec.structs.replace(each.view, appeal=by_id[each.view.id], appealable=False),
        )
        for each in found
    ]


def _explained(found: list[Decision]) -> list[Decision]:
    """Complete the views with statements of reasons, in the active language."""
    return [
        msgspec.structs.replace(
            each,
            view=msgspec.structs.replace(
                each.view,
                explanation=statement(each.view),
                guideline=guideline_path(each.view.reason, each.view.categories),
                resources=help_for(each.view),
            ),
        )
        for each in found
    ]
