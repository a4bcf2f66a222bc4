"""Turns assessments into a verdict. Pure: no clock, no database, no network."""

from collections.abc import Mapping, Sequence

from moderado.moderation.types import (
    Assessment,
    Category,
    Failure,
    Fault,
    Outcome,
    Reason,
    Verdict,
)

UNJUDGED = "unjudged"
OFF = "off"

# Outcomes of a failure where the configuration assigns one.
_FAILED = {"hold": Outcome.HOLD, "reject": Outcome.BLOCK}

_Step = tuple[Outcome, Reason | None, str]


def decide(
    assessments: Sequence[Assessment],
    failures: Sequence[Failure] = (),
    *,
    error_rules: Mapping[str, str] | None = None,
    unknown_rules: Mapping[str, str] | None = None,
    policy_version: str = "",
) -> Verdict:
    """Return the verdict: the severest step wins; content without any step is held.

    An answer without an opinion holds at least: a provider refuses mostly the worst texts, and an
    ALLOW of another one does not outweigh that (ADR 0009).

    Args:
        assessments: The providers' assessments.
        failures: The providers that gave none.
        error_rules: What a provider's failure means: `next` (the others decide), `hold`, `reject`,
            or `approve`, which counts only without any assessment or other step. Default: `next`.
        unknown_rules: `hold` for providers whose calls of unknown outcome also hold the content.
        policy_version: Stored with the verdict.
    """
    steps = [(each.outcome, _reason(each.outcome), each.provider) for each in assessments]
    for each in failures:
        steps += _failed(each, (error_rules or {}).get(each.provider, "next"), unknown_rules or {})
    outcome, reason, decided_by = _severest(steps, failures, error_rules or {})
    categories = _merged(assessments)
    return Verdict(
        outcome=outcome,
        score=max(categories.values(), default=0.0),
        categories=categories,
        reason=reason,
        policy_version=policy_version,
        decided_by=decided_by,
        assessments=tuple(assessments),
        failures=tuple(failures),
    )


def unmoderated(*, policy_version: str = "") -> Verdict:
    """Return the verdict of a room in mode `off`: shown, and logged as not judged."""
    return Verdict(outcome=Outcome.ALLOW, decided_by=OFF, policy_version=policy_version)


def _severest(
    steps: Sequence[_Step], failures: Sequence[Failure], error_rules: Mapping[str, str]
) -> _Step:
    if steps:
        return max(steps, key=_severity)
    if failures and all(error_rules.get(each.provider) == "approve" for each in failures):
        return Outcome.ALLOW, None, f"{failures[-1].provider}:approve"
    return Outcome.HOLD, Reason.UNJUDGED, UNJUDGED


def _failed(failure: Failure, rule: str, unknown_rules: Mapping[str, str]) -> list[_Step]:
    name = failure.provider
    steps: list[_Step] = []
    if rule in _FAILED:
        steps.append((_FAILED[rule], Reason.UNJUDGED, f"{name}:{rule}"))
    if failure.fault is Fault.NO_OPINION:
        steps.append((Outcome.HOLD, Reason.UNJUDGED, f"{name}:no_opinion:hold"))
    if failure.fault is Fault.UNKNOWN and unknown_rules.get(name) == "hold":
        steps.append((Outcome.HOLD, Reason.UNJUDGED, f"{name}:unknown:hold"))
    return steps


def _severity(step: _Step) -> int:
    return step[0].severity


def _reason(outcome: Outcome) -> Reason | None:
    if outcome is Outcome.BLOCK:
        return Reason.POLICY
    return Reason.REVIEW if outcome is Outcome.HOLD else None


def _merged(assessments: Sequence[Assessment]) -> dict[Category, float]:
    merged: dict[Category, float] = {}
    for assessment in assessments:
        for category, score in assessment.categories.items():
            merged[category] = max(score, merged.get(category, 0.0))
    return merged
