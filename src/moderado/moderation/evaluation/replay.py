"""Decides a stored decision again, from its stored signals and facts. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from moderado.moderation.compiled import decode_thresholds
from moderado.moderation.decide import decide
from moderado.moderation.evaluation.past import (
    PastDecision,
    content_of,
    failures_of,
    signals_of,
)
from moderado.moderation.policies.compile import Runtime
from moderado.moderation.types import Verdict

Columns = Callable[[Verdict], dict[str, Any]]

# The columns of a line that follow from signals, facts and policy alone.
_DECIDED = ("verdict", "score", "categories", "reason", "decided_by", "basis", "matches")


def decided_again(decision: PastDecision, compiled: Runtime) -> Verdict:
    """Return the verdict of the same signals and facts under this policy.

    Thresholds that providers proposed then are part of the facts (ADR 0070).
    """
    proposed = decode_thresholds(decision.facts.get("thresholds", {}))
    policy = replace(compiled.policy, fallback=proposed)
    return decide(signals_of(decision, policy), failures_of(decision), policy, content_of(decision))


def differences(decision: PastDecision, verdict: Verdict, columns: Columns) -> Iterator[str]:
    """Yield the columns in which the line and the verdict differ.

    Args:
        decision: The line.
        verdict: What was decided again.
        columns: Returns the columns of a verdict, as the log stores them.
    """
    again = columns(verdict)
    for name in _DECIDED:
        stored = getattr(decision, name)
        found = again[name]
        if name == "matches":  # by provider: the log groups them in the order of the answers
            stored, found = _grouped(stored), _grouped(found)
        if stored != found:
            yield name


def other_lists(decision: PastDecision, compiled: Runtime) -> bool:
    """Tell whether a list that matched had other rules than it has now, by its digest.

    Its rules are part of what a policy version means. They change with a release.
    """
    now = {each.name: getattr(each.provider, "version", "") for each in compiled.providers}
    matched = {each["provider"] for each in decision.matches}
    return any(
        now.get(name) and decision.signals.get(name, {}).get("model", "") != now[name]
        for name in matched
    )


def _grouped(matches: Any) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for each in matches:
        grouped.setdefault(each["provider"], []).append(dict(each))
    return grouped
