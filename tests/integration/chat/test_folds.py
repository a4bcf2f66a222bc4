"""Adjacent messages that one sweep removed are one line in the history and carry it in the feed."""

from uuid import uuid4

import pytest

from moderado.chat.models import Message, Room
from tests.factories import make_member, make_message
from tests.integration.api.conftest import signed_in as signed_in

pytestmark = pytest.mark.django_db

A, B = uuid4(), uuid4()


@pytest.fixture
def author(room):
    return make_member(room).user


@pytest.fixture
def line(room, author):
    """Fill the room: a letter is a message that stands, a sweep one that it removed."""

    def line(*kinds, by=author):
        for kind in kinds:
            room.seq += 1
            removed = {} if kind in {"m", "-"} else {"sweep_id": kind}
            status = "APPROVED" if kind == "m" else "REMOVED"
            make_message(room, author=by, position=room.seq, seq=room.seq, status=status, **removed)
        Room.objects.filter(pk=room.pk).update(seq=room.seq)

    return line


def pages(client, room, **query):
    link, found = f"/api/chat/rooms/{room.id}/messages/", []
    while link:
        page = client.get(link, query).json()
        found.append(page)
        link, query = page["next"], {}
    return found


def told(page):
    names = {str(A): "A", str(B): "B"}
    return [(names[fold["sweep"]], fold["count"]) for fold in page["folds"]]


@pytest.mark.proves("R111")
def test_runs_of_one_sweep_are_folded_and_others_are_not(room, line, signed_in):
    line("m", A, A, "-", A, "m", A, B, B, A, "m")
    reader = signed_in(make_member(room).user)

    (page,) = pages(reader, room)

    assert [each["position"] for each in page["results"]] == [11, 6, 1]
    assert told(page) == [("A", 1), ("B", 2), ("A", 1), ("A", 3)]
    assert (page["folds"][3]["first_position"], page["folds"][3]["last_position"]) == (2, 5)


@pytest.mark.proves("R111")
@pytest.mark.parametrize(("size", "newer"), [(1, 4), (2, 3), (3, 4)])
def test_each_removed_message_is_on_one_page_of_a_walk(room, line, signed_in, size, newer):
    line(A, "m", A, A, "m", A, "m", B, B, B, "m", A)
    reader = signed_in(make_member(room).user)

    forward = pages(reader, room, page_size=size)
    seen = [fold for page in forward for fold in told(page)]
    assert seen == [("A", 1), ("B", 3), ("A", 1), ("A", 2), ("A", 1)]

    back, link = [], forward[-1]["previous"]
    while link:
        page = reader.get(link).json()
        back = [*told(page), *back]
        link = page["previous"]
    assert back == seen[:newer]  # all that is newer than the first message of the last page


@pytest.mark.proves("R111")
def test_page_around_a_message_has_its_folds(room, line, signed_in):
    line("m", A, "m", B, B, "m", A, "m")
    middle = Message.objects.get(room=room, position=3)
    reader = signed_in(make_member(room).user)

    path = f"/api/chat/rooms/{room.id}/messages/"
    page = reader.get(path, {"around": str(middle.id), "page_size": 2}).json()

    assert [each["position"] for each in page["results"]] == [6, 3]
    assert told(page) == [("B", 2)]


@pytest.mark.proves("R111")
def test_feed_has_each_tombstone_with_its_sweep(room, line, signed_in):
    line("m", A, A, "-")
    reader = signed_in(make_member(room).user)

    feed = reader.get(f"/api/chat/rooms/{room.id}/changes/", {"after": 0}).json()["messages"]

    assert [each["seq"] for each in feed] == [1, 2, 3, 4]
    assert [each.get("sweep") for each in feed] == [None, str(A), str(A), None]


def test_own_refused_message_is_no_part_of_a_fold(room, line, author, signed_in):
    line("m")
    make_message(
        room, author=author, position=2, seq=2, status="REJECTED", reason="moderator", sweep_id=A
    )

    (own,) = pages(signed_in(author), room)
    (others,) = pages(signed_in(make_member(room).user), room)

    assert (len(own["results"]), told(own)) == (2, [])
    assert (len(others["results"]), told(others)) == (1, [("A", 1)])
