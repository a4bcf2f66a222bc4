"""Verdicts: what they change, log, count and publish."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from moderado.chat.events import AuthorNotified, Notice, RoomsChanged
from moderado.chat.services import claims, screening, verdicts
from moderado.core.metrics import VERDICTS
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.types import Outcome, Verdict
from tests.factories import make_room
from tests.integration.chat.steps import edit, judge, post
from tests.providers import Obedient

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "status", "seq"),
    [
        ("bom dia", "APPROVED", 1),
        ("FLAG this", "APPROVED", 1),
        ("HOLD this", "HELD", 0),
        ("BLOCK this", "REJECTED", 0),
    ],
)
def test_verdict_sets_status_and_seq(alice, room, text, status, seq):
    message = post(alice, room, text)

    judge(message)

    assert (message.status, message.seq, message.queued_at) == (status, seq, None)
    room.refresh_from_db()
    assert room.seq == seq


def test_approved_messages_take_numbers_in_queue_order(alice, bob, room, heard):
    messages = [post(author, room, f"{n}") for n, author in enumerate([alice, bob, alice])]

    judge(*messages)

    assert [(m.position, m.seq) for m in messages] == [(1, 1), (2, 2), (3, 3)]
    assert all(m.published_at for m in messages)


def test_one_batch_publishes_one_event(alice, heard, django_capture_on_commit_callbacks):
    rooms = [make_room(), make_room()]
    for room in rooms * 2:
        post(alice, room)

    with django_capture_on_commit_callbacks(execute=True):
        judge()

    (changed,) = [event.rooms for event in heard if isinstance(event, RoomsChanged)]
    assert {each.room_id for each in changed} == {room.id for room in rooms}
    assert [[change.seq for change in each.changes] for each in changed] == [[1, 2], [1, 2]]


def test_blocked_message_notifies_only_its_author(
    alice, room, heard, django_capture_on_commit_callbacks
):
    post(alice, room, "BLOCK this")
    with django_capture_on_commit_callbacks(execute=True):
        judge()

    (told,) = heard
    assert isinstance(told, AuthorNotified)
    assert (told.notice, told.author_id) == (Notice.REJECTED, alice.id)
    assert (told.view.reason, told.view.categories) == ("policy", ("harassment",))


def test_every_verdict_is_logged(alice, room):
    message = post(alice, room, "BLOCK this")

    judge(message)

    line = ModerationLog.objects.get(subject_id=message.id)
    assert (line.verdict, line.provider, line.revision) == ("BLOCK", "obedient", 1)
    assert line.score == pytest.approx(0.9)
    assert line.scope_id == room.id
    assert line.policy_version


@pytest.mark.parametrize(("word", "origin"), [("HOLD", "hold"), ("FLAG", "flag")])
def test_hold_and_flag_open_a_case(alice, room, word, origin):
    message = post(alice, room, f"{word} this")

    judge(message)

    case = Case.objects.get(subject_id=message.id)
    assert (case.origin, case.state, case.scope_id) == (origin, "open", room.id)


def test_judged_message_is_not_judged_again(alice, room):
    message = post(alice, room)

    judge(message)
    judge(message)

    assert message.seq == 1
    assert Obedient.asked == ["bom dia"]


def test_post_mode_removes_a_blocked_message(alice, heard, django_capture_on_commit_callbacks):
    room = make_room(moderation_mode="post")
    with django_capture_on_commit_callbacks(execute=True):
        message = post(alice, room, "BLOCK this")
        judge(message)

    assert (message.status, message.seq, message.position) == ("REJECTED", 2, 1)
    rooms = [r for e in heard if isinstance(e, RoomsChanged) for r in e.rooms]
    changes = [change for room in rooms for change in room.changes]
    assert [(c.kind, c.seq) for c in changes] == [("published", 1), ("removed", 2)]
    assert (changes[1].view.content, changes[1].view.status) == ("", "REMOVED")


def test_batch_takes_one_statement_each_to_claim_log_and_store(alice):
    rooms = [make_room(), make_room()]
    for room in rooms:
        post(alice, room, "bom dia para todos")
        post(alice, room, "BLOCK this, and say so")

    with CaptureQueriesContext(connection) as queries:
        assert screening.LocalRound().judge_batch() == 4

    statements = [query["sql"] for query in queries if "SAVEPOINT" not in (query["sql"] or "")]
    assert len(statements) == 3


def test_only_public_changes_take_numbers(alice, bob, room):
    """One is shown, one refused, one edited, in a room with a past, and one shown elsewhere."""
    seen = post(alice, room)
    judge(seen)
    edit(seen, "boa tarde")
    refused, shown = post(bob, room, "BLOCK this"), post(bob, room, "boa noite")
    elsewhere = post(bob, make_room())

    judge(seen, refused, shown, elsewhere)

    room.refresh_from_db()
    assert room.seq == 3
    assert (seen.text, seen.position, seen.seq) == ("boa tarde", 1, 2)
    assert (refused.position, refused.seq) == (1, 0)
    assert (shown.position, shown.seq) == (3, 3)
    assert (elsewhere.position, elsewhere.seq) == (1, 1)


def test_every_verdict_is_counted(alice, room):
    counted = [VERDICTS.labels(outcome, "obedient") for outcome in ("ALLOW", "BLOCK")]
    before = [each._value.get() for each in counted]
    for text in ("um", "dois", "BLOCK this"):
        post(alice, room, text)

    judge()

    assert [each._value.get() - was for each, was in zip(counted, before, strict=True)] == [2, 1]


def test_verdict_on_a_replaced_text_changes_and_logs_nothing(alice, room):
    message = post(alice, room, "bom dia")
    judged = verdicts.content_of(message)
    edit(message, "BLOCK this")

    with transaction.atomic():
        (claimed,) = claims.Claimant().claim()
        allowed = Verdict(outcome=Outcome.ALLOW)
        verdicts.apply([verdicts.Judged(claimed, judged, allowed)])

    message.refresh_from_db()
    assert (message.status, message.queued_at is None) == ("PENDING", False)
    assert not ModerationLog.objects.exists()
