"""Heads and changes of rooms: the sources of sync, change feed and hub."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from moderado.chat.errors import NoSuchRoom
from moderado.chat.models import Message
from moderado.chat.projection import public_view
from moderado.chat.selectors import feed
from moderado.chat.services import screening
from moderado.chat.services.editing import edit_message
from moderado.chat.services.posting import post_message
from moderado.chat.services.removing import delete_message
from tests.factories import make_message, make_user

pytestmark = pytest.mark.django_db


def shown(author, room, text="bom dia"):
    view = post_message(author_id=author.id, room_id=room.id, text=text).view
    screening.screen_waiting()
    return Message.objects.get(pk=view.id)


def changes(reader, room, after=0, epoch=None, **fields):
    return feed.changes(
        reader_id=reader.id, room_id=room.id, after=after, epoch=epoch, language="en", **fields
    )


def test_feed_has_the_present_state_of_changed_messages(alice, bob, room):
    first, second = shown(alice, room, "one"), shown(alice, room, "two")
    shown(alice, room, "three")
    edit_message(actor_id=alice.id, message_id=first.id, text="one, mended")
    screening.screen_waiting()
    delete_message(actor_id=alice.id, message_id=second.id)

    page = changes(bob, room, after=2)

    assert [(m.seq, m.content, m.status) for m in page.messages] == [
        (3, "three", "APPROVED"),
        (4, "one, mended", "APPROVED"),
        (5, "", "REMOVED"),
    ]
    assert (page.seq, page.more, page.reset) == (5, False, False)


def test_unpublished_messages_are_in_no_feed(alice, bob, room):
    shown(alice, room, "BLOCK this")
    shown(alice, room, "HOLD this")

    assert changes(bob, room).messages == ()
    assert changes(alice, room).messages == ()


def test_long_feed_is_paginated_without_gaps(alice, bob, room):
    for n in range(5):
        shown(alice, room, str(n))

    first = changes(bob, room, limit=3)
    second = changes(bob, room, after=first.seq, limit=3)

    assert (first.more, second.more) == (True, False)
    assert [m.content for m in first.messages + second.messages] == ["0", "1", "2", "3", "4"]


@pytest.mark.proves("R36")
@pytest.mark.parametrize("known", [{"after": 99}, {"epoch": uuid4()}])
def test_unknown_epoch_resets_the_client(alice, room, known):
    shown(alice, room)

    page = changes(alice, room, **known)

    assert (page.reset, page.messages, page.seq) == (True, (), 1)
    assert page.epoch == room.epoch


def test_there_is_no_feed_of_no_room(alice):
    with pytest.raises(NoSuchRoom):
        feed.changes(reader_id=alice.id, room_id=uuid4(), after=0, epoch=None, language="en")


def test_missed_changes_are_merged_per_message(alice, room):
    first = shown(alice, room, "one")
    second = shown(alice, room, "two")
    edit_message(actor_id=alice.id, message_id=second.id, text="two, mended")
    screening.screen_waiting()
    delete_message(actor_id=alice.id, message_id=first.id)

    assert [(c.kind, c.seq) for c in feed.changes_after(room_id=room.id, after=1)] == [
        ("published", 3),
        ("removed", 4),
    ]
    assert [(c.kind, c.seq) for c in feed.changes_after(room_id=room.id, after=2)] == [
        ("updated", 3),
        ("removed", 4),
    ]


def test_heads_leave_out_rooms_that_do_not_exist(room):
    found = feed.heads([room.id, uuid4()])

    assert list(found) == [room.id]
    assert (found[room.id].seq, found[room.id].epoch, found[room.id].deleted) == (
        0,
        room.epoch,
        False,
    )


def test_own_messages_are_found_by_client_id(alice, bob, room):
    post_message(author_id=alice.id, room_id=room.id, text="a", client_id="1")
    post_message(author_id=bob.id, room_id=room.id, text="b", client_id="2")

    found = feed.own_messages(
        author_id=alice.id, room_id=room.id, client_ids=["1", "2", "3"], language="en"
    )

    assert list(found) == ["1"]


def test_pending_messages_are_not_settled(alice, room):
    waiting = post_message(author_id=alice.id, room_id=room.id, text="wait").view
    done = [shown(alice, room, text) for text in ("fine", "HOLD this", "BLOCK this")]
    Message.objects.filter(pk=waiting.id).update(queued_at=timezone.now())

    told = feed.settled([waiting.id, *(message.id for message in done)])

    assert {str(event.notice) for event in told} == {"published", "held", "rejected"}
    assert {event.author_id for event in told} == {alice.id}


def test_oldest_queued_message_is_found():
    assert feed.oldest_waiting_seconds() == 0
    for minutes in (1, 10, 5):
        make_message(queued_at=timezone.now() - timedelta(minutes=minutes))

    assert feed.oldest_waiting_seconds() == pytest.approx(600, abs=30)


def test_unpublished_message_has_no_public_view():
    for status in ("PENDING", "HELD", "REJECTED", "REMOVED"):
        with pytest.raises(ValueError, match="never public"):
            public_view(make_message(status=status))


@pytest.mark.parametrize(("language", "word"), [("pt-br", "assédio"), ("en", "harassment")])
def test_explanation_is_in_the_authors_language(room, language, word):
    message = shown(make_user(language=language), room, "BLOCK this")

    (told,) = feed.settled([message.id])

    assert word in told.view.explanation
