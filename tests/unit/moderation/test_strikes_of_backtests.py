"""Strikes and sanctions that automatic verdicts would have given."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from moderado.moderation.evaluation import strikes
from moderado.moderation.evaluation.strikes import Record, Strike
from moderado.moderation.policies.strikes import StrikeRules, StrikeThreshold

pytestmark = pytest.mark.proves("R228")

START = datetime(2026, 11, 1, tzinfo=UTC)
MUTE = StrikeThreshold(points=2, sanction="mute", term=timedelta(days=1))
BAN = StrikeThreshold(points=4, sanction="ban", term=None)
RULES = StrikeRules(
    window=timedelta(days=10),
    weights={"hate": 3, "spam": 0},
    thresholds=(MUTE, BAN),
    is_machine=True,
)


def strike(day, *, category="insult", author=1, scope=None, policy="default"):
    scope = None if scope is None else UUID(int=scope)
    at = START + timedelta(days=day)
    return Strike(
        author=UUID(int=author), scope=scope, policy=policy, rules=RULES, category=category, at=at
    )


def results(*given):
    record = Record({})
    for each in given:
        record.add(each)
        record = Record(json.loads(json.dumps(record.state())))  # as the next step begins
    return record.results()


def sanctions(*given):
    return results(*given)["sanctions"]


def test_points_lead_to_sanctions_at_their_thresholds():
    assert sanctions(strike(0)) == {}
    assert sanctions(strike(0), strike(1)) == {"mute": 1}
    assert sanctions(strike(0, category="hate"), strike(1)) == {"mute": 1, "ban": 1}
    assert sanctions(strike(0), strike(1, category="hate")) == {"ban": 1, "mute": 1}
    assert sanctions(strike(0, category="spam"), strike(1, category="spam")) == {}


def test_strikes_outside_of_the_window_do_not_count():
    found = results(strike(0), strike(10.5))

    assert (found["sanctions"], found["points"], found["strikes"]) == ({}, {"1": 1}, 2)


def test_sanction_is_repeated_only_when_it_is_over():
    assert sanctions(strike(0), strike(1), strike(1.5)) == {"mute": 1}
    assert sanctions(strike(0), strike(1), strike(2.5)) == {"mute": 2}


def test_people_rooms_and_policies_count_apart():
    others = [strike(1, author=2), strike(1, scope=7), strike(1, policy="games")]

    assert results(strike(0), *others) == {
        "strikes": 4,
        "points": {"1": 4},
        "sanctions": {},
        "not_added_up": 0,
    }


def test_number_of_people_is_bounded(monkeypatch):
    monkeypatch.setattr(strikes, "MOST_PEOPLE", 2)

    found = results(*(strike(0, author=author) for author in range(5)), strike(1, author=0))

    assert (found["strikes"], found["not_added_up"], found["sanctions"]) == (6, 3, {"mute": 1})
