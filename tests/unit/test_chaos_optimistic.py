"""The checker of chaos finds what is wrong in rooms of mode `optimistic`, on planted evidence."""

import json
from collections import Counter
from types import SimpleNamespace

import pytest

from tests.faults import optimistic
from tests.faults.chaos import FULL, PREVENTS, SWITCHES, Outcome
from tests.faults.judge import outcome_of
from tests.faults.optimistic import (
    check_authors_know_why,
    check_hidden_texts_are_gone,
    check_listed_texts_were_unseen,
    check_verdicts_took_effect,
)
from tests.faults.rulings import EFFECTS
from tests.faults.words import LISTED, a_text

pytestmark = pytest.mark.proves("R247")

STOPPED, SHOWN, CLEAN = a_text(1, outcome="LISTED"), a_text(2, outcome="BLOCK"), a_text(3)
CHECKS = (
    check_authors_know_why,
    check_hidden_texts_are_gone,
    check_listed_texts_were_unseen,
    check_verdicts_took_effect,
)


def row(message_id, text, status, **fields):
    row = {"id": message_id, "revision": 1, "text": text, "status": status, "author": "ana"}
    return row | {"room": "r1", "mode": "optimistic", "seq": 0} | fields


def view(message, *, author="ana", **fields):
    return {"id": message["id"], "author": {"id": author}, "content": "", "reason": None} | fields


def run_of(*, received=(CLEAN, SHOWN), state=(), found=(), loaded=(), rows=(), **changed):
    """A run in which Ana's first text was stopped, her second taken down, her third kept."""
    messages = [
        row("m1", STOPPED, "REJECTED"),
        row("m2", SHOWN, "REJECTED", seq=2),
        row("m3", CLEAN, "APPROVED", seq=3),
        *rows,
    ]
    room = SimpleNamespace(
        is_wanted=True,
        messages={
            "m2": view(messages[1], status="REMOVED"),
            "m3": view(messages[2], content=CLEAN, status="APPROVED"),
            **{message["id"]: message for message in state},
        },
    )
    last = {"r1": {"id": "r1", "last_message": view(messages[2], content=CLEAN)}}
    bia = SimpleNamespace(
        id="bia", name="Bia", rooms={"r1": room}, received=received, is_here=True,
        own=SimpleNamespace(rooms=last), ask=lambda *_: {"results": list(found)},
    )  # fmt: skip
    ana = SimpleNamespace(id="ana", name="Ana", rooms={}, received=[STOPPED], is_here=False)
    refused = [view(each, status="REJECTED", reason="policy") for each in messages[:2]]
    log = {"machine": True, "revision": 1, "shown": True}
    run = {
        "clients": [ana, bia],
        "moderators": (),
        "messages": {each["id"]: each for each in messages},
        "texts": messages,
        "loaded": {"bia": [], "ana": [*refused, *loaded]},
        "loaded_state": {"bia": ({}, last)},
        "crowd": SimpleNamespace(do=lambda answer: answer),
        "ruled": {},
        "shown_at_once": {("m2", 1), ("m4", 1)},
        "logs": [
            log | {"id": "m1", "verdict": "BLOCK", "shown": False},
            log | {"id": "m2", "verdict": "BLOCK"},
            log | {"id": "m3", "verdict": "ALLOW"},
            log | {"id": "m4", "verdict": "HOLD"},
        ],
        "sends": [("ana", SimpleNamespace(is_shown_at_once=True))],
    }
    return SimpleNamespace(**run | changed)


def test_run_in_which_all_is_well_has_no_violation():
    assert [list(check(run_of())) for check in CHECKS] == [[], [], [], []]


KEPT = view(row("m2", SHOWN, "REJECTED"), content=SHOWN)


@pytest.mark.parametrize(
    "check, changed",
    [
        (check_listed_texts_were_unseen, {"received": (CLEAN, json.dumps({"x": STOPPED}))}),
        (check_hidden_texts_are_gone, {"state": (KEPT,)}),
        (check_hidden_texts_are_gone, {"found": (KEPT,)}),
        (check_hidden_texts_are_gone, {"loaded": (), "loaded_state": {
            "bia": ({}, {"r1": {"id": "r1", "last_message": KEPT}})}}),
        (check_verdicts_took_effect, {"rows": (row("m1", STOPPED, "HELD"),)}),
        (check_verdicts_took_effect, {"rows": (row("m2", SHOWN, "APPROVED"),)}),
        (check_verdicts_took_effect, {"rows": (row("m4", SHOWN, "HELD"),)}),
        (check_authors_know_why, {"loaded": (view(KEPT, status="HELD"),)}),
    ],
)  # fmt: skip
def test_violation_is_found(check, changed):
    assert list(check(run_of(**changed)))


def test_ruling_may_show_what_a_local_provider_stops():
    seen = {
        "received": (STOPPED,),
        "moderators": (SimpleNamespace(client=SimpleNamespace(id="x")),),
    }
    ruling = {"subject": "m1", "revision": 1, "content": "remove"}

    def ruled(content):
        rulings = [ruling | {"content": content}]
        return run_of(**seen, enforced=SimpleNamespace(rulings=rulings))

    assert list(check_listed_texts_were_unseen(ruled("allow"))) == []
    assert list(check_listed_texts_were_unseen(ruled("remove")))


def test_effects_are_counted_and_demanded():
    assert optimistic.effects(run_of()) == {"show at once": 1, "stop": 1, "take down": 1}
    found = Counter((*EFFECTS, *optimistic.EFFECTS))
    for name in optimistic.EFFECTS:
        assert Outcome(1, effects=found - Counter([name]), duration=FULL).idle == [name]


def test_switched_off_look_shows_in_the_invariant_that_it_keeps():
    assert SWITCHES.keys() >= PREVENTS.keys()
    assert Outcome(1, broken={"I6 no leak": ["x"]}).shows("local_look")
    assert not Outcome(1, broken={"I3 order": ["x"]}, late=["y"]).shows("local_look")


def test_both_providers_say_the_same_of_listed_words():
    assert {word: outcome_of(a_text(outcome=word)) for word in LISTED} == LISTED
