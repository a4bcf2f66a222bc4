"""Keeps cases about danger to children, and all about their subjects, from other moderators.

Only staff with `accounts.rights.VIEW_RESTRICTED_CASE` see them (ADR 0083).
"""

from collections.abc import Callable, Collection
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    Model,
    OuterRef,
    Q,
    QuerySet,
    TextField,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from moderado.moderation.models import Case, ModerationLog, ProviderCall, ShadowResult
from moderado.moderation.types import Category

M = TypeVar("M", bound=Model)
Shown = Callable[[str, str | None], Exists]

_SUBJECT_TYPE = OuterRef("subject_type")
RESTRICTED = frozenset({Category.CHILD_SAFETY.value})

_shown: dict[str, Shown | None] = {}


def provide_shown(subject_type: str, source: Shown | None) -> None:
    """Register the condition that others see a revision of a subject, or a later one, now.

    Args:
        subject_type: Of these subjects.
        source: Gets the names of the columns with the subject's id and the revision; None for the
            latter asks whether others see any revision. None: others always see these subjects.
    """
    _shown[subject_type] = source


def is_restricted(case: Case) -> bool:
    """Tell whether a case is about danger to children."""
    return not RESTRICTED.isdisjoint(case.categories)


def with_restriction(cases: "QuerySet[Any]") -> "QuerySet[Any]":
    """Return the cases with `is_restricted`."""
    about = Q(categories__overlap=list(RESTRICTED))
    found: QuerySet[Any] = cases.annotate(
        is_restricted=ExpressionWrapper(about, output_field=BooleanField())
    )
    return found


def without_restricted_cases(cases: "QuerySet[Any]") -> "QuerySet[Any]":
    """Return the cases of other categories."""
    return cases.exclude(categories__overlap=list(RESTRICTED))


def unrestricted_texts(cases: "QuerySet[Any]") -> "QuerySet[Any]":
    """Leave out the cases about subjects of which any case or verdict is restricted.

    For data that leave the cases, such as data sets: a later case may have other categories.
    """
    named = ModerationLog.objects.filter(
        subject_type=_SUBJECT_TYPE,
        subject_id=OuterRef("subject_id"),
        categories__has_any_keys=list(RESTRICTED),
    )
    return about_unrestricted(cases).filter(~Exists(named))


def about_unrestricted(
    rows: "QuerySet[M]", *, subject_type: Any = _SUBJECT_TYPE, subject: str = "subject_id"
) -> "QuerySet[M]":
    """Leave out the rows about subjects that have a restricted case.

    Args:
        rows: Of any table that names a subject.
        subject_type: The column or value with its type.
        subject: The column with its id.
    """
    return rows.filter(~has_restricted_case(subject_type=subject_type, subject=subject))


def has_restricted_case(
    *,
    subject_type: Any = _SUBJECT_TYPE,
    subject: str = "subject_id",
    since: str | None = None,
    ignoring: Collection[UUID] = (),
) -> Exists:
    """Return the condition that the subject of a row has a restricted case.

    Args:
        subject_type: The column or value with its type.
        subject: The column with its id.
        since: The column with the time of the row, for a case that was opened before it.
        ignoring: Cases that do not count.
    """
    found = restricted_cases(ignoring).filter(
        subject_type=subject_type, subject_id=OuterRef(subject)
    )
    return Exists(found if since is None else found.filter(created_at__lte=OuterRef(since)))


def unrestricted_lines(lines: "QuerySet[ModerationLog]") -> "QuerySet[ModerationLog]":
    """Leave out log lines that name a restricted category, and those on the same subjects."""
    return about_unrestricted(without_restricted_lines(lines))


def rows_for_others(
    rows: "QuerySet[M]", *, revision: str | None = "revision", created: str | None = None
) -> "QuerySet[M]":
    """Leave out the rows about restricted subjects, unless others see the subject now.

    What others see has the same rows as without its restricted case: a gap would tell of it. The
    caller leaves out what names a restricted category, and what belongs to a restricted case.

    Args:
        rows: Of any table that names a subject.
        revision: The column with the revision; None for rows about all revisions of a subject.
        created: Of rows that may follow from a restricted case, without naming it: the column
            with their time. Only those from before the case stay.
    """
    return rows.filter(is_for_others(revision=revision, created=created))


def is_for_others(
    *,
    revision: str | None = "revision",
    created: str | None = None,
    ignoring: Collection[UUID] = (),
) -> Q:
    """Return the condition of `rows_for_others`, as if the ignored cases were not restricted."""
    unrestricted = Q(~has_restricted_case(ignoring=ignoring))
    shown = Q()
    for subject_type, source in _shown.items():
        of_type = Q(subject_type=subject_type)
        shown |= of_type if source is None else of_type & Q(source("subject_id", revision))
    if not shown:
        return unrestricted
    if created is not None:
        shown &= ~Q(has_restricted_case(since=created))
    return unrestricted | shown


def calls_for_others(calls: "QuerySet[ProviderCall]") -> "QuerySet[ProviderCall]":
    """Return the provider calls that staff without the right see: their answers tell of danger."""
    named = ModerationLog.objects.filter(
        subject_type=_SUBJECT_TYPE,
        subject_id=OuterRef("subject_id"),
        revision=OuterRef("revision"),
        categories__has_any_keys=list(RESTRICTED),
    )
    return rows_for_others(calls).filter(~Exists(named))


def lines_for_others(lines: "QuerySet[ModerationLog]") -> "QuerySet[ModerationLog]":
    """Return the log lines that staff without the right see.

    Of what others see now, the lines are those that there are without the restricted case: a gap
    would tell of it. Lines that name a restricted category, rulings on restricted cases, and all
    about restricted subjects that others do not see are left out.
    """
    ruled_on = restricted_cases().annotate(name=Cast("id", TextField()))
    is_ruling = Exists(
        ruled_on.filter(subject_id=OuterRef("subject_id"), name=OuterRef("named_case"))
    )
    named = without_restricted_lines(lines).alias(named_case=KT("raw__case"))
    return rows_for_others(named).filter(~is_ruling)


def without_restricted_lines(lines: "QuerySet[ModerationLog]") -> "QuerySet[ModerationLog]":
    """Leave out the log lines that name a restricted category, and no others."""
    return lines.exclude(categories__has_any_keys=list(RESTRICTED))


def unrestricted_results(results: "QuerySet[ShadowResult]") -> "QuerySet[ShadowResult]":
    """Leave out results of shadows where either verdict names a restricted category.

    And those on subjects with a restricted case that others do not see.
    """
    codes = list(RESTRICTED)
    named = Q(categories__overlap=codes) | Q(decided_categories__overlap=codes)
    return rows_for_others(results.exclude(named))


def restricted_about(subjects: Collection[tuple[str, UUID]]) -> list[Case]:
    """Return the restricted cases about any of these subjects, the oldest first."""
    kinds, ids = {kind for kind, _ in subjects}, {subject_id for _, subject_id in subjects}
    found = restricted_cases().filter(subject_type__in=kinds, subject_id__in=ids).order_by("id")
    rows = found.only("subject_type", "subject_id")
    return [case for case in rows if (case.subject_type, case.subject_id) in subjects]


def restricted_among(
    subject_ids: Collection[UUID], *, subject_types: Collection[str]
) -> frozenset[UUID]:
    """Return those of the subjects, of these types, that have a restricted case."""
    found = restricted_cases().filter(subject_type__in=subject_types, subject_id__in=subject_ids)
    return frozenset(found.values_list("subject_id", flat=True))


def restricted_cases(ignoring: Collection[UUID] = ()) -> "QuerySet[Case]":
    """Return the cases about danger to children, without those to ignore."""
    found = Case.objects.filter(categories__overlap=list(RESTRICTED))
    return found.exclude(pk__in=ignoring) if ignoring else found
