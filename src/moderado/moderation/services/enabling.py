"""What a person should see before a version is enabled: examples, fairness, load, backtest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, When

from moderado.core import clock
from moderado.moderation.models import Evaluation, PolicyVersion
from moderado.moderation.services import evaluation_backtest
from moderado.moderation.services.past_decisions import count
from moderado.moderation.services.policy_findings import (
    FailingExample,
    Fairness,
    Findings,
    findings_of,
)

SAMPLE = 300  # newest decisions that are judged at once; a backtest reads all
DAYS = 7

Kind, State = Evaluation.Kind, Evaluation.State


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLoad:
    """Cases a day now and with the version, estimated from the newest decisions."""

    sample: int
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeEnabling:
    """What was found in a version. `backtest` is its newest one with results, if there is any."""

    version: PolicyVersion
    examples: Sequence[FailingExample]
    fairness: Fairness | None
    mistakes: Sequence[str]
    queue_load: QueueLoad | None
    backtest: Evaluation | None


def before_enabling(version: PolicyVersion, found: Findings | None = None) -> BeforeEnabling:
    """Return what is known of a version before it is enabled; `found` if that is known already."""
    found = found or findings_of(version)
    return BeforeEnabling(
        version=version,
        examples=found.examples,
        fairness=found.fairness,
        mistakes=found.mistakes,
        queue_load=queue_load(version),
        backtest=newest_backtest(version),
    )


def newest_backtest(version: PolicyVersion) -> Evaluation | None:
    """Return the newest backtest of a version that has results, or else will have them.

    One that was cancelled or failed is returned only if there is no other.
    """
    rank = Case(
        When(state=State.DONE, then=0),
        When(state__in=(State.QUEUED, State.RUNNING), then=1),
        default=2,
    )
    found = Evaluation.objects.filter(version=version, kind=Kind.BACKTEST)
    return found.order_by(rank, "-created_at", "-id").first()


def queue_load(version: PolicyVersion) -> QueueLoad | None:
    """Estimate the cases a day; None without decisions of the last `DAYS` that can be judged."""
    until = clock.estimated()
    asked = Evaluation(  # not stored: it is small enough to run at once
        kind=Kind.BACKTEST,
        policy=version.policy,
        version=version,
        since=until - timedelta(days=DAYS),
        until=until,
    )
    a_day = count(asked) / DAYS
    asked.limit = SAMPLE
    *_, last = evaluation_backtest.run(asked, {})
    judged = last.results["judged"]
    if not judged:
        return None
    cases = last.results["consequences"]["cases"]
    share = a_day / last.results["decisions"]
    return QueueLoad(
        sample=judged,
        before=round(sum(cases["before"].values()) * share, 1),
        after=round(sum(cases["after"].values()) * share, 1),
    )
