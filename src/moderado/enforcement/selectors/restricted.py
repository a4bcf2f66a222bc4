"""Keeps what follows from restricted cases from others: sanctions, holds and audit lines.

`moderation.restricted_cases` keeps the cases, and all rows that name their subjects (ADR 0087).
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from moderado.enforcement.models import Appeal, LegalHold, Notice, Report, Ruling, Sanction
from moderado.enforcement.types import BY_LAW
from moderado.moderation.models import ModerationLog
from moderado.moderation.restricted_cases import (
    RESTRICTED,
    is_for_others,
    restricted_cases,
    rows_for_others,
)

_NAMES = "categories__has_any_keys"
_CODES = list(RESTRICTED)
_SUBJECT = OuterRef("subject_id")
# The kinds of subjects in audit lines that are no record of their own. Those of rooms are left: a
# report must not hide what moderators do with a room.
_TEXTS = ("message", "user_name", "room_name", "person", "notice")


def without_restricted_sanctions(sanctions: "QuerySet[Sanction]") -> "QuerySet[Sanction]":
    """Leave out sanctions for danger to children, and those that such strikes led to."""
    direct = _restricted_sanctions()
    by_itself, by_cause = direct.filter(pk=OuterRef("pk")), direct.filter(pk=OuterRef("cause_id"))
    return sanctions.filter(~Exists(by_itself), ~Exists(by_cause))


def records_for_others(records: "QuerySet[Any]") -> "QuerySet[Any]":
    """Leave out rulings and reports of restricted cases, and those on such subjects.

    Where others see the subject, what belongs to its other cases stays: a gap would tell of the
    restricted one.
    """
    return rows_for_others(records.exclude(case__categories__overlap=_CODES))


def appeals_for_others(appeals: "QuerySet[Appeal]") -> "QuerySet[Appeal]":
    """Leave out appeals as `records_for_others` does: by their cases, and those of the rulings."""
    return appeals.filter(~is_restricted_appeal())


def is_restricted_appeal(*, ignoring: Collection[UUID] = ()) -> Exists:
    """Return the condition of the appeals that `appeals_for_others` leaves out.

    Args:
        ignoring: Cases that count as if they were not restricted.
    """
    return Exists(_restricted_appeals(ignoring).filter(pk=OuterRef("pk")))


def unrestricted_holds(holds: "QuerySet[LegalHold]") -> "QuerySet[LegalHold]":
    """Leave out holds of messages with a restricted case, and those that the law asks for.

    A hold of what others see stays, if it was there before the case.
    """
    return holds.filter(~Exists(_restricted_holds().filter(pk=OuterRef("pk"))))


def unrestricted_audit(lines: "QuerySet[Any]") -> "QuerySet[Any]":
    """Leave out audit lines about restricted cases, and about what belongs to them.

    Lines on what others see stay, if they were there before the case.
    """
    # The kind comes first: PostgreSQL looks a subject up only where it may be restricted.
    hidden = Q(subject_type__in=_TEXTS) & ~_predates()
    hidden |= Q(action="evidence_made") & ~_predates()
    hidden |= Q(subject_type="case") & _one(restricted_cases())
    hidden |= Q(subject_type="sanction") & _one(_restricted_sanctions())
    hidden |= Q(subject_type="appeal") & _one(_restricted_appeals())
    hidden |= Q(subject_type__in=("log", "moderationlog")) & _one(_restricted_lines())
    for kind, model in (("ruling", Ruling), ("report", Report), ("notice", Notice)):
        of_cases = model.objects.filter(case__categories__overlap=_CODES)
        hidden |= Q(subject_type=kind) & _one(of_cases)
    hidden |= Q(subject_type="legalhold") & _one(_restricted_holds())
    hidden |= Q(details__contains={"reference": BY_LAW})  # never NULL, unlike the key alone
    return lines.exclude(hidden)


def _predates() -> Q:
    """Return the condition of rows that follow from no restricted case, and stay."""
    return is_for_others(revision=None, created="created_at")


def _one(rows: "QuerySet[Any]") -> Q:
    return Q(Exists(rows.filter(pk=_SUBJECT)))


def _restricted_sanctions() -> "QuerySet[Sanction]":
    line = ModerationLog.objects.filter(pk=OuterRef("verdict_id"), **{_NAMES: _CODES})
    return Sanction.objects.filter(Q(ruling__case__categories__overlap=_CODES) | Q(Exists(line)))


def _restricted_appeals(ignoring: Collection[UUID] = ()) -> "QuerySet[Appeal]":
    of_cases = Q()
    for case in ("case", "appealed__case"):
        restricted = Q(**{f"{case}__categories__overlap": _CODES})
        of_cases |= restricted & ~Q(**{f"{case}__in": ignoring}) if ignoring else restricted
    return Appeal.objects.filter(of_cases | ~is_for_others(revision=None, ignoring=ignoring))


def _restricted_lines() -> "QuerySet[ModerationLog]":
    return ModerationLog.objects.filter(Q(**{_NAMES: _CODES}) | ~is_for_others())


def _restricted_holds() -> "QuerySet[LegalHold]":
    return LegalHold.objects.filter(Q(reference=BY_LAW) | ~_predates())
