"""`post_messages` stores what `post_message` would, for many requests in one statement."""

import json

import pytest
from django.db import OperationalError, connection

from moderado.chat.errors import Conflict, NoSuchRoom
from moderado.chat.events import AuthorsNotified, MessagesQueued
from moderado.chat.models import Membership, Message, Room
from moderado.chat.services import batches, inserts
from moderado.chat.services.posting import _draft, post_message, post_messages
from moderado.chat.types import SendRequest
from moderado.core.database import as_rows
from moderado.core.errors import Invalid, RateLimited, Unavailable
from tests.factories import make_member, make_message, make_room, make_user

pytestmark = pytest.mark.django_db


def request_of(member, text="bom dia", client_id=None, **fields):
    return SendRequest(
        author_id=member.user_id, room_id=member.room_id, text=text, client_id=client_id, **fields
    )


@pytest.fixture
def members():
    return [make_member(), make_member()]


def test_message_in_batch_equals_message_posted_alone(members):
    first, second = members
    Room.objects.filter(pk=second.room_id).update(seq=41)

    together = post_messages([request_of(first, "  oi ", "1"), request_of(second, "olá", "1")])

    alone = post_message(author_id=second.user_id, room_id=second.room_id, text="olá").view
    views = [each.view for each in together]
    assert [each.created for each in together] == [True, True]
    assert [view.content for view in views] == ["oi", "olá"]
    unlike = {"id", "client_id", "created_at"}
    for name in set(alone.__struct_fields__) - unlike:
        assert getattr(views[1], name) == getattr(alone, name), name
    stored = {message.id: message for message in Message.objects.all()}
    for name in [field.attname for field in Message._meta.concrete_fields]:
        if name not in {"id", "client_id", "created_at", "queued_at"}:
            assert getattr(stored[views[1].id], name) == getattr(stored[alone.id], name), name
    assert all(message.queued_at for message in stored.values())


def test_batch_publishes_one_event_for_authors_and_one_for_the_queue(
    members, heard, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        outcomes = post_messages(
            [request_of(member, connection_id=f"of-{n}") for n, member in enumerate(members)]
        )

    assert [type(event) for event in heard] == [AuthorsNotified, MessagesQueued]
    queued = heard[0].queued
    assert {(each.view.id, each.connection_id) for each in queued} == {
        (outcome.view.id, f"of-{n}") for n, outcome in enumerate(outcomes)
    }
    assert {each.view for each in queued} == {outcome.view for outcome in outcomes}
    assert set(heard[1].message_ids) == {outcome.view.id for outcome in outcomes}


def test_requests_outside_the_common_case_are_stored_one_by_one(members):
    member, other = members
    off = make_member(make_room(moderation_mode="off"))
    post = make_member(make_room(moderation_mode="post"))
    newcomer = SendRequest(author_id=make_user().id, room_id=member.room_id, text="oi")
    answered = make_message(other.room, status="APPROVED", seq=1)

    outcomes = post_messages(
        [
            request_of(off),
            request_of(post),
            newcomer,
            request_of(other),
            request_of(other, reply_to=answered.id),
        ]
    )

    assert [outcome.view.status for outcome in outcomes] == [
        *("APPROVED", "APPROVED"),
        *("PENDING", "PENDING", "PENDING"),
    ]
    assert all(outcome.created for outcome in outcomes)
    assert outcomes[4].view.reply_to == answered.id
    assert Membership.objects.filter(user=newcomer.author_id, room=member.room_id).exists()


def test_author_who_may_not_read_the_room_gets_no_such_room(members):
    private = make_room(is_private=True)

    outcomes = post_messages(
        [
            SendRequest(author_id=make_user().id, room_id=private.id, text="oi"),
            request_of(*members[:1]),
        ]
    )

    assert isinstance(outcomes[0], NoSuchRoom)
    assert outcomes[1].created


def test_repeated_client_id_returns_the_first_message(members):
    first = post_messages([request_of(member, client_id="1") for member in members])
    Message.objects.filter(pk=first[0].view.id).update(status="APPROVED", seq=1, queued_at=None)

    again = post_messages([request_of(member, client_id="1") for member in members])

    assert [each.created for each in again] == [False, False]
    assert [each.view.id for each in again] == [each.view.id for each in first]
    assert [each.view.status for each in again] == ["APPROVED", "PENDING"]
    assert Message.objects.count() == 2


def test_repeated_client_id_with_another_text_is_a_conflict(members):
    post_messages([request_of(members[0], client_id="1")])

    outcomes = post_messages(
        [
            request_of(members[0], "other words", client_id="1"),
            request_of(members[1], client_id="1"),
        ]
    )

    assert isinstance(outcomes[0], Conflict)
    assert outcomes[1].created


def test_same_client_id_twice_in_one_batch_is_stored_once(members):
    outcomes = post_messages(
        [request_of(members[0], client_id="1"), request_of(members[0], client_id="1")]
    )

    assert sorted(outcome.created for outcome in outcomes) == [False, True]
    assert outcomes[0].view.id == outcomes[1].view.id
    assert Message.objects.count() == 1


def test_each_request_is_refused_for_its_own_error(members, settings):
    settings.ENV = settings.ENV.model_copy(update={"limit_messages_per_user": "1/minute"})
    flooding, other = members

    outcomes = post_messages(
        [request_of(flooding, "um"), request_of(other, " "), request_of(flooding, "dois")]
    )

    assert outcomes[0].view.content == "um"
    assert isinstance(outcomes[1], Invalid)
    assert isinstance(outcomes[2], RateLimited)
    assert Message.objects.count() == 1


def test_batch_that_fails_is_stored_one_by_one(members, monkeypatch):
    def broken(drafts):
        raise ValueError("a bug")

    monkeypatch.setattr(batches, "insert_messages", broken)

    outcomes = post_messages([request_of(member) for member in members])

    assert [outcome.created for outcome in outcomes] == [True, True]


def test_unexpected_error_of_one_request_is_its_own_outcome(members, monkeypatch):
    store = inserts.store_message
    replies = [make_message(member.room, status="APPROVED", seq=1).id for member in members]

    def store_message(draft):
        if draft.text == "breaks":
            raise ValueError("a bug")
        return store(draft)

    monkeypatch.setattr("moderado.chat.services.posting.store_message", store_message)

    outcomes = post_messages(
        [
            request_of(members[0], "breaks", reply_to=replies[0]),
            request_of(members[1], reply_to=replies[1]),
        ]
    )

    assert isinstance(outcomes[0], ValueError)
    assert outcomes[1].created


def test_outage_after_the_batch_leaves_the_stored_messages_confirmed(members, monkeypatch):
    def lost(draft):
        raise OperationalError("connection lost")

    monkeypatch.setattr("moderado.chat.services.posting.store_message", lost)
    answered = make_message(members[1].room, status="APPROVED", seq=1)

    outcomes = post_messages([request_of(members[0]), request_of(members[1], reply_to=answered.id)])

    assert outcomes[0].created
    assert isinstance(outcomes[1], Unavailable)


def test_outage_during_the_batch_is_raised(members, monkeypatch):
    def lost(drafts):
        raise OperationalError("connection lost")

    monkeypatch.setattr(batches, "insert_messages", lost)

    with pytest.raises(OperationalError):
        post_messages([request_of(member) for member in members])


def test_batch_is_one_statement(members, django_assert_num_queries):
    with django_assert_num_queries(1):
        post_messages([request_of(member, str(n)) for n in range(25) for member in members])
    assert Message.objects.count() == 50


def test_batch_of_repeats_is_two_statements(members, django_assert_num_queries):
    requests = [request_of(member, "oi", str(n)) for n in range(25) for member in members]
    post_messages(requests)

    with django_assert_num_queries(2):
        assert not any(outcome.created for outcome in post_messages(requests))


def test_each_message_of_a_batch_is_looked_up_once_however_many_rooms_there_are():
    members = [make_member() for _ in range(20)]
    drafts = [_draft(request_of(member, client_id="1"), "oi") for member in members]

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # plans in which the fault shows
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {batches._INSERT}", [as_rows(drafts)])
        ((plan,),) = cursor.fetchall()

    looked_up = {
        node["Relation Name"]: node["Actual Loops"]
        for node in nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
        if node.get("Relation Name") in {"chat_room", "enforcement_sanction"}
    }
    assert looked_up == {"chat_room": 20, "enforcement_sanction": 20}


def nodes(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)
