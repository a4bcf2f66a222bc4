"""Counts what another policy changes in past decisions. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast

from moderado.moderation.evaluation.consequences import CONSEQUENCES, Cases, Judged
from moderado.moderation.types import Outcome, Verdict

EXAMPLES = 10  # of each change of outcome
MOST_RULES = 200
OTHERS = "others"
NOT_ESTIMATED = ("strikes_of_rulings", "readers")

Counts = dict[str, dict[str, int]]


class Tally:
    """Counts changes and consequences, from the state of the last step on."""

    def __init__(self, state: Mapping[str, Any], unit: str) -> None:
        self._counts = Counter(state.get("counts", {}))
        self._causes = Counter(state.get("causes", {}))
        self._unknown = Counter(state.get("unknown", {}))
        self._changes = Counter(state.get("changes", {}))
        self._by_category: Counts = dict(state.get("by_category", {}))
        self._by_rule: Counts = dict(state.get("by_rule", {}))
        self._examples: dict[str, list[Any]] = dict(state.get("examples", {}))
        stored = state.get("consequences", {"cases": {"unit": unit}})
        self.consequences = [kind(stored.get(kind.name, {})) for kind in CONSEQUENCES]

    def skip(self, cause: str) -> None:
        """Count a decision that the other policy cannot judge, or would not."""
        self._causes[cause] += 1

    def unknown(self, providers: Iterable[str]) -> None:
        """Count a decision for which answers are missing: no answer is bought."""
        self._causes["unknown_answers"] += 1
        self._unknown.update(providers)

    def add(self, judged: Judged, verdict: Verdict) -> None:
        """Count a decision that was judged anew."""
        before, after = judged.decision.outcome, judged.outcome
        self._counts["judged"] += 1
        self._counts[f"before_{before.value}"] += 1
        self._counts[f"after_{after.value}"] += 1
        if judged.ruling is not None:
            self._add_ruling(judged.ruling[0], before, after)
        for each in self.consequences:
            each.add(judged)
        if before is not after:
            self._change(judged, verdict)

    def state(self) -> dict[str, Any]:
        return {
            "counts": self._counts,
            "causes": self._causes,
            "unknown": self._unknown,
            "changes": self._changes,
            "by_category": self._by_category,
            "by_rule": self._by_rule,
            "examples": self._examples,
            "consequences": {each.name: each.state() for each in self.consequences},
        }

    def results(self) -> dict[str, Any]:
        """Return what was found, without the queue: see `Cases.queue`."""
        changes = {name: self._changes[name] for name in sorted(self._changes)}
        return {
            "decisions": self._counts["judged"] + self._causes.total(),
            "judged": self._counts["judged"],
            "erased": self._causes["erased"],
            "not_judged": dict(sorted(self._causes.items())),
            "unknown_answers": dict(self._unknown),
            "outcomes": {
                time: {each.value: self._counts[f"{time}_{each.value}"] for each in Outcome}
                for time in ("before", "after")
            },
            "changed": sum(changes.values()),
            "changes": changes,
            "by_category": self._by_category,
            "by_rule": dict(sorted(self._by_rule.items(), key=_most)),
            "rulings": {
                name: self._counts[f"rulings_{name}"]
                for name in ("number", "agree_before", "agree_after")
            },
            "examples": [each for name in changes for each in self._examples[name]],
            "consequences": {each.name: each.results() for each in self.consequences}
            | {"not_estimated": NOT_ESTIMATED},
        }

    @property
    def cases(self) -> Cases:
        """The consequence from which the queue is computed."""
        return cast("Cases", self.consequences[0])

    def _add_ruling(self, ruling: Outcome, before: Outcome, after: Outcome) -> None:
        """Count whether the policy shows what a person showed, and hides what a person hid."""
        self._counts["rulings_number"] += 1
        for name, outcome in (("before", before), ("after", after)):
            is_shown = outcome in (Outcome.ALLOW, Outcome.FLAG)
            self._counts[f"rulings_agree_{name}"] += is_shown == (ruling is Outcome.ALLOW)

    def _change(self, judged: Judged, verdict: Verdict) -> None:
        decision = judged.decision
        before, after = decision.outcome, judged.outcome
        is_stricter = after.severity > before.severity
        direction = "stricter" if is_stricter else "milder"
        name = f"{before.value}>{after.value}"
        basis = decision.basis
        rule = verdict.basis.rule if is_stricter else basis.get("rule", "")
        decided_by = verdict.decided_by if is_stricter else decision.decided_by
        category = verdict.category if is_stricter else _category(decision)
        self._changes[name] += 1
        _count(self._by_category, str(category or ""), direction)
        _count(self._by_rule, rule or decided_by, direction)
        examples = self._examples.setdefault(name, [])
        if len(examples) < EXAMPLES:
            examples.append(
                {
                    "log": str(decision.id),
                    "subject_type": decision.subject_type,
                    "subject": str(decision.subject_id),
                    "revision": decision.revision,
                    "room": str(decision.scope_id) if decision.scope_id else None,
                    "at": decision.created_at.isoformat(),
                    "before": before.value,
                    "after": after.value,
                    "rule": rule,
                    "decided_by": decided_by,
                    "category": str(category or ""),
                    "ruling": judged.ruling[0].value if judged.ruling else None,
                }
            )


def _category(decision: Any) -> str:
    named = decision.basis.get("category")
    return str(named or max(decision.categories, key=decision.categories.__getitem__, default=""))


def _count(counts: Counts, name: str, direction: str) -> None:
    if name not in counts and len(counts) >= MOST_RULES:
        name = OTHERS
    row = counts.setdefault(name, {"stricter": 0, "milder": 0})
    row[direction] += 1


def _most(item: tuple[str, dict[str, int]]) -> tuple[int, str]:
    name, row = item
    return -sum(row.values()), name
