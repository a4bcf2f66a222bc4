"""The records of an evidence package: what was decided about a subject, a few hundred at a time."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet

from moderado.enforcement.models import (
    Appeal,
    CaseNote,
    LegalHold,
    Notice,
    Report,
    Ruling,
    Sanction,
)
from moderado.enforcement.selectors.restricted import (
    unrestricted_holds,
    without_restricted_sanctions,
)
from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import RESTRICTED, about_unrestricted, restricted_about
from moderado.moderation.services.log_evidence import SealedLines
from moderado.moderation.texts import with_texts

BATCH = 500  # records in memory at once

_CASE_COLUMNS = (
    "id", "created_at", "subject_type", "subject_id", "revision", "scope_id", "author_id",
    "origin", "joined_origins", "state", "score", "categories", "outcome", "decided_by_id",
    "decided_at", "close_reason", "closed_at", "text", "reason", "note",
)  # fmt: skip
_APPEAL_COLUMNS = (
    "id", "appellant_id", "decision_type", "decision_id", "text", "state", "outcome", "reason",
    "public_note", "decided_by_id", "created_at", "decided_at",
)  # fmt: skip
_OF_CASES: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("notes", CaseNote, ("id", "case_id", "actor_id", "text", "created_at")),
    ("reports", Report, ("id", "case_id", "reporter_id", "category", "comment", "state",
                         "outcome", "created_at", "decided_at")),
    ("rulings", Ruling, ("id", "case_id", "actor_id", "content", "reason", "public_note",
                         "private_note", "effective_at", "undone_at", "reverses_id")),
    ("notices", Notice, ("id", "case_id", "protocol", "role", "name", "email", "reference",
                         "category", "text", "state", "outcome", "confirmed_at", "decided_at")),
)  # fmt: skip
_OF_NOTIFIERS = frozenset({"email"})

R = TypeVar("R")


def records_of(
    about: "QuerySet[Case]",
    subject: Mapping[str, Any],
    author_id: UUID | None,
    *,
    sees_restricted: bool,
    sees_notifiers: bool,
) -> Iterator[tuple[str, Iterable[object]]]:
    """Yield what was decided about a subject, by the names of the files.

    Args:
        about: The cases.
        subject: Its type and id.
        author_id: The account, or the author of the text.
        sees_restricted: Whether the package is for staff who may see restricted cases.
        sees_notifiers: Whether it is for staff who may see the e-mail addresses of notifiers.
    """
    log_lines = SealedLines()
    yield "cases", _cases(about)
    yield "log", _lines(log_lines, about, subject, sees_restricted=sees_restricted)
    yield "seals", log_lines.seals()
    yield "sanctions", _sanctions(author_id, sees_restricted=sees_restricted)
    yield "holds", _holds({subject["id"], author_id}, sees_restricted=sees_restricted)
    yield "appeals", _appeals(about)
    for name, model, columns in _OF_CASES:
        rows = model.objects.filter(case__in=about.order_by().values("pk")).order_by("id")
        shown = [each for each in columns if sees_notifiers or each not in _OF_NOTIFIERS]
        yield name, rows.values(*shown).iterator(chunk_size=BATCH)


def _cases(about: "QuerySet[Case]") -> Iterator[dict[str, Any]]:
    for batch in _batches(about.select_related(None).order_by("id").iterator(chunk_size=BATCH)):
        for case in with_texts(batch):
            yield {name: getattr(case, name) for name in _CASE_COLUMNS}


def _lines(
    log_lines: SealedLines,
    about: "QuerySet[Case]",
    subject: Mapping[str, Any],
    *,
    sees_restricted: bool,
) -> Iterator[dict[str, Any]]:
    """Yield the log lines on the subject, then those on other subjects of the cases."""
    others = about.exclude(subject_id=subject["id"]).order_by("subject_id")
    if sees_restricted:
        yield from log_lines.lines([subject["id"]])
    else:
        others = about_unrestricted(others)
        if not restricted_about([(subject["type"], subject["id"])]):
            yield from filter(_is_unrestricted, log_lines.lines([subject["id"]]))
    ids = others.values_list("subject_id", flat=True).distinct().iterator(chunk_size=BATCH)
    for batch in _batches(ids):
        lines = log_lines.lines(batch)
        yield from lines if sees_restricted else filter(_is_unrestricted, lines)


def _is_unrestricted(line: Mapping[str, Any]) -> bool:
    return RESTRICTED.isdisjoint(msgspec.json.decode(line["columns"]["categories"]))


def _batches(rows: Iterable[R]) -> Iterator[list[R]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch


def _appeals(about: "QuerySet[Case]") -> Iterator[dict[str, Any]]:
    """Yield the appeals of what was decided in the cases: rulings, verdicts, reports, sanctions."""
    cases = about.order_by().values("pk")
    decided = (
        Sanction.objects.filter(ruling__case__in=cases).values("pk"),
        Report.objects.filter(case__in=cases).values("pk"),
    )
    which = Q(case__in=cases) | Q(appealed__case__in=cases)
    for ids in decided:
        which |= Q(decision_id__in=ids)
    rows = Appeal.objects.filter(which).order_by("id").values(*_APPEAL_COLUMNS)
    yield from rows.iterator(chunk_size=BATCH)


def _sanctions(author_id: UUID | None, *, sees_restricted: bool) -> list[dict[str, Any]]:
    columns = ("id", "kind", "scope_id", "reason", "starts_at", "ends_at", "lifted_at", "ruling_id")
    changed = ("end_changed_at", "end_reason", "first_ends_at")
    found = Sanction.objects.filter(user=author_id)
    if not sees_restricted:
        found = without_restricted_sanctions(found)
    return list(found.order_by("id").values(*columns, *changed))


def _holds(subject_ids: Iterable[UUID | None], *, sees_restricted: bool) -> list[dict[str, Any]]:
    held = LegalHold.objects.filter(subject_id__in=[each for each in subject_ids if each])
    if not sees_restricted:
        held = unrestricted_holds(held)
    columns = ("subject_type", "subject_id", "reference", "created_at", "released_at")
    return list(held.order_by("id").values(*columns))
