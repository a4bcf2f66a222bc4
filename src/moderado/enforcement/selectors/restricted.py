"""Keeps what follows from restricted cases from others: sanctions, holds and audit lines.

`moderation.restricted_cases` keeps the cases, and all rows that name their subjects (ADR 0087).
"""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from moderado.enforcement.models import Appeal, LegalHold, Notice, Report, Ruling, Sanction
from moderado.enforcement.types import BY_LAW
from moderado.moderation.models import ModerationLog
from moderado.moderation.restricted_cases import (
    RESTRICTED,
    about_unrestricted,
    has_restricted_case,
    restricted_cases,
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


def unrestricted_holds(holds: "QuerySet[LegalHold]") -> "QuerySet[LegalHold]":
    """Leave out holds of messages with a restricted case, and those that the law asks for."""
    return about_unrestricted(holds).exclude(reference=BY_LAW)


def unrestricted_audit(lines: "QuerySet[Any]") -> "QuerySet[Any]":
    """Leave out audit lines about restricted cases, and about what belongs to them."""
    # The kind comes first: PostgreSQL looks a subject up only where it may be restricted.
    hidden = Q(subject_type__in=_TEXTS) & Q(has_restricted_case())
    hidden |= Q(action="evidence_made") & Q(has_restricted_case())
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


def _one(rows: "QuerySet[Any]") -> Q:
    return Q(Exists(rows.filter(pk=_SUBJECT)))


def _restricted_sanctions() -> "QuerySet[Sanction]":
    line = ModerationLog.objects.filter(pk=OuterRef("verdict_id"), **{_NAMES: _CODES})
    return Sanction.objects.filter(Q(ruling__case__categories__overlap=_CODES) | Q(Exists(line)))


def _restricted_appeals() -> "QuerySet[Appeal]":
    return Appeal.objects.filter(has_restricted_case())


def _restricted_lines() -> "QuerySet[ModerationLog]":
    return ModerationLog.objects.filter(Q(**{_NAMES: _CODES}) | Q(has_restricted_case()))


def _restricted_holds() -> "QuerySet[LegalHold]":
    return LegalHold.objects.filter(Q(reference=BY_LAW) | Q(has_restricted_case()))
