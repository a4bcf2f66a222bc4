"""What people ruled, with how many texts each ruling stands for.

A blind case was drawn with a known probability, and stands for its inverse. Within each origin,
undecided cases are represented by the decided ones.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import about_unrestricted
from moderado.moderation.types import Outcome

AUDIT = "audit"
MAX_CASES = 50_000  # the newest ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A ruling on a revision.

    `is_bad`: the person hid the text. `weight`: how many texts it stands for.
    """

    subject_id: UUID
    revision: int
    is_bad: bool
    weight: float
    is_sampled: bool


def weighted_rulings(
    *, since: datetime | None = None, until: datetime | None = None, scope_id: UUID | None = None
) -> list[Ruling]:
    """Return the rulings on cases that were opened in a period, with their weights.

    Those on texts with a case about danger to children are left out: what is found by them is for
    all who evaluate (ADR 0087).
    """
    # Cases that people opened say nothing about the policy's share of misses.
    cases = about_unrestricted(Case.objects.filter(origin__in=(Case.Origin.HOLD, Case.Origin.FLAG)))
    if since is not None:
        cases = cases.filter(created_at__gte=since)
    if until is not None:
        cases = cases.filter(created_at__lt=until)
    if scope_id is not None:
        cases = cases.filter(scope_id=scope_id)
    columns = ("subject_id", "revision", "origin", "sampling", "state", "outcome", "decided_by")
    rows = list(cases.order_by("-created_at").values_list(*columns)[:MAX_CASES])
    opened: Counter[str] = Counter()
    decided: Counter[str] = Counter()
    for _, _, origin, sampling, state, _, actor in rows:
        stratum = origin if sampling is None else AUDIT
        opened[stratum] += 1
        decided[stratum] += state == Case.State.DECIDED and actor is not None
    found = []
    for subject_id, revision, origin, sampling, state, outcome, actor in rows:
        if state != Case.State.DECIDED or actor is None:
            continue
        stratum = origin if sampling is None else AUDIT
        found.append(
            Ruling(
                subject_id=subject_id,
                revision=revision,
                is_bad=outcome == Outcome.BLOCK,
                weight=opened[stratum] / decided[stratum] / (sampling or 1.0),
                is_sampled=sampling is not None,
            )
        )
    return found
