"""Reads past machine decisions from the log, in order, in small batches.

Results of evaluations are for all who may evaluate: what is restricted is left out.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from moderado.moderation.evaluation.past import PastDecision
from moderado.moderation.evaluation.steps import Place
from moderado.moderation.models import Evaluation, ModerationLog
from moderado.moderation.restricted_cases import unrestricted_lines

BATCH = 250  # lines: what is held in memory at once
_COLUMNS = tuple(PastDecision.__dataclass_fields__)


def decisions(evaluation: Evaluation, after: Place | None) -> Iterator[list[PastDecision]]:
    """Yield the decisions of an evaluation in batches, the oldest first.

    Args:
        evaluation: What to read: window, room, limit.
        after: Where the last batch ended; None: the beginning.
    """
    lines = _lines(evaluation)
    if after is None:
        after = _start(evaluation)
    while True:
        rest = lines if after is None else lines.filter(_beyond(after))
        rows = rest.order_by("created_at", "id").values_list(*_COLUMNS)[:BATCH]
        batch = [PastDecision(**dict(zip(_COLUMNS, row, strict=True))) for row in rows]
        if not batch:
            return
        after = Place(batch[-1].created_at, batch[-1].id)
        yield batch


def count(evaluation: Evaluation) -> int:
    """Return how many decisions an evaluation reads."""
    lines = _lines(evaluation)
    return (lines[: evaluation.limit] if evaluation.limit else lines).count()


def _lines(evaluation: Evaluation) -> "QuerySet[ModerationLog]":
    lines = ModerationLog.objects.filter(
        actor__isnull=True,  # rulings are people's
        created_at__gte=evaluation.since,
        created_at__lt=evaluation.until,
    )
    if evaluation.scope_id is not None:
        lines = lines.filter(scope_id=evaluation.scope_id)
    return unrestricted_lines(lines)


def _start(evaluation: Evaluation) -> Place | None:
    """Return the decision before the newest ones that the limit admits."""
    if evaluation.limit is None:
        return None
    newest = _lines(evaluation).order_by("-created_at", "-id").values_list("created_at", "id")
    before: Any = newest[evaluation.limit : evaluation.limit + 1].first()
    return Place(*before) if before else None


def _beyond(place: Place) -> Q:
    return Q(created_at__gte=place.at) & (Q(created_at__gt=place.at) | Q(id__gt=place.id))
