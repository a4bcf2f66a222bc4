"""Keeps the verdicts of blind cases from everybody until a person has ruled on them (ADR 0069)."""

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, QuerySet

from moderado.moderation.models import Case, Evaluation
from moderado.moderation.restricted_cases import restricted_among

M = TypeVar("M", bound=Model)


def revealed(rows: "QuerySet[M]") -> "QuerySet[M]":
    """Leave out the rows on revisions whose blind cases wait for their ruling.

    Args:
        rows: Of a table that names `subject_type`, `subject_id` and `revision`.
    """
    blind = _blind().filter(
        subject_type=OuterRef("subject_type"),
        subject_id=OuterRef("subject_id"),
        revision=OuterRef("revision"),
    )
    return rows.filter(~Exists(blind))


def shown_results(evaluation: Evaluation) -> dict[str, Any]:
    """Return the results of an evaluation, without examples on which blind cases wait.

    Their cases may be opened or ruled on after the evaluation, so that it stores all examples.
    Those about danger to children are left out, too.
    """
    results: dict[str, Any] = evaluation.results
    examples = results.get("examples")
    if not examples:
        return results
    ids = {UUID(each["subject"]) for each in examples}
    columns = ("subject_type", "subject_id", "revision")
    blind = set(_blind().filter(subject_id__in=ids).values_list(*columns))
    restricted = restricted_among(ids, subject_types={each["subject_type"] for each in examples})
    shown = [
        each
        for each in examples
        if _subject(each) not in blind and UUID(each["subject"]) not in restricted
    ]
    return results | {"examples": shown}


def _blind() -> "QuerySet[Case]":
    return Case.objects.filter(state=Case.State.OPEN, is_blind=True)


def _subject(example: Mapping[str, Any]) -> tuple[str, UUID, int]:
    return example["subject_type"], UUID(example["subject"]), example["revision"]
