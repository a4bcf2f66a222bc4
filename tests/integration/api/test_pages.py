"""History pages contain each message exactly once while others write."""

import base64
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from moderado.chat.models import Message
from tests.factories import client_of, fill_room, make_member, make_message, make_room, make_user

pytestmark = pytest.mark.django_db

Status = Message.Status

SOMEBODY = "01a203a3-8fd1-73dd-8b32-4a2af3326b01"


@pytest.fixture
def room():
    return make_room(seq=5000)


@pytest.fixture
def reader(room):
    return make_member(room).user


@pytest.fixture
def get(reader):
    return client_of(reader).get


def pages(get, link, direction="next"):
    while link:
        answer = get(link)
        assert answer.status_code == 200, answer.data
        yield answer.data
        link = answer.data[direction]


def ids(page):
    return [message["id"] for message in page["results"]]


def stored(room, **fields):
    """In the order of the history: newest first."""
    found = Message.objects.filter(room=room, **fields).order_by("-position", "-id")
    return [str(pk) for pk in found.values_list("id", flat=True)]


def history(room, query=""):
    return f"/api/chat/rooms/{room.id}/messages/{query}"


@pytest.mark.proves("R54")
@pytest.mark.proves("R54")
def test_2500_equal_times_and_places_come_once_each_while_others_write(get, room, reader):
    fill_room(room, make_user(), 2500)
    Message.objects.filter(room=room).update(position=7)
    there = stored(room)

    seen = []
    for page in pages(get, history(room)):
        seen += ids(page)
        fill_room(room, reader, 3)  # positions 1 to 3 are behind; the next ones stand before
        Message.objects.filter(room=room, position=1).update(position=9)

    assert [pk for pk in seen if pk in set(there)] == there
    assert len(seen) == len(set(seen))


@pytest.mark.proves("R54")
def test_backwards_they_come_once_each_in_the_same_order(get, room):
    fill_room(room, make_user(), 130)
    Message.objects.filter(room=room).update(position=7)
    there = stored(room)
    *_, last = pages(get, history(room))

    seen = ids(last)
    for page in pages(get, last["previous"], "previous"):
        seen = ids(page) + seen
        fill_room(room, room.created_by, 1)

    assert seen == there


def test_turning_round_meets_the_same_page_again(get, room):
    fill_room(room, make_user(), 50)
    first = get(history(room)).data
    second = get(first["next"]).data

    assert ids(get(second["previous"]).data) == ids(first)
    assert ids(get(get(second["previous"]).data["next"]).data) == ids(second)
    assert first["previous"] is None


def test_empty_page_links_to_the_previous_page(get, room):
    fill_room(room, make_user(), 25)
    first = get(history(room)).data
    second = get(first["next"]).data
    newest = get(second["previous"]).data["previous"]
    assert newest is None

    Message.objects.filter(pk__in=ids(second)).update(status=Status.REMOVED)
    emptied = get(first["next"]).data

    assert ids(emptied) == []
    assert ids(get(emptied["previous"]).data) == ids(first)


def test_page_size_is_at_most_100(get, room):
    fill_room(room, make_user(), 150)

    sizes = [
        len(ids(get(history(room, f"?page_size={size}")).data)) for size in (5, 100, 1000, 0, "x")
    ]

    assert sizes == [5, 100, 100, 20, 20]


def cursor(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "malformed",
    [
        "x",
        "%00",
        "ção",
        "=" * 9,
        "cj0xJnA9NDg3",
        cursor("<", "7"),
        cursor("<", 7, SOMEBODY),
        cursor("<>", "7", SOMEBODY),
        cursor("<", "seven", SOMEBODY),
        cursor("<", "7", "7"),
        cursor("<", "9" * 30, SOMEBODY),
        cursor("<", "9" * 5000, SOMEBODY),
        cursor("<", "1; DROP TABLE", SOMEBODY),
        "A" * 2000,
    ],
)
def test_foreign_cursor_is_invalid(get, room, malformed):
    answer = get(history(room), {"cursor": malformed})

    assert (answer.status_code, answer.data["code"]) == (400, "invalid")
    assert set(answer.data["fields"]) == {"cursor"}


def test_page_is_one_index_scan(get, room, reader):
    authors = [reader, make_user(), make_user()]
    for other in (room, make_room(), make_room()):
        for author in authors:
            fill_room(other, author, 1500)
    Message.objects.filter(room=room, author=reader, position__gt=1400).update(
        status=Status.REJECTED
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_message")
    middle = get(get(history(room)).data["next"]).data["next"]

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert Status.REJECTED in {message["status"] for message in get(middle).data["results"]}
    # Django does not know the text of prepared statements.
    walk = next(q["sql"] for q in queries if q["sql"] and "ROW(" in q["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {walk}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Index Scan using message_history" in plan
    assert 'ROW("position", id) < ROW(' in plan.replace("chat_message.", "")
    assert "Sort" not in plan
    assert "Seq Scan on chat_message" not in plan


def test_history_is_what_the_reader_may_see(get, room, reader):
    other = make_user()
    own = [make_message(room, author=reader, status=status, text="mine") for status in Status]
    others = [make_message(room, author=other, status=status, text="secret") for status in Status]

    shown = {message["id"]: message for message in get(history(room)).data["results"]}

    seen = [m for m in own if m.status != Status.REMOVED]
    seen += [m for m in others if m.status == Status.APPROVED]
    assert set(shown) == {str(message.id) for message in seen}


@pytest.mark.parametrize("size", [1, 2, 7, 20])
def test_around_shows_both_sides_and_leads_on_without_gap_or_repeat(get, room, size):
    fill_room(room, make_user(), 60)
    Message.objects.filter(room=room, position__gt=20, position__lte=40).update(position=30)
    there = stored(room)
    place = there[31]

    page = get(history(room, f"?around={place}&page_size={size}")).data
    newer = list(pages(get, page["previous"], "previous"))[::-1]
    older = list(pages(get, page["next"]))

    assert place in ids(page)
    assert len(ids(page)) == size
    assert [pk for each in (*newer, page, *older) for pk in ids(each)] == there


def test_around_the_newest_and_the_oldest_message(get, room):
    fill_room(room, make_user(), 30)
    there = stored(room)

    newest = get(history(room, f"?around={there[0]}")).data
    oldest = get(history(room, f"?around={there[-1]}")).data

    assert newest["previous"] is None
    assert ids(newest) == there[:10]
    assert oldest["next"] is None
    assert ids(oldest) == there[-11:]


def test_around_a_removed_message_shows_where_it_stood(get, room):
    fill_room(room, make_user(), 30)
    there = stored(room)
    Message.objects.filter(pk=there[15]).update(status=Status.REMOVED)

    page = get(history(room, f"?around={there[15]}&page_size=4")).data

    assert ids(page) == [there[13], there[14], there[16], there[17]]


@pytest.mark.parametrize("status", [Status.PENDING, Status.HELD, Status.REJECTED])
def test_around_anothers_unpublished_message_is_refused(get, room, status):
    hidden = make_message(room, author=make_user(), status=status)
    elsewhere = make_message(status=Status.APPROVED)

    for pk in (hidden.id, elsewhere.id, SOMEBODY):
        answer = get(history(room, f"?around={pk}"))
        assert (answer.status_code, answer.data["code"]) == (404, "no_such_message")
    assert get(history(room, "?around=x")).status_code == 400


def test_around_ones_own_unpublished_message(get, room, reader):
    own = make_message(room, author=reader, status=Status.REJECTED)

    assert str(own.id) in ids(get(history(room, f"?around={own.id}")).data)
