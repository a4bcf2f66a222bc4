"""What this context stores about an account, for its owner: the registry that an export reads.

Each function returns rows as plain values: what the owner may know, and no words of others.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from moderado.accounts.models import User
from moderado.enforcement.models import (
    Appeal,
    Erasure,
    Notice,
    PersonBlock,
    Purge,
    Report,
    ReportingSuspension,
    Ruling,
    Sanction,
)
from moderado.enforcement.selectors.decisions import has_consequences
from moderado.moderation.models import SubjectRevision

Rows = Sequence[Mapping[str, Any]]


def records_of(*, user_id: UUID) -> dict[str, Rows]:
    """Return all that this context stores about an account, by section."""
    return {name: read(user_id) for name, read in EXPORTERS.items()}


def _sanctions(user_id: UUID) -> Rows:
    columns = ("id", "kind", "scope_id", "reason", "public_note", "starts_at", "ends_at")
    rows = Sanction.objects.filter(user_id=user_id).order_by("id")
    changed = ("lifted_at", "end_changed_at", "end_reason", "first_ends_at")
    return list(rows.values(*columns, *changed, "weight", "category", "threshold", "cause_id"))


def _decisions(user_id: UUID) -> Rows:
    """Return the rulings that their author learns of elsewhere, and the reversals of such.

    The reason of a reversal is for staff.
    """
    columns = ("id", "subject_type", "subject_id", "revision", "content", "reason", "public_note")
    is_reversal = Q(reverses__isnull=False, settled_at__isnull=False)
    rows = Ruling.objects.filter(has_consequences() | is_reversal, author_id=user_id)
    found = rows.order_by("id").values(*columns, "effective_at", "reverses_id")
    return [each if each["reverses_id"] is None else {**each, "reason": ""} for each in found]


def _reports(user_id: UUID) -> Rows:
    columns = ("id", "subject_type", "subject_id", "category", "comment", "state", "outcome")
    rows = Report.objects.filter(reporter_id=user_id).order_by("id")
    return list(rows.values(*columns, "created_at", "decided_at"))


def _appeals(user_id: UUID) -> Rows:
    """Return appeals; the answer once the ruling that gave it cannot be undone any more."""
    columns = ("id", "decision_type", "decision_id", "text", "created_at")
    answer = ("outcome", "reason", "public_note", "decided_at")
    rows = Appeal.objects.filter(appellant_id=user_id).order_by("id")
    return [
        each if each.pop("told_at") else {**each, **dict.fromkeys(answer)}
        for each in rows.values(*columns, *answer, "told_at")
    ]


def _suspensions(user_id: UUID) -> Rows:
    """Return suspensions from reporting. The reason for lifting one is for staff."""
    columns = ("id", "reason", "public_note", "decided_reports", "rejected_reports")
    rows = ReportingSuspension.objects.filter(user_id=user_id).order_by("id")
    return list(rows.values(*columns, "created_at", "ends_at", "lifted_at"))


def _names(user_id: UUID) -> Rows:
    """Return the names that the account chose for itself and for rooms, refused ones too."""
    columns = ("subject_type", "subject_id", "revision", "text", "status", "reason", "categories")
    rows = SubjectRevision.objects.filter(author_id=user_id).order_by("id")
    return list(rows.values(*columns, "created_at"))


def _blocks(user_id: UUID) -> Rows:
    rows = PersonBlock.objects.filter(blocker_id=user_id).order_by("id")
    return list(rows.values("blocked_id", "created_at"))


def _purges(user_id: UUID) -> Rows:
    columns = ("id", "scope_id", "since", "reason", "public_note", "state", "removed", "restored")
    rows = Purge.objects.filter(user_id=user_id, told_at__isnull=False).order_by("id")
    return list(rows.values(*columns, "created_at"))


def _erasures(user_id: UUID) -> Rows:
    rows = Erasure.objects.filter(user_id=user_id).order_by("id")
    return list(rows.values("state", "created_at", "due_at"))


def _notices(user_id: UUID) -> Rows:
    """Notices that were confirmed with the account's e-mail address."""
    email = User.objects.values_list("email", flat=True).get(pk=user_id)
    rows = Notice.objects.filter(email__iexact=email, confirmed_at__isnull=False).order_by("id")
    columns = ("protocol", "role", "name", "email", "reference", "category", "text", "state")
    return list(rows.values(*columns, "outcome", "confirmed_at", "decided_at"))


EXPORTERS: Mapping[str, Callable[[UUID], Rows]] = {
    "decisions": _decisions,
    "sanctions": _sanctions,
    "purges": _purges,
    "reports": _reports,
    "appeals": _appeals,
    "suspensions": _suspensions,
    "names": _names,
    "blocks": _blocks,
    "notices": _notices,
    "erasures": _erasures,
}
