"""Keeps cases about danger to children, and all about their subjects, from other moderators.

Only staff with `accounts.rights.VIEW_RESTRICTED_CASE` see them (ADR 0083).
"""

from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, QuerySet

from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.types import Category

M = TypeVar("M", bound=Model)

_SUBJECT_TYPE = OuterRef("subject_type")
RESTRICTED = frozenset({Category.CHILD_SAFETY.value})


def is_restricted(case: Case) -> bool:
    """Tell whether a case is about danger to children."""
    return not RESTRICTED.isdisjoint(case.categories)


def without_restricted_cases(cases: "QuerySet[Any]") -> "QuerySet[Any]":
    """Return the cases of other categories."""
    return cases.exclude(categories__overlap=list(RESTRICTED))


def about_unrestricted(
    rows: "QuerySet[M]", *, subject_type: Any = _SUBJECT_TYPE, subject: str = "subject_id"
) -> "QuerySet[M]":
    """Leave out the rows about subjects that have a restricted case.

    Args:
        rows: Of any table that names a subject.
        subject_type: The column or value with its type.
        subject: The column with its id.
    """
    found = _restricted().filter(subject_type=subject_type, subject_id=OuterRef(subject))
    return rows.filter(~Exists(found))


def unrestricted_lines(lines: "QuerySet[ModerationLog]") -> "QuerySet[ModerationLog]":
    """Leave out log lines that name a restricted category, and those on the same subjects."""
    return about_unrestricted(lines.exclude(categories__has_any_keys=list(RESTRICTED)))


def restricted_among(
    subject_ids: Collection[UUID], *, subject_types: Collection[str]
) -> frozenset[UUID]:
    """Return those of the subjects, of these types, that have a restricted case."""
    found = _restricted().filter(subject_type__in=subject_types, subject_id__in=subject_ids)
    return frozenset(found.values_list("subject_id", flat=True))


def _restricted() -> "QuerySet[Case]":
    return Case.objects.filter(categories__overlap=list(RESTRICTED))
