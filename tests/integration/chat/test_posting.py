"""Posting, up to the time before the verdict."""

import threading
from uuid import UUID

import pytest
from django.db import connection

from moderado.chat.errors import Conflict, NoSuchMessage, NoSuchRoom
from moderado.chat.events import AuthorNotified, MessagesQueued, Notice, RoomsChanged
from moderado.chat.models import Membership, Message, Room
from moderado.chat.services.posting import post_message
from moderado.core.errors import Invalid
from moderado.core.ids import new_id
from moderado.moderation.models import ModerationLog
from tests.factories import make_member, make_message, make_room, make_user

pytestmark = pytest.mark.django_db


def post(author, room, text="bom dia", **fields):
    return post_message(author_id=author.id, room_id=room.id, text=text, **fields)


def test_pending_message_takes_no_seq(alice, room):
    view = post(alice, room, client_id="1").view

    stored = Message.objects.get(pk=view.id)
    assert (stored.status, stored.seq, stored.position) == ("PENDING", 0, 0)
    assert stored.queued_at is not None
    room.refresh_from_db()
    assert room.seq == 0


def test_position_is_the_rooms_seq_at_insertion(alice, room):
    Room.objects.filter(pk=room.pk).update(seq=41)

    assert post(alice, room).view.position == 41


def test_author_and_worker_are_notified_after_commit(
    alice, room, heard, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        view = post(alice, room).view
        assert heard == []

    assert [type(event) for event in heard] == [AuthorNotified, MessagesQueued]
    assert (heard[0].notice, heard[0].view) == (Notice.QUEUED, view)


def test_repeated_client_id_returns_the_first_message(alice, room):
    first = post(alice, room, client_id="1")
    Message.objects.update(status="APPROVED", seq=1, position=1, queued_at=None)

    again = post(alice, room, client_id="1")

    assert (again.created, again.view.id, again.view.status) == (False, first.view.id, "APPROVED")
    assert Message.objects.count() == 1


@pytest.mark.proves("S22")
def test_repeated_client_id_with_other_text_raises_conflict(alice, room):
    post(alice, room, client_id="1")

    with pytest.raises(Conflict):
        post(alice, room, "other words", client_id="1")


@pytest.mark.proves("S23")
def test_client_id_is_scoped_to_author_and_room(alice, bob, room):
    elsewhere = make_room()

    ids = {
        post(alice, room, client_id="1").view.id,
        post(bob, room, client_id="1").view.id,
        post(alice, elsewhere, client_id="1").view.id,
    }

    assert len(ids) == 3


def test_messages_without_a_client_id_are_all_different(alice, room):
    assert post(alice, room).view.id != post(alice, room).view.id


def test_edited_message_keeps_its_first_text_for_repeats(alice, room):
    first = post(alice, room, client_id="1").view
    Message.objects.filter(pk=first.id).update(text="edited since", revision=2)

    assert post(alice, room, client_id="1").view.id == first.id


def test_first_message_in_a_public_room_joins_its_author(room):
    stranger = make_user()

    post(stranger, room)

    assert Membership.objects.get(room=room, user=stranger).role == "MEMBER"


def test_private_room_is_hidden_from_strangers():
    with pytest.raises(NoSuchRoom):
        post(make_user(), make_room(is_private=True))


def test_text_is_normalised_and_trimmed(alice, room):
    assert post(alice, room, "  a\u0301gua \n").view.content == "água"


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "\ud800", "x" * 4001, "\ufdfa" * 6000])
def test_text_that_cannot_be_stored_is_refused_by_name(alice, room, text):
    with pytest.raises(Invalid) as refused:
        post(alice, room, text)

    assert list(refused.value.fields) == ["message"]
    assert not Message.objects.exists()


@pytest.mark.parametrize("client_id", ["", " 1", "x" * 65])
def test_invalid_client_id_is_refused(alice, room, client_id):
    with pytest.raises(Invalid):
        post(alice, room, client_id=client_id)


def test_reply_requires_a_visible_original(alice, bob, room):
    shown = make_message(room, author=bob, status="APPROVED", seq=1)
    hidden = make_message(room, author=bob, status="PENDING")
    own = make_message(room, author=alice, status="PENDING")

    assert post(alice, room, reply_to=shown.id).view.reply_to == shown.id
    assert post(alice, room, reply_to=own.id).view.reply_to == own.id
    for unseen in (hidden.id, make_message(status="APPROVED").id, new_id()):
        with pytest.raises(NoSuchMessage):
            post(alice, room, reply_to=unseen)


@pytest.mark.parametrize(("mode", "waits"), [("post", True), ("off", False)])
def test_modes_post_and_off_show_at_once(
    mode, waits, alice, heard, django_capture_on_commit_callbacks
):
    room = make_room(moderation_mode=mode, seq=6)

    with django_capture_on_commit_callbacks(execute=True):
        view = post(alice, room).view

    assert (view.status, view.seq, view.position) == ("APPROVED", 7, 7)
    change = next(event for event in heard if isinstance(event, RoomsChanged)).rooms[0].changes[0]
    assert (change.kind, change.seq, change.view.content) == ("published", 7, "bom dia")
    assert any(isinstance(event, MessagesQueued) for event in heard) is waits
    stored = Message.objects.get(pk=view.id)
    assert (stored.seq, stored.position, stored.queued_at is not None) == (7, 7, waits)


def test_message_in_mode_off_is_logged_as_unjudged(alice):
    view = post(alice, make_room(moderation_mode="off")).view

    line = ModerationLog.objects.get(subject_id=view.id)
    assert (line.verdict, line.decided_by) == ("ALLOW", "off")


@pytest.mark.django_db(transaction=True)
def test_concurrent_repeats_store_one_message():
    member = make_member()
    ids: list[UUID] = []
    together = threading.Barrier(8)

    def send():
        together.wait()
        try:
            ids.append(post(member.user, member.room, client_id="same").view.id)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ids) == 8
    assert len(set(ids)) == 1
    assert Message.objects.count() == 1
