"""How opinions become a verdict. Pure: no clock, no database, no network."""

from collections.abc import Mapping, Sequence

from moderado.moderation.types import Assessment, Category, Failure, Outcome, Reason, Verdict

UNJUDGED = "unjudged"
OFF = "off"

# What a failure counts as, where an operator decided that it counts as anything.
_FAILED = {"hold": Outcome.HOLD, "reject": Outcome.BLOCK}


def decide(
    assessments: Sequence[Assessment],
    failures: Sequence[Failure] = (),
    *,
    ladder: Mapping[str, str] | None = None,
    policy_version: str = "",
) -> Verdict:
    """The severest opinion wins; content that nobody judged is held for a person.

    `ladder` says what the failure of a provider means: `next` (nothing: the others decide),
    `hold`, `reject`, or `approve`, which counts only where nobody had an opinion and no other
    failure asks for more.
    """
    outcome, reason, rung = _severest(assessments, failures, ladder or {})
    categories = _merged(assessments)
    return Verdict(
        outcome=outcome,
        score=max(categories.values(), default=0.0),
        categories=categories,
        reason=reason,
        policy_version=policy_version,
        rung=rung,
        assessments=tuple(assessments),
        failures=tuple(failures),
    )


def unmoderated(*, policy_version: str = "") -> Verdict:
    """The verdict of a room that judges nothing: shown, and logged as such."""
    return Verdict(outcome=Outcome.ALLOW, rung=OFF, policy_version=policy_version)


_Step = tuple[Outcome, Reason | None, str]


def _severest(
    assessments: Sequence[Assessment], failures: Sequence[Failure], ladder: Mapping[str, str]
) -> _Step:
    steps: list[_Step] = [
        (each.outcome, _reason(each.outcome), each.provider) for each in assessments
    ]
    rules = [(each.provider, ladder.get(each.provider, "next")) for each in failures]
    steps += [
        (_FAILED[rule], Reason.UNJUDGED, f"{name}:{rule}")
        for name, rule in rules
        if rule in _FAILED
    ]
    if steps:
        return max(steps, key=_severity)
    if rules and all(rule == "approve" for _, rule in rules):
        return Outcome.ALLOW, None, f"{rules[-1][0]}:approve"
    return Outcome.HOLD, Reason.UNJUDGED, UNJUDGED


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
