"""What a moderator reads beside a case: notes, rulings, its timeline and the author's card."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.db.models.functions import Now

from moderado.accounts.models import User
from moderado.enforcement.models import CaseNote, Notice, Report, Ruling, Sanction
from moderado.enforcement.selectors.reports import reporter_records
from moderado.enforcement.selectors.restricted import (
    records_for_others,
    without_restricted_sanctions,
)
from moderado.enforcement.selectors.staff_lists import RulingFilter, rulings_for
from moderado.enforcement.selectors.strikes import points_on_card
from moderado.enforcement.types import Actor
from moderado.moderation.blind_cases import revealed
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.restricted_cases import without_restricted_cases, without_restricted_lines

SHOWN = 100  # rows of each kind
EARLIER = 20  # decisions on the author


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorCard:
    """What is known of an author, as far as the moderator's rooms go."""

    person: User
    created_at: datetime
    cases: int
    removed: int
    points: int
    sanctions: list[Sanction]
    decisions: list[Ruling]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """An entry of the timeline of a case. `actor` is None where no person acted."""

    kind: str
    at: datetime
    actor: User | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDetails:
    reports: list[Report]
    notices: list[Notice]
    notes: list[CaseNote]
    rulings: list[Ruling]
    signals: list[ModerationLog]
    author_card: AuthorCard | None
    timeline: list[TimelineEntry]


def case_details(*, actor: Actor, case: Case, with_records: bool = False) -> CaseDetails:
    """Return what a moderator reads beside a case that they may see, newest entries last.

    Args:
        actor: The moderator.
        case: The case.
        with_records: Whether they may see how earlier reports of its reporters were decided.
    """
    notes = list(case.notes.select_related("actor").order_by("created_at", "id")[:SHOWN])
    found = case.rulings.select_related("actor").order_by("created_at", "id")
    rulings = list(found[:SHOWN])
    lines = list(_lines(actor, case))
    of_case = Report.objects.filter(case=case).select_related("reporter")
    reports = list(of_case.order_by("created_at", "id")[:SHOWN])
    if with_records:
        records = reporter_records({each.reporter_id for each in reports})
        for each in reports:
            each.reporter_record = records[each.reporter_id]  # type: ignore[attr-defined]
    return CaseDetails(
        reports=reports,
        notices=_notices(actor, case),
        notes=notes,
        rulings=rulings,
        signals=[line for line in lines if line.actor_id is None],
        author_card=_author_card(actor, case),
        timeline=sorted(_timeline(case, notes, rulings, lines), key=lambda each: each.at),
    )


def _author_card(actor: Actor, case: Case) -> AuthorCard | None:
    """Return the card of the author; for a room's moderator, with what concerns their rooms."""
    person = User.objects.filter(pk=case.author_id).first() if case.author_id else None
    if person is None:
        return None
    cases = Case.objects.filter(author=person)
    if not actor.sees_restricted:
        cases = without_restricted_cases(cases)
    sanctions = Sanction.objects.filter(user=person, lifted_at=None, expired_at=None)
    sanctions = sanctions.filter(Q(ends_at=None) | Q(ends_at__gt=Now()))
    if not actor.sees_restricted:
        sanctions = without_restricted_sanctions(sanctions)
    if actor.scope_ids is not None:
        cases = cases.filter(scope_id__in=actor.scope_ids)
        sanctions = sanctions.filter(Q(scope_id=None) | Q(scope_id__in=actor.scope_ids))
    counted = cases.aggregate(cases=Count("pk"), removed=Count("pk", filter=Q(outcome="BLOCK")))
    return AuthorCard(
        person=person,
        created_at=person.created_at,
        points=points_on_card(
            user_id=person.id, scope_ids=actor.scope_ids, sees_restricted=actor.sees_restricted
        ),
        sanctions=list(sanctions.order_by("starts_at", "id")[:SHOWN]),
        decisions=_earlier_decisions(actor, case),
        **counted,
    )


def _earlier_decisions(actor: Actor, case: Case) -> list[Ruling]:
    """Return the newest rulings on the author in other cases, without those of restricted cases.

    A view of a restricted case is logged, and the page of another case is no such view.
    """
    found = rulings_for(actor, wanted=RulingFilter(author_id=case.author_id))
    found = records_for_others(found).filter(undone_at=None, reverses=None).exclude(case=case)
    rulings = list(found.prefetch_related("sanctions").order_by("-created_at", "-id")[:EARLIER])
    again = Ruling.objects.filter(reverses__in=rulings, undone_at=None)
    reversed_ids = set(again.values_list("reverses_id", flat=True))
    for ruling in rulings:
        ruling.is_reversed = ruling.pk in reversed_ids  # type: ignore[attr-defined]
    return rulings


def _notices(actor: Actor, case: Case) -> list[Notice]:
    """Return the notices on a case; only the server's staff learn who gave them."""
    found = list(case.notices.order_by("created_at", "id")[:SHOWN])
    if actor.scope_ids is not None:
        for notice in found:
            notice.name = ""
    return found


def _lines(actor: Actor, case: Case) -> Iterator[ModerationLog]:
    """Yield the log lines on the revision, without those that a blind case must not show.

    The revision may have had a restricted case before.
    """
    lines = ModerationLog.objects.select_related("actor").filter(
        subject_type=case.subject_type, subject_id=case.subject_id, revision=case.revision
    )
    if not actor.sees_restricted:
        lines = without_restricted_lines(lines)
    yield from revealed(lines).order_by("created_at", "id")[:SHOWN]


def _timeline(
    case: Case, notes: list[CaseNote], rulings: list[Ruling], lines: list[ModerationLog]
) -> Iterator[TimelineEntry]:
    yield TimelineEntry(kind="opened", at=case.created_at, detail=case.origin)
    for line in lines:
        if line.actor_id is None:
            yield TimelineEntry(kind="verdict", at=line.created_at, detail=line.verdict)
    for note in notes:
        yield TimelineEntry(kind="note", at=note.created_at, actor=note.actor)
    for ruling in rulings:
        kind = "reversal" if ruling.reverses_id else "ruling"
        yield TimelineEntry(
            kind=kind, at=ruling.created_at, actor=ruling.actor, detail=ruling.content
        )
        if ruling.undone_at is not None:
            yield TimelineEntry(kind="undone", at=ruling.undone_at, actor=ruling.actor)
    if case.escalated_at is not None:
        yield TimelineEntry(kind="escalated", at=case.escalated_at)
    if case.closed_at is not None:
        yield TimelineEntry(kind="closed", at=case.closed_at, detail=case.close_reason)
