"""Read markers and unread counts."""

from functools import partial

import pytest
from django.db import connection

from moderado.chat.errors import NoSuchRoom
from moderado.chat.events import RoomRead
from moderado.chat.models import Membership, Message
from moderado.chat.selectors.messages import _UNREAD, unread_counts
from moderado.chat.services.reading import mark_read
from tests.factories import fill_room, make_member, make_message, make_room, make_user

pytestmark = pytest.mark.django_db

Status = Message.Status


@pytest.fixture
def room():
    return make_room(seq=10)


def say(room, author, *positions, **fields):
    fields = {"status": Status.APPROVED, "first_hash": b"", "text": "bom dia", **fields}
    Message.objects.bulk_create(
        Message(room=room, author=author, position=position, **fields) for position in positions
    )


def unread(user, room):
    return unread_counts(user_id=user.id, room_ids=[room.id])[room.id]


def test_read_marker_moves_forward_up_to_the_head(room):
    user = make_member(room).user

    stands = [mark_read(user_id=user.id, room_id=room.id, seq=seq) for seq in (3, 7, 5, 99, 10)]

    assert stands == [3, 7, 7, 10, 10]
    assert Membership.objects.get(user=user).read_seq == 10


def test_read_event_is_published_only_on_a_move(room, heard, django_capture_on_commit_callbacks):
    user = make_member(room).user
    read = partial(mark_read, user_id=user.id, room_id=room.id)

    with django_capture_on_commit_callbacks(execute=True):
        read(seq=4)
        read(seq=4)
        read(seq=1)

    assert heard == [RoomRead(room_id=room.id, user_id=user.id, seq=4, acl_version=0)]


def test_non_member_has_no_read_marker(room):
    assert mark_read(user_id=make_user().id, room_id=room.id, seq=5) == 0


def test_read_marker_of_a_hidden_room_is_refused():
    with pytest.raises(NoSuchRoom):
        mark_read(user_id=make_user().id, room_id=make_room(is_private=True).id, seq=1)


def test_unread_is_what_others_published_behind_the_marker(room):
    alice, bob = make_member(room, read_seq=3).user, make_member(room).user
    say(room, bob, 2, 3, 4, 5)
    say(room, alice, 6)
    for position, status in enumerate((s for s in Status if s != Status.APPROVED), start=7):
        make_message(room, author=bob, status=status, position=position)

    assert unread(alice, room) == 2
    assert unread(make_user(), room) == 0


def test_unread_count_is_capped_at_100(room):
    alice, bob = make_member(room).user, make_member(room).user
    say(room, bob, *range(1, 131))

    assert unread(alice, room) == 100
    mark_read(user_id=alice.id, room_id=room.id, seq=10)
    Membership.objects.filter(user=alice).update(read_seq=120)
    assert unread(alice, room) == 10


def test_counting_walks_an_index():
    user, authors = make_user(), [make_user() for _ in range(3)]
    for room in [make_room() for _ in range(4)]:
        make_member(room, user=user)
        for author in authors:
            fill_room(room, author, 1000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_message")
        cursor.execute(f"EXPLAIN {_UNREAD}", {"user": user.id, "rooms": [room.id], "limit": 100})
        plan = "\n".join(line for (line,) in cursor.fetchall())

    # Which of the two depends on how much of the table has been vacuumed.
    assert "message_visible" in plan or "message_history" in plan
    assert "Seq Scan on chat_message" not in plan
    assert "Sort" not in plan
