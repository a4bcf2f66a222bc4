"""Counts what the policy would have done with the messages of an export."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import ceil
from typing import Any

from moderado.moderation.audit.lines import Line
from moderado.moderation.types import Ground, Match, Outcome, Verdict

SECONDS_A_CASE = 20  # of a moderator; an assumption that the command's option replaces
MAX_EXAMPLES = 3  # of a rule or a disguise
MAX_AUTHORS = 30
EXAMPLE_LENGTH = 160  # characters
_ACTED = (Outcome.FLAG, Outcome.HOLD, Outcome.BLOCK)
_CASES = (Outcome.FLAG, Outcome.HOLD)  # each is one for a moderator
_HOURS = 24
_CHARACTERS_A_TOKEN = 4
_RECORD = 1_000  # characters of one billed record of Azure


@dataclass
class Group:
    """Outcomes of a rule, an author or a disguise, with some of the texts."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome, text: str) -> None:
        self.outcomes[outcome] += 1
        if outcome in _ACTED and len(self.examples) < MAX_EXAMPLES:
            shown = text[:EXAMPLE_LENGTH] + ("…" if len(text) > EXAMPLE_LENGTH else "")
            if shown not in self.examples:
                self.examples.append(shown)

    def as_json(self) -> dict[str, Any]:
        counts = {each.value: self.outcomes[each] for each in Outcome if self.outcomes[each]}
        return {"messages": self.outcomes.total(), **counts, "examples": self.examples}


class Tally:
    """The figures of an audit.

    Args:
        anonymous: Number the authors instead of naming them, and keep no texts.
        seconds_a_case: How long a moderator takes for a case.
    """

    def __init__(self, *, anonymous: bool = False, seconds_a_case: int = SECONDS_A_CASE) -> None:
        self._anonymous = anonymous
        self._seconds = seconds_a_case
        self.skipped = 0
        self.policy = ""  # which one judged, for readers
        self.outcomes: Counter[Outcome] = Counter()
        self.categories: Counter[str] = Counter()
        self.rules: defaultdict[str, Group] = defaultdict(Group)
        self.authors: defaultdict[str, Group] = defaultdict(Group)
        self.readings: defaultdict[str, Group] = defaultdict(Group)
        self.hours = [Counter[Outcome]() for _ in range(_HOURS)]
        self._cases: Counter[tuple[date, int]] = Counter()
        self._days: set[date] = set()
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._characters = self._records = self._sent = self.disguised = 0

    def skip(self) -> None:
        """Count a part of the export that is no readable message."""
        self.skipped += 1

    def add(self, line: Line, verdict: Verdict) -> None:
        """Count one judged message."""
        outcome, text = verdict.outcome, "" if self._anonymous else line.text
        self.policy = f"{verdict.policy} {verdict.policy_version}"
        self.outcomes[outcome] += 1
        self.authors[line.author].add(outcome, "")
        if outcome in _ACTED:
            self.rules[decisive(verdict)].add(outcome, text)
            self.categories.update(category.value for category in verdict.categories)
        if outcome is not Outcome.BLOCK:  # a blocked one is sent to no remote provider
            self._sent += 1
            self._characters += len(line.text)
            self._records += max(1, ceil(len(line.text) / _RECORD))
        self._add_readings(_matches(verdict), outcome, text)
        if line.at is not None:
            self._add_time(line.at, outcome)

    def _add_readings(self, matches: Iterator[Match], outcome: Outcome, text: str) -> None:
        found = {match.reading for match in matches if match.reading}
        self.disguised += bool(found)
        for reading in found:
            self.readings[reading].add(outcome, text)

    def _add_time(self, at: datetime, outcome: Outcome) -> None:
        self.hours[at.hour][outcome] += 1
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)
        self._days.add(at.date())
        if outcome in _CASES:
            self._cases[at.date(), at.hour] += 1

    def queue(self) -> dict[str, Any]:
        """Return the load of the moderators: cases by day and hour, and the time they take."""
        days: Counter[str] = Counter(dict.fromkeys((day.isoformat() for day in self._days), 0))
        for (day, _hour), cases in self._cases.items():
            days[day.isoformat()] += cases
        total, busiest = sum(days.values()), max(self._cases.values(), default=0)
        return {
            "cases": total,
            "cases_a_day": round(total / len(days), 1) if days else 0.0,
            "busiest_hour": busiest,
            "seconds_a_case": self._seconds,
            "minutes_a_day": round(total * self._seconds / 60 / len(days), 1) if days else 0.0,
            "moderators_in_busiest_hour": ceil(busiest * self._seconds / 3600),
            "days": dict(sorted(days.items())),
        }

    def sent(self) -> dict[str, int]:
        """Return what remote providers would receive: all texts that are not blocked before."""
        return {
            "texts": self._sent,
            "characters": self._characters,
            "records": self._records,
            "tokens": ceil(self._characters / _CHARACTERS_A_TOKEN),
        }

    def shown_authors(self) -> list[tuple[str, Group]]:
        """Return the authors with the most messages that the policy acts on."""
        ranked = sorted(self.authors.items(), key=lambda each: _acted(each[1]), reverse=True)
        chosen = [each for each in ranked if _acted(each[1])][:MAX_AUTHORS]
        if not self._anonymous:
            return [(name or "—", group) for name, group in chosen]
        return [(f"#{number}", group) for number, (_, group) in enumerate(chosen, start=1)]

    def as_json(self) -> dict[str, Any]:
        """Return all figures."""
        return {
            "messages": self.outcomes.total(),
            "skipped": self.skipped,
            "policy": self.policy,
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
            "authors_total": len(self.authors),
            "outcomes": {each.value: self.outcomes[each] for each in Outcome},
            "categories": dict(self.categories.most_common()),
            "rules": _named(ranked(self.rules)),
            "authors": _named(self.shown_authors()),
            "hours": [
                {"messages": hour.total(), **{each.value: hour[each] for each in _ACTED}}
                for hour in self.hours
            ],
            "evasion": {"messages": self.disguised, "readings": _named(ranked(self.readings))},
            "queue": self.queue(),
            "sent": self.sent(),
        }


def ranked(groups: dict[str, Group]) -> list[tuple[str, Group]]:
    """Return groups by size, the largest first."""
    return sorted(groups.items(), key=lambda each: (-each[1].outcomes.total(), each[0]))


def decisive(verdict: Verdict) -> str:
    """Return what decided: a rule, a provider with its category, or the deciding step."""
    basis = verdict.basis
    if basis.ground is Ground.RULE:
        return basis.rule
    if basis.category is not None:
        return f"{basis.provider}: {basis.category.value}"
    return verdict.decided_by


def _acted(group: Group) -> int:
    return sum(group.outcomes[each] for each in _ACTED)


def _matches(verdict: Verdict) -> Iterator[Match]:
    return (match for signal in verdict.signals for match in signal.matches)


def _named(groups: Sequence[tuple[str, Group]]) -> list[dict[str, Any]]:
    return [{"name": name, **group.as_json()} for name, group in groups]
