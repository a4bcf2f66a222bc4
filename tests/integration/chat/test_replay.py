"""Decisions of all kinds, decided again from what the log stores, are the same (row R87)."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from moderado.accounts.services import accounts
from moderado.chat.models import Membership, Room
from moderado.core import slices
from moderado.core.errors import Invalid, NotFound
from moderado.moderation.errors import EvaluationEnded, TooManyEvaluations
from moderado.moderation.models import ErasableText, Evaluation, ModerationLog
from moderado.moderation.policies.documents import read_json
from moderado.moderation.services import (
    evaluation_runs,
    evaluations,
    past_decisions,
    policies,
)
from moderado.moderation.services.evaluations import EvaluationRequest
from moderado.moderation.services.policy_assignments import Assignments, assign
from moderado.moderation.services.subject_screening import screen_waiting as screen_subjects
from moderado.moderation.types import Outcome
from tests.factories import PASSWORD, make_member, make_room, make_user
from tests.integration.chat.steps import judge, post
from tests.providers import Remote

pytestmark = pytest.mark.django_db

FOLDER = "moderado.moderation.providers"
PROVIDERS = [
    {"BACKEND": f"{FOLDER}.blocklist.BlocklistProvider", "OPTIONS": {"packs": []}},
    {"BACKEND": f"{FOLDER}.classifier.ClassifierProvider"},
    {"BACKEND": "tests.providers.Remote", "ON_UNKNOWN": "hold"},
]
SPAM = {"category": "spam", "outcome": "hold"}
GENERAL = {
    "name": "default",
    "providers": [
        {"use": "classifier"},
        {"use": "blocklist"},
        {"use": "remote", "on_unknown": "hold", "when": "length < 200"},
    ],
    "thresholds": {"any": {"flag": 0.5, "hold": 0.7}},
    "rules": [
        {"id": "own", "words": ["pira"], "category": "insult", "outcome": "hold", "aimed": "block"},
        {"id": "new", "words": ["lula"], "when": "author.age_days < 3", **SPAM},
        {"id": "young", "words": ["bar"], "when": "room.audience == 'minors'", **SPAM},
        {"id": "flood", "flood": {"messages": 3, "seconds": 60}, **SPAM},
        {"id": "long", "condition": "length > 300", "category": "spam", "outcome": "flag"},
    ],
    "exempt": {"roles": ["MODERATOR"]},
}
ROOM = {
    "name": "games",
    "extends": "default",
    "rules": [{"id": "games", "words": ["trapaça"], "category": "scam", "outcome": "block"}],
}
TEXTS = [
    "bom dia, tudo bem?",
    "seu pira nojento",
    "que pira",
    "p.i.r.a",
    "pi",
    "ra",
    "eu vou te matar, seu lixo",
    "HOLD isto",
    "BLOCK isto",
    "FAIL",
    "ODD",
    "SPENT",
    "lula",
    "não acaba " * 40,
]


@pytest.fixture
def decided(settings, monkeypatch, no_identity_sentences):
    """Let real screening make decisions of all kinds; return the rooms."""
    monkeypatch.setattr(Remote, "asked", [])
    settings.MODERATION_PROVIDERS = PROVIDERS
    for document in (GENERAL, ROOM):
        made = policies.create_policy(actor_id=None, document=read_json(document))
        policies.enable(actor_id=None, name=document["name"], number=made.version.number)
    room, games = make_room(), make_room(audience="minors")
    off = make_room(moderation_mode="off")
    wanted = Assignments(server="default", room_types={}, rooms={games.id: "games"})
    assign(actor_id=None, wanted=wanted)
    exempt = make_member(room, role=Membership.Role.MODERATOR).user
    for text in TEXTS:
        post(make_user(), room, text)
    for text in ("pi", "ra", "lula", "oi", "oi", "oi"):  # two messages, a flood
        post(exempt, games, text)
        judge()
    post(exempt, room, "seu pira")
    for text in ("trapaça", "bar"):
        post(make_user(), games, text)
    post(make_user(), off, "seu pira")
    judge()
    for name in ("Ana", "seu pira"):
        accounts.register(email=f"{len(name)}@example.org", name=name, password=PASSWORD)
    screen_subjects()
    return room, games


def evaluated(kind="replay", **asked):
    asked = EvaluationRequest(kind=kind, until=timezone.now() + timedelta(seconds=1), **asked)
    evaluation = evaluations.request_evaluation(actor_id=None, request=asked)
    finish(evaluation)
    assert evaluation.state == Evaluation.State.DONE, evaluation.error
    return evaluation


def finish(evaluation):
    while evaluation_runs.run_slice(evaluation.id):
        pass
    evaluation.refresh_from_db()


@contextmanager
def tampered(line, **columns):
    """Change a line of the log, as an owner of the database could, for a while."""
    found = ModerationLog.objects.filter(pk=line.pk)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
        assert found.update(**columns) == 1
        yield
        transaction.set_rollback(True)


@pytest.mark.proves("R87")
def test_decisions_of_every_kind_replay_without_a_difference(decided):
    lines = ModerationLog.objects.all()
    outcomes = set(lines.values_list("verdict", flat=True))
    grounds = {each.basis.get("ground", "nothing") for each in lines}
    assert outcomes == set(Outcome)
    assert grounds >= {"nothing", "rule", "threshold", "recommendation", "failure", "exempt"}
    assert lines.filter(policy_version="1/1", verdict="BLOCK").exists()
    assert lines.exclude(subject_type="message").count() >= 2
    assert lines.filter(facts__room__audience="minors", basis__rule="young/bar").exists()
    Room.objects.update(audience="mixed")  # the facts of the log decide, not those of now

    results = evaluated().results

    assert results["examples"] == []
    assert results["differences"] == 0
    assert results["causes"] == {"no_policy": 1}  # the room without moderation
    assert results["equal"] == results["decisions"] - 1 == lines.count() - 1


@pytest.mark.proves("R87")
def test_changed_lines_are_found(decided):
    line = ModerationLog.objects.filter(decided_by="blocklist", verdict="BLOCK").first()
    before = evaluated().results
    for columns in (
        {"verdict": "ALLOW"},
        {"score": 0.123},
        {"decided_by": "classifier"},
        {"matches": []},
        {"facts": {"author": {"role": "MODERATOR"}, "length": 1}},
    ):
        with tampered(line, **columns):
            results = evaluated().results
        assert (results["equal"], results["differences"]) == (before["equal"] - 1, 1)
        (example,) = results["examples"]
        assert example["log"] == str(line.id)
        assert example["differs"]

    signals = {**line.signals, "blocklist": {"model": "another edition"}}
    for columns, why in (
        ({"policy_version": "99/1"}, "unknown_version"),
        ({"policy_version": "nonsense"}, "unknown_version"),
        ({"signals": signals, "score": 0.1}, "other_lists"),
        ({"facts": {}}, "missing_facts"),
        ({"decided_by": "blocked_before"}, "restriction"),
    ):
        with tampered(line, **columns):
            results = evaluated().results
        assert (results["equal"], results["differences"]) == (before["equal"] - 1, 0)
        assert results["causes"] == before["causes"] | {why: 1}


def test_erased_decision_is_counted_as_erased(decided):
    line = ModerationLog.objects.filter(decided_by="remote").first()
    before = evaluated().results
    ErasableText.objects.create(
        id=line.id,
        kind=ErasableText.Kind.LOG,
        subject_type=line.subject_type,
        subject_id=line.subject_id,
        erased_at=timezone.now(),
    )

    with tampered(line, commitment=b"0" * 32):
        results = evaluated().results

    assert (results["erased"], results["differences"]) == (1, 0)
    assert results["equal"] == before["equal"] - 1


def test_replay_reads_a_room_a_policy_and_the_newest_only(decided):
    _, games = decided
    everything = evaluated().results["decisions"]

    in_games = evaluated(scope_id=games.id).results["decisions"]
    by_policy = evaluated(policy="games", version=1).results["decisions"]
    newest = evaluated(limit=5)

    assert 0 < in_games == by_policy < everything
    assert (newest.done, newest.total, newest.results["decisions"]) == (5, 5, 5)


def test_killed_worker_costs_one_slice_and_counts_nothing_twice(decided, monkeypatch):
    expected = evaluated().results
    monkeypatch.setattr(slices, "SLICE", 0)
    monkeypatch.setattr(past_decisions, "BATCH", 4)
    evaluation = evaluations.request_evaluation(
        actor_id=None,
        request=EvaluationRequest(kind="replay", until=timezone.now() + timedelta(seconds=1)),
    )
    assert evaluation_runs.run_slice(evaluation.id)
    evaluation.refresh_from_db()
    assert (evaluation.state, evaluation.done) == ("running", 4)

    with monkeypatch.context() as killed:
        killed.setattr(evaluation_runs, "_save", lambda *_, **__: None)  # dies before it stores
        assert evaluation_runs.run_slice(evaluation.id)
    assert not evaluation_runs.run_slice(evaluation.id)  # its lease holds
    Evaluation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    finish(evaluation)

    assert (evaluation.state, evaluation.results) == ("done", expected)


def test_cancelled_evaluation_stores_nothing_more(decided, monkeypatch):
    monkeypatch.setattr(slices, "SLICE", 0)
    monkeypatch.setattr(past_decisions, "BATCH", 4)
    evaluation = evaluations.request_evaluation(
        actor_id=None, request=EvaluationRequest(kind="replay")
    )
    evaluation_runs.run_slice(evaluation.id)
    advance = evaluation_runs._advance

    def cancelled_meanwhile(running):
        evaluations.cancel(actor_id=None, evaluation_id=running.id)
        return advance(running)

    monkeypatch.setattr(evaluation_runs, "_advance", cancelled_meanwhile)
    evaluation_runs.run_slice(evaluation.id)
    evaluation.refresh_from_db()

    assert (evaluation.state, evaluation.done) == ("cancelled", 4)
    assert not evaluation_runs.has_work()
    with pytest.raises(EvaluationEnded):
        evaluations.cancel(actor_id=None, evaluation_id=evaluation.id)


def test_failing_evaluation_is_repeated_and_then_given_up(monkeypatch):
    evaluation = evaluations.request_evaluation(
        actor_id=None, request=EvaluationRequest(kind="replay")
    )

    def fail(_):
        raise RuntimeError

    monkeypatch.setattr(evaluation_runs, "_advance", fail)
    for _ in range(evaluation_runs.MAX_ATTEMPTS + 1):
        Evaluation.objects.update(lease_until=None)
        assert evaluation_runs.run_slice()
    evaluation.refresh_from_db()

    assert (evaluation.state, evaluation.error) == ("failed", "gave_up")


def test_wrong_requests_are_refused():
    now = timezone.now()
    wrong = [
        ({"kind": "other"}, "kind"),
        ({"since": now, "until": now}, "since"),
        ({"limit": 0}, "limit"),
        ({"version": 1}, "policy"),
        ({"options": {"rate": 1}}, "rate"),
    ]
    for fields, name in wrong:
        with pytest.raises(Invalid) as refused:
            evaluations.request_evaluation(
                actor_id=None, request=EvaluationRequest(**{"kind": "replay"} | fields)
            )
        assert name in refused.value.fields
    with pytest.raises(NotFound):
        evaluations.request_evaluation(
            actor_id=None, request=EvaluationRequest(kind="replay", policy="none")
        )
    for _ in range(evaluations.MAX_OPEN):
        evaluations.request_evaluation(actor_id=None, request=EvaluationRequest(kind="replay"))
    with pytest.raises(TooManyEvaluations):
        evaluations.request_evaluation(actor_id=None, request=EvaluationRequest(kind="replay"))
