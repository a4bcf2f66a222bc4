"""What another version would have changed in past messages, and what would have followed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from moderado.chat.models import Message
from moderado.core import slices
from moderado.moderation.evaluation.consequences import Cases, Exposure, Judged, posted_at
from moderado.moderation.evaluation.past import PastDecision
from moderado.moderation.models import Case, Evaluation
from moderado.moderation.policies.documents import read_json
from moderado.moderation.services import (
    evaluation_replay,
    evaluation_runs,
    evaluations,
    past_decisions,
    policies,
)
from moderado.moderation.services.evaluations import EvaluationRequest
from moderado.moderation.services.policy_assignments import Assignments, assign
from moderado.moderation.types import Outcome
from tests import rulings
from tests.factories import make_member, make_room, make_staff, make_user
from tests.integration.chat.steps import judge, post
from tests.providers import Priced

pytestmark = pytest.mark.django_db

ALLOW, FLAG, HOLD, BLOCK = Outcome
PROVIDERS = [
    {
        "BACKEND": "moderado.moderation.providers.blocklist.BlocklistProvider",
        "OPTIONS": {"packs": []},
    },
    {"BACKEND": "tests.providers.Priced"},
]


@pytest.fixture(autouse=True)
def _providers(settings, monkeypatch, no_identity_sentences):
    settings.MODERATION_PROVIDERS = PROVIDERS
    monkeypatch.setattr(Priced, "asked", [])


def rule(*words, outcome="hold", **fields):
    return {"id": words[0], "words": words, "category": "spam", "outcome": outcome, **fields}


def saved(*rules, name="default", uses=("blocklist",), **fields):
    """Save a version; it is not enabled."""
    document = {"name": name, "rules": rules, **fields}
    if "extends" not in fields:
        document["providers"] = [each if isinstance(each, dict) else {"use": each} for each in uses]
    document = read_json(document)
    if policies.Policy.objects.filter(name=name).exists():
        made = policies.save_version(actor_id=None, name=name, document=document)
    else:
        made = policies.create_policy(actor_id=None, document=document)
    return made.version.number


def enabled(*rules, name="default", **fields):
    number = saved(*rules, name=name, **fields)
    policies.enable(actor_id=None, name=name, number=number)


def everywhere():
    assign(actor_id=None, wanted=Assignments(server="default"))


def said(room, *texts):
    messages = [post(make_user(), room, text) for text in texts]
    judge(*messages)
    return messages


def backtest(number, *, name="default", **asked):
    asked = {"until": timezone.now() + timedelta(seconds=1)} | asked
    evaluation = evaluations.request_evaluation(
        actor_id=None,
        request=EvaluationRequest(kind="backtest", policy=name, version=number, **asked),
    )
    while evaluation_runs.run_slice(evaluation.id):
        pass
    evaluation.refresh_from_db()
    assert evaluation.state == Evaluation.State.DONE, evaluation.error
    return evaluation.results


def test_backtest_shows_what_changes_by_category_and_rule_with_examples():
    enabled(rule("pira"), rule("lula", outcome="block"))
    everywhere()
    new = saved(rule("pira", outcome="allow"), rule("polvo", outcome="block"))
    _, held, blocked, passed, _ = said(make_room(), "bom dia", "p.i.r.a", "lula", "p0lvo", "oi")

    results = backtest(new)

    assert (results["decisions"], results["judged"], results["changed"]) == (5, 5, 3)
    assert results["changes"] == {"ALLOW>BLOCK": 1, "BLOCK>ALLOW": 1, "HOLD>ALLOW": 1}
    assert results["by_category"] == {"spam": {"stricter": 1, "milder": 2}}
    assert {name: row["stricter"] for name, row in results["by_rule"].items()} == {
        "pira/pira": 0,
        "lula/lula": 0,
        "polvo/polvo": 1,
    }
    examples = {each["subject"]: (each["before"], each["after"]) for each in results["examples"]}
    assert examples == {
        str(held.id): ("HOLD", "ALLOW"),
        str(blocked.id): ("BLOCK", "ALLOW"),
        str(passed.id): ("ALLOW", "BLOCK"),
    }
    assert "polvo" not in str([each for each in results["examples"] if "text" in each])
    assert Message.objects.get(pk=passed.id).status == "APPROVED"  # nothing happened to it


def test_backtest_leaves_out_what_it_cannot_know():
    enabled(rule("pira"))
    everywhere()
    flood = {"id": "flood", "flood": {"messages": 2, "seconds": 60}} | {
        "category": "spam",
        "outcome": "hold",
    }
    counting, new = saved(flood), saved(rule("oi"))
    erased, _ = said(make_room(), "oi", "oi")
    said(make_room(moderation_mode="off"), "oi")
    Message.objects.filter(pk=erased.id).update(text="")

    assert backtest(new)["not_judged"] == {"erased": 1, "no_policy": 1}
    assert backtest(counting)["not_judged"] == {"erased": 1, "no_policy": 1, "missing_facts": 1}


def test_version_is_tried_where_its_policy_applies():
    enabled(rule("pira"))
    enabled(rule("golpe"), name="games", extends="default")
    enabled(rule("lula"), name="other")
    games, other = make_room(), make_room()
    assign(
        actor_id=None,
        wanted=Assignments(server="default", rooms={games.id: "games", other.id: "other"}),
    )
    said(make_room(), "polvo")
    said(games, "polvo", "golpe")
    said(other, "polvo")

    results = backtest(saved(rule("polvo")))
    unassigned = backtest(saved(rule("polvo"), name="new"), name="new")

    assert results["changes"] == {"ALLOW>HOLD": 2}  # the room's own rule still holds
    assert results["not_judged"] == {"elsewhere": 1}
    assert unassigned["changes"] == {"ALLOW>HOLD": 3, "HOLD>ALLOW": 1}


def test_words_cut_in_two_messages_are_read_again():
    enabled(rule("zarlumo"))
    everywhere()
    room = make_room()
    author = make_member(room).user
    for text in ("zar", "lumo"):
        post(author, room, text)
        judge()

    assert backtest(saved(rule("zarlumo", "outra")))["changed"] == 0


def test_remote_providers_are_not_called():
    asking = {"use": "priced", "when": "length > 3"}
    enabled(rule("pira"), uses=("blocklist", asking))
    everywhere()
    said(make_room(), "bom dia HOLD", "boa tarde", "oi", "FAIL isto")
    before = list(Priced.asked)

    same = backtest(saved(rule("pira"), uses=("blocklist", asking)))
    always = backtest(saved(rule("pira"), uses=("blocklist", "priced")))
    never = backtest(saved(rule("pira")))

    assert Priced.asked == before
    assert same["changed"] == 0
    assert same["consequences"]["cost"] == {"before": 0.2, "after": 0.2}
    assert always["unknown_answers"] == {"priced": 1}
    assert always["not_judged"] == {"unknown_answers": 1}
    assert never["changes"] == {"HOLD>ALLOW": 1}
    assert never["consequences"]["cost"] == {"before": 0.2, "after": 0.0}


def test_consequences_are_cases_by_hour_rulings_and_exposure():
    enabled(rule("pira"))
    everywhere()
    new = saved(rule("polvo"), rule("lula", outcome="block"))
    room = make_room(moderation_mode="post")
    said(room, "pira", "pira também", "polvo", "lula", "bom dia")
    moderator = make_staff()
    for case, outcome in zip(Case.objects.order_by("id"), (ALLOW, BLOCK), strict=True):
        rulings.rule(
            actor_id=moderator.id, case_id=case.id, outcome=outcome, reason="x", scope_ids=None
        )

    results = backtest(new)

    consequences = results["consequences"]
    assert consequences["cases"] == {
        "before": {"flag": 0, "hold": 2},
        "after": {"flag": 0, "hold": 1},
    }
    assert results["rulings"] == {"number": 2, "agree_before": 1, "agree_after": 1}
    (hour,) = consequences["queue"]["hours"]
    assert (hour["opened_before"], hour["opened_after"], hour["decided"]) == (2, 1, 2)
    assert consequences["exposure"]["before"]["texts"] == 1  # blocked by the moderator
    assert consequences["exposure"]["after"]["texts"] == 2  # and by the new rule
    assert consequences["not_estimated"] == ["strikes_of_rulings", "readers"]


@pytest.mark.proves("R228")
def test_backtest_estimates_strikes_and_sanctions():
    strikes = {"machine": True, "thresholds": [{"points": 2, "sanction": "mute"}]}
    enabled(rule("pira"), rule("lula", outcome="block"), strikes=strikes)
    everywhere()
    new = saved(rule("pira", outcome="block"), strikes=strikes | {"weights": {"spam": 2}})
    room, author = make_room(), make_user()
    messages = [post(author, room, text) for text in ("lula", "uma lula", "pira", "bom dia")]
    messages += [post(make_user(), room, "pira"), post(make_user(), room, "lula")]
    judge(*messages)

    found = backtest(new)["consequences"]["strikes"]

    assert found == {
        "before": {
            "strikes": 3,
            "points": {"1": 1, "2": 1},
            "sanctions": {"mute": 1},
            "not_added_up": 0,
        },
        "after": {"strikes": 2, "points": {"2": 2}, "sanctions": {"mute": 2}, "not_added_up": 0},
    }


@pytest.mark.proves("R228")
def test_ruling_that_shows_a_text_takes_its_strikes_away():
    enabled(rule("lula", outcome="hold"), strikes={"machine": True})
    everywhere()
    new = saved(rule("lula", outcome="block"), strikes={"machine": True})
    said(make_room(), "lula", "uma lula")
    moderator, case = make_staff(), Case.objects.order_by("id")[0]
    rulings.rule(actor_id=moderator.id, case_id=case.id, outcome=ALLOW, reason="x", scope_ids=None)

    found = backtest(new)["consequences"]["strikes"]

    assert (found["before"]["strikes"], found["after"]["strikes"]) == (0, 1)


def test_backtest_resumes_without_counting_twice(monkeypatch):
    enabled(rule("pira"))
    everywhere()
    new = saved(rule("polvo"))
    said(make_room(), *["pira", "polvo", "bom dia"] * 3)
    until = timezone.now() + timedelta(seconds=1)
    expected = backtest(new, until=until)
    monkeypatch.setattr(slices, "SLICE", 0)
    monkeypatch.setattr(past_decisions, "BATCH", 2)

    assert backtest(new, until=until) == expected


def past(outcome, **fields):
    defaults = dict.fromkeys(PastDecision.__dataclass_fields__)
    known = {"verdict": outcome.value, "revision": 1, "facts": {"room": {"mode": "post"}}}
    return PastDecision(**defaults | known | fields)


def test_queue_grows_with_what_moderators_did_not_decide():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    cases = Cases({"unit": "hour"})
    for hour, opened in enumerate((3, 0, 1)):
        at = start + timedelta(hours=hour, minutes=59)
        for _ in range(opened):
            cases.add(Judged(decision=past(ALLOW, created_at=at), outcome=HOLD))
    decided = {(start + timedelta(hours=1)).isoformat(): 1}

    queue = Cases(cases.state()).queue(decided, {}, waiting=1)

    assert [each["length_after"] for each in queue["hours"]] == [4, 3, 4]
    assert [each["length_before"] for each in queue["hours"]] == [1, 0, 0]
    assert (queue["longest_before"], queue["longest_after"]) == (1, 4)


@pytest.mark.proves("R160")
def test_only_cases_that_enter_the_queue_leave_it():
    enabled(rule("pira"))
    enabled(rule("pira"), name="other")
    own, elsewhere = make_room(), make_room()
    assign(actor_id=None, wanted=Assignments(server="default", rooms={elsewhere.id: "other"}))
    said(own, "pira um", "pira dois", "pira três", "bom dia")
    said(elsewhere, "pira quatro", "pira cinco")
    decided, deleted, _ = Case.objects.filter(scope_id=own.id).order_by("id")
    now = timezone.now()
    Case.objects.filter(scope_id=elsewhere.id).update(state="decided", decided_at=now)
    for entered in ({"origin": "report"}, {"origin": "flag", "is_blind": True, "sampling": 0.01}):
        Case.objects.create(
            subject_type="message", subject_id=make_user().id, revision=1, scope_id=own.id,
            state="decided", decided_at=now, **entered,
        )  # fmt: skip
    Case.objects.filter(pk=decided.pk).update(state="decided", decided_at=now)
    Case.objects.filter(pk=deleted.pk).update(state="closed", closed_at=now)

    queue = backtest(saved(rule("pira")))["consequences"]["queue"]

    assert [sum(each[name] for each in queue["hours"]) for name in ("decided", "closed")] == [1, 1]
    assert sum(each["opened_before"] for each in queue["hours"]) == 3
    assert queue["hours"][-1]["length_before"] == queue["hours"][-1]["length_after"] == 1


def test_exposure_lasts_until_the_text_is_hidden():
    message_id = make_user().id  # any id of version 7
    posted = posted_at(message_id)
    later = [posted + timedelta(seconds=each) for each in (2, 10)]
    exposure = Exposure({})
    exposure.add(
        Judged(
            decision=past(ALLOW, subject_id=message_id, created_at=later[0]),
            outcome=HOLD,
            ruling=(BLOCK, later[1]),
        )
    )

    assert Exposure(exposure.state()).results() == {
        "before": {"texts": 1, "seconds": 10.0},
        "after": {"texts": 1, "seconds": 2.0},
    }


@pytest.mark.parametrize(("facts", "seconds"), [({"was_shown": True}, 2.0), ({}, 0.0)])
def test_exposure_in_optimistic_rooms_begins_when_the_text_was_shown(facts, seconds):
    message_id = make_user().id
    line = past(
        BLOCK, subject_id=message_id, created_at=posted_at(message_id) + timedelta(seconds=2)
    )
    facts = {**facts, "room": {"mode": "optimistic"}}
    exposure = Exposure({})
    exposure.add(Judged(decision=replace(line, facts=facts), outcome=BLOCK, ruling=None))
    assert exposure.results()["before"]["seconds"] == seconds


def test_commands_show_what_was_found_and_fail_on_a_difference(capsys, monkeypatch):
    enabled(rule("pira"))
    everywhere()
    new = saved(rule("polvo"))
    said(make_room(), "pira", "polvo")
    named = ("--policy", "default", "--version", str(new), "--since", "1h")

    call_command("backtest", *named, "--json")
    found = json.loads(capsys.readouterr().out)
    call_command("backtest", *named)
    shown = capsys.readouterr().out
    call_command("replay")

    assert (found["kind"], found["changed"]) == ("backtest", 2)
    assert "ALLOW → HOLD" in shown
    assert "equal" in capsys.readouterr().out
    for wrong in (["--since", "soon"], ["--policy", "none", "--version", "1"], []):
        with pytest.raises(CommandError):
            call_command("backtest", *wrong)
    monkeypatch.setattr(evaluation_replay, "differences", lambda *_: ["score"])
    with pytest.raises(SystemExit) as ended:
        call_command("replay")
    assert ended.value.code == 1
