"""The checker of chaos finds what it is there to find: I11 to I14, on planted evidence."""

from collections import Counter
from types import SimpleNamespace

import pytest

from tests.faults import optimistic
from tests.faults.chaos import FULL, Outcome, table
from tests.faults.client import Send
from tests.faults.enforced import Erased
from tests.faults.moderators import Act
from tests.faults.rulings import (
    EFFECTS,
    check_decided_once,
    check_erased_words_are_nowhere,
    check_rulings_hold,
    check_who_may_speak,
    effects,
)

ANA = SimpleNamespace(id="ana", name="Ana")
RULING = {
    "id": "r1", "case": "c1", "subject": "m1", "revision": 1, "content": "remove",
    "reverses": None, "is_undone": False, "actor": "mod", "author": "ana", "at": 1, "reporters": [],
}  # fmt: skip
MUTE = {
    "id": "s1", "user": "ana", "kind": "mute", "room": None, "ruling": "r1", "actor": "mod",
    "lifted_by": None, "starts": 10.0, "ends": 20.0, "lifted": None,
}  # fmt: skip


def run_of(**changed):
    """A run in which one moderator removed a message and muted its author, and all is well."""
    send = Send("room", "text", "one", invoked=12.0, tried=12.0, refused="muted")
    enforced = {
        "rulings": [RULING],
        "sanctions": [MUTE],
        "ruling_lines": [{"case": "c1", "step": "moderator", "lines": 1}],
        "open_cases": [],
        "stranded_reports": [],
        "reports": 1,
        "erasures": {"joca": "done"},
        "words_by_table": {"chat_message": "nothing"},
        "faults_of_the_log": list,
        "at": lambda seconds: seconds,
    }
    told = Act("rule", "c1", 10.0, 11.0, 201, {"ruling": {"id": "r1"}})
    run = {
        "acts": [told],
        "sends": [(ANA, send)],
        "messages": {"m1": {"id": "m1", "revision": 1, "status": "REJECTED", "author": "ana"}},
        "erased": [Erased("joca", "Joca", (("a text", "canary1"),))],
    }
    run["messages"]["m1"]["client_id"] = "zero"
    for name, value in changed.items():
        (enforced if name in enforced else run)[name] = value
    return SimpleNamespace(**run, enforced=SimpleNamespace(**enforced))


CHECKS = (
    check_who_may_speak,
    check_decided_once,
    check_rulings_hold,
    check_erased_words_are_nowhere,
)


def message(**changed):
    row = {"id": "m1", "revision": 1, "status": "APPROVED", "author": "ana", "client_id": "one"}
    return {"m1": row | changed}


def spoken():
    return [(ANA, Send("room", "text", "one", invoked=12.0, tried=12.0, acknowledged=13.0))]


def test_run_in_which_all_is_well_has_no_violation():
    assert [list(check(run_of())) for check in CHECKS] == [[], [], [], []]


@pytest.mark.parametrize(
    "check, changed",
    [
        (check_who_may_speak, {"sends": spoken(), "messages": message(status="REJECTED")}),
        (check_who_may_speak, {"sanctions": []}),
        (check_who_may_speak, {"sanctions": [MUTE | {"starts": 90.0, "ends": 99.0}]}),
        (check_decided_once, {"rulings": [RULING, RULING | {"id": "r2"}]}),
        (check_decided_once, {"rulings": []}),
        (check_decided_once, {"rulings": [RULING | {"actor": "ana"}]}),
        (check_decided_once, {"rulings": [RULING | {"reporters": ["mod"]}]}),
        (check_decided_once, {"sanctions": [MUTE | {"lifted_by": "ana"}]}),
        (check_decided_once, {"acts": [Act("undo", "r1", 1.0, 2.0, 200)]}),
        (
            check_decided_once,
            {"acts": [Act("reverse", "r1", 1.0, 2.0, 201, {"ruling": {"id": "r1"}})]},
        ),
        (check_decided_once, {"acts": [Act("rule", "c1", 1.0, 2.0, 500)]}),
        (check_decided_once, {"ruling_lines": []}),
        (check_rulings_hold, {"messages": message()}),
        (check_rulings_hold, {"messages": message(status="HELD", revision=2)}),
        (check_rulings_hold, {"stranded_reports": [{"id": "p1", "state": "decided"}]}),
        (check_erased_words_are_nowhere, {"words_by_table": {"chat_message": "a canary1 b"}}),
        (check_erased_words_are_nowhere, {"erasures": {"joca": "running"}}),
        (check_erased_words_are_nowhere, {"faults_of_the_log": lambda: ["altered"]}),
    ],
)
def test_violation_is_found(check, changed):
    assert list(check(run_of(**changed)))


ACTS = [
    Act(what, "x", 1.0, 2.0, 200)
    for what in ("rule", "undo", "reverse", "appeal", "impose", "claim")
]


def outcome_of(run, **fields):
    found = effects(run) + Counter(optimistic.EFFECTS)
    return Outcome(1, effects=found, duration=FULL, **fields)


@pytest.mark.proves("R216")
def test_run_in_which_each_kind_of_act_took_effect_is_a_whole_one():
    outcome = outcome_of(run_of(acts=ACTS))

    assert [outcome.effects[name] for name in EFFECTS] == [1] * len(EFFECTS)
    assert (outcome.idle, outcome.violations) == ([], 0)
    assert "took effect: appeal 1, claim 1, erase 1" in table(outcome)


NOTHING_OF = {
    **{act.what: {"acts": [each for each in ACTS if each is not act]} for act in ACTS[:5]},
    "sanction": {"sanctions": [MUTE | {"ruling": None}]},
    "report": {"reports": 0},
    "erase": {"erasures": {"joca": "held"}},
}


@pytest.mark.proves("R216")
@pytest.mark.parametrize("name", EFFECTS)
def test_run_without_an_effective_act_of_some_kind_is_none(name):
    run = run_of(**{"acts": ACTS} | NOTHING_OF[name])

    assert outcome_of(run).idle == [name]
    assert f"no {name} took effect" in table(outcome_of(run))
    refused = Act(name, "x", 1.0, 2.0, 409), Act(name, "x", 1.0)
    changed = {"acts": ACTS} | NOTHING_OF[name] | {"acts": [*run.acts, *refused]}
    assert outcome_of(run_of(**changed)).idle == [name]
    short = Outcome(1, effects=effects(run), duration=FULL - 1)
    assert (short.idle, Outcome(1, duration=FULL).idle) == ([], []), "without moderators"


@pytest.mark.proves("R216")
def test_switched_off_lock_shows_in_the_invariant_that_it_keeps():
    other = Outcome(1, broken={"I6 nothing leaks": ["x"]}, late=["y"])
    own = Outcome(1, broken={"I12 decided once": ["x"], "I1 kept": []})

    assert [each.shows("ruling_lock") for each in (other, own, Outcome(1))] == [False, True, False]
    assert [each.shows("sweep") for each in (other, own, Outcome(1))] == [True, True, False]
