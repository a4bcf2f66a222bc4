"""The checker of chaos finds what it is there to find: I11 to I14, on planted evidence."""

from types import SimpleNamespace

import pytest

from tests.faults.client import Send
from tests.faults.enforced import Erased
from tests.faults.moderators import Act
from tests.faults.rulings import (
    check_decided_once,
    check_erased_words_are_nowhere,
    check_rulings_hold,
    check_who_may_speak,
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
