"""The evaluations `shadow` and `calibration`: one step for each shadow, or for each category."""

from collections.abc import Iterator, Mapping
from typing import Any

from moderado.moderation.evaluation.steps import Step
from moderado.moderation.models import Evaluation
from moderado.moderation.services import calibration, shadow_report
from moderado.moderation.services.calibration import CalibrationRequest
from moderado.moderation.types import Category


def run_shadow(evaluation: Evaluation, state: Mapping[str, Any]) -> Iterator[Step]:
    """Report how far shadows agree with the verdicts, and whether they may be promoted."""
    policy = evaluation.policy.name if evaluation.policy else None
    reports: list[dict[str, Any]] = list(state.get("shadows", ()))
    shadows = shadow_report.shadows_within(policy, evaluation.since, evaluation.until)
    # By name: results may arrive or expire between two slices.
    known = {
        (each["policy"], each["provider"] or "", str(each["version"] or "")) for each in reports
    }
    for shadow in (each for each in shadows if each not in known):
        found = shadow_report.report_of(shadow, since=evaluation.since, until=evaluation.until)
        reports = [*reports, shadow_report.as_json(found)]
        yield _step(len(reports), len(shadows), {"shadows": reports}, {"shadows": reports})
    total = len(reports)
    yield _step(total, total, {"shadows": reports}, {"shadows": reports}, is_last=True)


def run_calibration(evaluation: Evaluation, state: Mapping[str, Any]) -> Iterator[Step]:
    """Suggest thresholds from rulings, blind cases and labels of other systems."""
    rate = float(evaluation.options.get("rate", calibration.WANTED))
    labels = calibration.read_labels(
        CalibrationRequest(
            policy=evaluation.policy.name if evaluation.policy else None,
            rate=rate,
            since=evaluation.since,
            until=evaluation.until,
            room=evaluation.scope_id,
        )
    )
    whole = calibration.as_json(labels.summary(rate, ()))
    rows: list[dict[str, Any]] = list(state.get("rows", ()))
    known = {row["category"] for row in rows}
    wanted: list[Category] = [each for each in labels.categories if each.value not in known]
    total = len(wanted) + len(rows)
    for category in wanted:
        rows = [*rows, calibration.suggestion_json(labels.suggestion(category, rate))]
        yield _step(len(rows), total, {"rows": rows}, whole | {"categories": rows})
    calibration.check_rows(rows, rate)
    yield _step(total, total, {"rows": rows}, whole | {"categories": rows}, is_last=True)


def _step(
    done: int,
    total: int,
    state: Mapping[str, Any],
    results: Mapping[str, Any],
    *,
    is_last: bool = False,
) -> Step:
    return Step(done=done, total=total, state=state, results=results, is_last=is_last)
