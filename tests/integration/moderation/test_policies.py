"""Stored policies: versions, enabling, assignments, and what a claim finds in force."""

from importlib import import_module
from itertools import islice, product
from string import ascii_lowercase

import pytest
import structlog
from django.apps import apps
from django.db import InternalError, transaction
from django.db.utils import IntegrityError

from moderado.chat.models import Membership
from moderado.chat.services.rooms import update_room
from moderado.chat.services.screening import LocalRound
from moderado.core import clock
from moderado.core.errors import NotFound
from moderado.moderation.errors import (
    FailingExamples,
    InvalidPolicy,
    PolicyExists,
    PolicyInUse,
    PolicyNotEnabled,
    UnfairPolicy,
)
from moderado.moderation.models import (
    Evaluation,
    ModerationLog,
    Policy,
    PolicyChange,
    PolicyVersion,
)
from moderado.moderation.policies.documents import read_json
from moderado.moderation.rules import patterns
from moderado.moderation.rules.group import MAX_PATTERNS
from moderado.moderation.services import policies, policy_findings
from moderado.moderation.services.enabling import newest_backtest
from moderado.moderation.services.judging import judge_texts
from moderado.moderation.services.policy_assignments import Assignments, assign, assignments
from moderado.moderation.services.policy_lookup import in_force
from moderado.moderation.services.subject_screening import screen_waiting as screen_names
from moderado.moderation.types import Outcome
from tests.factories import make_member, make_room
from tests.integration.chat.steps import judge, post

pytestmark = pytest.mark.django_db

ALLOW, FLAG, HOLD, BLOCK = Outcome
BLOCKLIST = {"BACKEND": "moderado.moderation.providers.blocklist.BlocklistProvider"}

OWN = {"id": "own", "category": "spam", "severity": 0.6, "action": "hold", "words": ["pira"]}
first_policy = import_module("moderado.moderation.migrations.0015_first_policy")


@pytest.fixture(autouse=True)
def _blocklist(settings, no_identity_sentences):
    settings.MODERATION_PROVIDERS = [BLOCKLIST]


def document(*words, name="default", outcome="hold", **fields):
    fields.setdefault("providers", [{"use": "blocklist"}] if "extends" not in fields else None)
    rule = {"id": "own", "words": list(words), "category": "spam", "outcome": outcome}
    examples = {key: fields.pop(key) for key in ("must_hold", "must_pass") if key in fields}
    rules = [rule | examples] if words else []
    return read_json({"name": name, "rules": rules, **fields})


def stored(*words, name="default", **fields):
    made = document(*words, name=name, **fields)
    if Policy.objects.filter(name=name).exists():
        saved = policies.save_version(actor_id=None, name=name, document=made)
    else:
        saved = policies.create_policy(actor_id=None, document=made)
    return policies.enable(actor_id=None, name=name, number=saved.version.number)


def outcome(text, policy=None):
    return judge_texts([text], policy=policy)[0].outcome


def test_first_version_is_made_of_the_configuration(settings):
    options = {"packs": ["pt-BR"], "rules": [OWN], "allow": ["pirata"]}
    settings.MODERATION_PROVIDERS = [BLOCKLIST | {"OPTIONS": options, "ON_ERROR": "hold"}]

    first_policy.make_first_version(apps, None)

    policy = Policy.objects.get()
    assert (policy.name, policy.enabled.number) == ("default", 1)
    assert in_force() == (policy.enabled_id,)
    assert policy.enabled.document["providers"] == [
        {"use": "blocklist", "on_error": "hold", "on_unknown": "next"}
    ]
    assert (outcome("uma pira"), outcome("um pirata")) == (HOLD, ALLOW)
    assert PolicyChange.objects.count() == 3


def test_invalid_configuration_makes_no_version(settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "no.such"}]

    first_policy.make_first_version(apps, None)

    assert not Policy.objects.exists()


@pytest.mark.proves("R229")
def test_rule_without_a_counterpart_makes_no_version_and_is_logged(settings):
    rules = [OWN, OWN | {"id": "long", "words": [], "patterns": ["a" * 550]}]
    settings.MODERATION_PROVIDERS = [BLOCKLIST | {"OPTIONS": {"rules": rules}}]

    with structlog.testing.capture_logs() as logs:
        first_policy.make_first_version(apps, None)

    assert not Policy.objects.exists()
    (line,) = [each for each in logs if each["event"] == "first_policy_not_made"]
    assert "patterns" in line["reason"]
    assert outcome("uma pira") is HOLD  # the configuration decides


def test_configuration_decides_while_nothing_is_assigned():
    stored("pira")

    assert in_force() == ()
    assert outcome("seu idiota") is not ALLOW
    assert outcome("pira") is ALLOW
    assert outcome("pira", "default") is HOLD


def test_saved_version_is_not_in_force_until_it_is_enabled():
    first = stored("pira")
    assign(actor_id=None, wanted=Assignments(server="default"))
    saved = policies.save_version(actor_id=None, name="default", document=document("lula"))

    assert (saved.version.number, in_force()) == (2, (first.id,))
    assert outcome("lula") is ALLOW

    policies.enable(actor_id=None, name="default", number=2)

    assert (outcome("lula"), outcome("pira")) == (HOLD, ALLOW)


def test_most_specific_policy_wins():
    stored("pira")
    stored("lula", name="public")
    stored("polvo", name="own")
    room, other, private = make_room(), make_room(), make_room(is_private=True)
    assign(
        actor_id=None,
        wanted=Assignments(
            server="default", room_types={"public": "public"}, rooms={room.id: "own"}
        ),
    )

    for place, word in ((room, "polvo"), (other, "lula"), (private, "pira")):
        author = make_member(place).user
        found = [post(author, place, text) for text in ("pira", "lula", "polvo")]
        judge(*found)
        assert {each.text for each in found if each.status == "HELD"} == {word}
    assert assignments().rooms == {room.id: "own"}


def test_decision_names_policy_version_and_facts():
    stored("pira")
    stored("pira")
    assign(actor_id=None, wanted=Assignments(server="default"))
    room = make_room(is_private=True)
    message = post(make_member(room, role=Membership.Role.MODERATOR).user, room, "pira")

    judge(message)

    line = ModerationLog.objects.get(subject_id=message.id)
    assert (line.policy, line.policy_version, line.decided_by) == ("default", "2", "blocklist")
    assert line.facts == {
        "author": {"role": "MODERATOR"},
        "room": {"type": "private", "mode": "pre", "audience": "mixed"},
        "length": 4,
    }


def test_audience_of_a_room_decides_and_is_frozen_into_the_facts():
    own = {"id": "own", "words": ["pira"], "category": "spam", "outcome": "hold"}
    minors = read_json(
        {
            "name": "default",
            "providers": [{"use": "blocklist"}],
            "rules": [own | {"when": "room.audience == 'minors'"}],
        }
    )
    policies.create_policy(actor_id=None, document=minors)
    policies.enable(actor_id=None, name="default", number=1)
    assign(actor_id=None, wanted=Assignments(server="default"))
    rooms = [make_room(audience=audience) for audience in ("adults", "mixed", "minors")]
    admin = make_member(rooms[0], role=Membership.Role.ADMIN).user
    found = [post(make_member(room).user, room, "pira") for room in rooms]
    update_room(actor_id=admin.id, room_id=rooms[0].id, name="pira")
    update_room(actor_id=admin.id, room_id=rooms[0].id, audience="minors")  # while the name waits

    judge(*found[1:])
    screen_names()

    assert [each.status for each in found[1:]] == ["APPROVED", "HELD"]
    lines = ModerationLog.objects.filter(decided_by="blocklist", verdict="HOLD")
    facts = {line.subject_type: line.facts["room"] for line in lines}
    assert facts == {
        "message": {"type": "public", "mode": "pre", "audience": "minors"},
        "room_name": {"audience": "minors"},
    }


@pytest.mark.proves("R86")
def test_change_of_a_policy_reaches_all_that_extend_it():
    stored("pira")
    stored("lula", name="own", extends="default")
    assign(actor_id=None, wanted=Assignments(server="own"))
    assert (outcome("pira"), outcome("lula"), outcome("polvo")) == (HOLD, HOLD, ALLOW)

    stored("polvo")

    assert (outcome("pira"), outcome("lula"), outcome("polvo")) == (ALLOW, HOLD, HOLD)


def test_messages_of_one_batch_are_judged_by_their_rooms_policies():
    stored("pira")
    stored("lula", name="own")
    first, second = make_room(), make_room()
    assign(actor_id=None, wanted=Assignments(server="default", rooms={second.id: "own"}))
    authors = {room: make_member(room).user for room in (first, second)}
    found = [post(authors[room], room, text) for room in authors for text in ("pira", "lula")]

    judge(*found)

    assert [each.status for each in found] == ["HELD", "APPROVED", "APPROVED", "HELD"]


def test_flood_counts_the_authors_messages_in_the_room():
    rule = {"id": "flood", "flood": {"messages": 3, "seconds": 60}}
    rule |= {"category": "spam", "outcome": "hold"}
    made = read_json({"name": "default", "providers": [{"use": "blocklist"}], "rules": [rule]})
    policies.create_policy(actor_id=None, document=made)
    policies.enable(actor_id=None, name="default", number=1)
    assign(actor_id=None, wanted=Assignments(server="default"))
    room = make_room()
    author, other = make_member(room).user, make_member(room).user

    found = [post(author, room, f"oi {n}") for n in range(4)] + [post(other, room)]
    judge(*found)

    assert [each.status for each in found] == ["APPROVED", "APPROVED", "HELD", "HELD", "APPROVED"]


def test_approved_messages_are_counted_where_a_policy_asks():
    rule = {"id": "new", "condition": "author.approved < 1", "category": "spam", "outcome": "hold"}
    made = read_json({"name": "default", "providers": [{"use": "blocklist"}], "rules": [rule]})
    policies.create_policy(actor_id=None, document=made)
    policies.enable(actor_id=None, name="default", number=1)
    room = make_room()
    known, new = make_member(room).user, make_member(room).user
    judge(post(known, room))
    assign(actor_id=None, wanted=Assignments(server="default"))

    found = [post(known, room), post(new, room)]
    judge(*found)

    assert [each.status for each in found] == ["APPROVED", "HELD"]


@pytest.mark.proves("R83")
def test_version_with_failing_examples_is_not_enabled():
    made = document("pira", must_hold=["lula", "p1ra"], must_pass=["uma pira", "oi"])
    saved = policies.create_policy(actor_id=None, document=made)

    with pytest.raises(FailingExamples) as refused:
        policies.enable(actor_id=None, name="default", number=1)

    failing = [(each.expected, each.text, each.outcome) for each in refused.value.examples]
    assert failing == [("hold", "lula", ALLOW), ("pass", "uma pira", HOLD)]
    assert list(saved.findings.examples) == list(refused.value.examples)
    assert Policy.objects.get().enabled is None


@pytest.mark.proves("R225")
@pytest.mark.parametrize("exception", [{"allow": ["pira"]}, {"without": ["own"]}])
def test_exceptions_excuse_examples_of_the_policy_that_is_extended(exception):
    base = {"must_hold": ["uma pira", "mana"], "must_pass": ["oi", "vila"]}
    stored("pira", "mana", **base)
    rule = {"id": "games", "words": ["vila"], "category": "spam", "outcome": "hold"}
    rules = [rule | {"must_hold": ["pira"]}]
    made = {"name": "games", "extends": "default", "rules": rules, **exception}
    saved = policies.create_policy(actor_id=None, document=read_json(made))

    failing = [(each.expected, each.text, each.outcome) for each in saved.findings.examples]

    # Its own examples count, and so does an example of the other that its word holds.
    assert ("hold", "pira", ALLOW) in failing
    assert ("pass", "vila", HOLD) in failing
    assert ("hold", "uma pira", ALLOW) not in failing


@pytest.mark.proves("R225")
def test_examples_of_the_policy_that_is_extended_are_not_excused_otherwise():
    stored("pira", "mana", must_hold=["uma pira", "mana"])
    own = {"id": "own", "words": ["lula"], "category": "spam", "outcome": "flag"}
    made = {"name": "games", "extends": "default", "rules": [own], "allow": ["mana"]}
    saved = policies.create_policy(actor_id=None, document=read_json(made))

    failing = [(each.expected, each.text, each.outcome) for each in saved.findings.examples]

    # The word is excepted, but the policy would not hold it without the exception either.
    assert failing == [("hold", "uma pira", FLAG), ("hold", "mana", ALLOW)]


@pytest.mark.proves("R226")
def test_backtest_that_ended_early_hides_no_finished_one():
    stored("pira")
    version = PolicyVersion.objects.get()

    def backtest(state):
        span = {"since": clock.estimated(), "until": clock.estimated()}
        return Evaluation.objects.create(kind="backtest", version=version, state=state, **span)

    cancelled = backtest("cancelled")
    assert newest_backtest(version) == cancelled
    running = backtest("running")
    backtest("failed")
    assert newest_backtest(version) == running
    done = backtest("done")
    for state in ("cancelled", "failed", "queued"):
        backtest(state)
    assert newest_backtest(version) == done


@pytest.mark.proves("R83")
def test_unfair_version_needs_a_confirmation(monkeypatch):
    sentences = ("meu amigo é gay", "sou gay", "oi")
    monkeypatch.setattr(policy_findings, "identity_sentences", lambda: sentences)
    stored("pira")
    policies.save_version(actor_id=None, name="default", document=document("gay"))

    with pytest.raises(UnfairPolicy):
        policies.enable(actor_id=None, name="default", number=2)
    policies.enable(actor_id=None, name="default", number=2, confirm_fairness=True)

    change = PolicyChange.objects.get(version__number=2, action="enabled")
    assert change.details == {"confirmed_unfairness": True}


def test_rollback_enables_the_version_before():
    for word in ("zorgo", "morgo", "borgo"):
        stored(word)
    policies.save_version(actor_id=None, name="default", document=document("never"))

    assert policies.rollback(actor_id=None, name="default").number == 2
    assert policies.rollback(actor_id=None, name="default", number=2, reason="wrong").number == 1
    assert Policy.objects.get().enabled.number == 1
    with pytest.raises(NotFound):
        policies.rollback(actor_id=None, name="default", number=4)


@pytest.mark.proves("R88")
def test_history_is_append_only():
    version = stored("pira")

    assert [each.action for each in PolicyChange.objects.order_by("id")] == ["saved", "enabled"]
    for rows in (PolicyVersion.objects.all(), PolicyChange.objects.all()):
        for change in (lambda rows=rows: rows.update(reason="x"), rows.delete):
            with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
                change()
    assert PolicyVersion.objects.get().document == version.document


def test_refused_changes():
    stored("pira")
    stored("lula", name="own", extends="default")
    assign(actor_id=None, wanted=Assignments(server="own"))

    with pytest.raises(PolicyExists):
        policies.create_policy(actor_id=None, document=document("x"))
    with pytest.raises(InvalidPolicy):
        policies.save_version(actor_id=None, name="own", document=document("x"))
    with pytest.raises(InvalidPolicy):
        policies.save_version(actor_id=None, name="own", document=document("x", name="own"))
    with pytest.raises(InvalidPolicy):
        policies.create_policy(actor_id=None, document=document("x", name="y", extends="none"))
    for name in ("own", "default"):
        with pytest.raises(PolicyInUse):
            policies.delete_policy(actor_id=None, name=name)
    policies.create_policy(actor_id=None, document=document("x", name="new"))
    with pytest.raises(PolicyNotEnabled):
        assign(actor_id=None, wanted=Assignments(server="new"))
    with pytest.raises(NotFound):
        assign(actor_id=None, wanted=Assignments(server="gone"))


def test_deleted_policy_is_gone_and_its_decisions_stay():
    stored("pira")
    assign(actor_id=None, wanted=Assignments(server="default"))
    room = make_room()
    message = post(make_member(room).user, room, "pira")
    judge(message)
    assign(actor_id=None, wanted=Assignments())

    policies.delete_policy(actor_id=None, name="default")

    assert in_force() == ()
    with pytest.raises(NotFound):
        policies.get_policy("default")
    assert ModerationLog.objects.get(subject_id=message.id).policy == "default"
    assert PolicyVersion.objects.count() == 1


@pytest.mark.proves("R85")
def test_document_that_cannot_be_compiled_holds_everything(caplog):
    stored("pira")
    PolicyVersion.objects.create(
        policy=Policy.objects.get(), number=9, document={"name": "default", "gone": True}
    )
    broken = PolicyVersion.objects.get(number=9)
    Policy.objects.update(enabled=broken, in_force=[broken.id])
    assign(actor_id=None, wanted=Assignments(server="default"))
    room = make_room()
    message = post(make_member(room).user, room, "bom dia")

    judge(message)

    assert (message.status, message.reason) == ("HELD", "unjudged")
    assert "policy_unusable" in caplog.text


def test_claim_reads_the_policy_without_a_further_statement(django_assert_max_num_queries):
    stored("pira")
    assign(actor_id=None, wanted=Assignments(server="default"))
    rooms = [make_room() for _ in range(5)]
    for room in rooms:
        post(make_member(room).user, room)
    judge_texts(["warm"])
    for room in rooms:
        post(make_member(room).user, room)

    with django_assert_max_num_queries(12) as stored_queries:
        LocalRound().judge_batch()  # its size does not depend on the speed of earlier tests

    said = [each["sql"] or "" for each in stored_queries.captured_queries]
    assert not any("policyversion" in each for each in said)


@pytest.mark.proves("R152")
def test_long_conditions_of_a_rule_are_compiled_together():
    long = " or ".join(["length > 3"] * 33)
    rule = {"id": "own", "condition": long, "when": long, "category": "spam", "outcome": "hold"}
    made = read_json({"name": "default", "rules": [rule], "providers": [{"use": "blocklist"}]})

    saved = policies.create_policy(actor_id=None, document=made)
    policies.enable(actor_id=None, name="default", number=saved.version.number)

    assert (outcome("oi", "default"), outcome("oi, gente", "default")) == (ALLOW, HOLD)


def with_patterns(name, number, tail, **fields):
    """Return a document with patterns that differ in two letters at their end."""
    ends = islice(product(ascii_lowercase, repeat=2), number)
    written = [f"{name}{tail}{''.join(end)}" for end in ends]
    own = {"id": name, "patterns": written, "category": "spam", "outcome": "hold"}
    lists = [{"id": "pt", "pack": "pt-BR"}, {"id": "en", "pack": "en"}]
    return read_json({"name": name, "rules": [*lists, own], **fields})


@pytest.mark.proves("R342")
def test_each_document_has_its_own_patterns_beside_packs():
    base = with_patterns("default", MAX_PATTERNS, "x")
    for document in (base, with_patterns("school", MAX_PATTERNS, "x", extends="default")):
        saved = policies.create_policy(actor_id=None, document=document)
        policies.enable(actor_id=None, name=document.name, number=saved.version.number)

    texts = ("defaultxab", "schoolxab", "bom dia")
    assert [outcome(text, "school") for text in texts] == [HOLD, HOLD, ALLOW]


@pytest.mark.proves("R152")
def test_patterns_that_need_too_much_memory_together_are_not_saved(monkeypatch):
    monkeypatch.setattr(patterns, "_MAX_MEMORY", 256 << 10)  # enough for each of them
    monkeypatch.setattr(patterns, "_SET_MEMORY", 1)

    with pytest.raises(InvalidPolicy) as refused:
        policies.create_policy(
            actor_id=None, document=with_patterns("default", MAX_PATTERNS, "(?:[a-z]{9}|xyz)")
        )

    assert set(refused.value.fields) == {"document"}
    assert not Policy.objects.exists()


@pytest.mark.proves("R152")
def test_stored_version_that_no_longer_compiles_is_never_enabled():
    version = stored("pira")
    PolicyVersion.objects.create(  # by an earlier release
        policy=version.policy, number=2, document=version.document | {"allow": ["!?"]}
    )

    with pytest.raises(InvalidPolicy):
        policies.enable(actor_id=None, name="default", number=2, confirm_fairness=True)

    assert (outcome("uma pira", "default"), outcome("bom dia", "default")) == (HOLD, ALLOW)
