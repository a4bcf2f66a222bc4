"""Rooms by REST: permissions and exact fields."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from moderado.chat.models import Membership, Message, Room
from moderado.chat.selectors import room_views
from moderado.chat.selectors.rooms import listed_rooms
from moderado.chat.services import memberships, posting, screening
from moderado.core import database
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.moderation.services import subject_screening
from tests.factories import fill_room, make_member, make_message, make_room, make_user

pytestmark = pytest.mark.django_db

Role = Membership.Role

ROOM = {
    "id",
    "name",
    "shown_name",
    "name_change",
    "is_private",
    "moderation_mode",
    "audience",
    "created_at",
    "participants_count",
    "unread_count",
    "role",
    "last_activity_at",
    "frozen_until",
    "newcomers_wait_until",
    "newcomers_after",
    "slow_mode",
    "last_message",
}
ROOMS = "/api/chat/rooms/"


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def client(signed_in, user):
    return signed_in(user)


def path(room, rest=""):
    return f"{ROOMS}{room.id}/{rest}"


def test_creator_becomes_administrator(client, user):
    answer = client.post(ROOMS, {"name": " Sala ", "is_private": True, "moderation_mode": "post"})

    assert answer.status_code == 201
    room = answer.data
    assert set(room) == ROOM | {"participants", "seq", "epoch"}
    assert (room["name"], room["is_private"], room["moderation_mode"]) == ("Sala", True, "post")
    assert room["audience"] == "mixed"
    assert (room["role"], room["participants_count"], room["seq"]) == ("ADMIN", 1, 0)
    (place,) = room["participants"]
    assert place["user"] == {"id": str(user.id), "name": user.name}
    assert set(place) == {"user", "role", "created_at"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "name",
        {"name": ""},
        {"name": "x" * 81},
        {"name": "a\0"},
        {"name": "x", "is_private": "?"},
        {"name": "x", "moderation_mode": "loud"},
        {"name": "x", "audience": "everybody"},
    ],
)
def test_invalid_room_answers_400(client, body):
    answer = client.post(ROOMS, body)

    assert (answer.status_code, answer.data["code"]) == (400, "invalid")
    assert not Room.objects.exists()


def test_read_only_fields_are_ignored(client):
    answer = client.post(
        ROOMS,
        {
            "name": "Sala",
            "id": str(uuid4()),
            "seq": 7,
            "role": "MEMBER",
            "deleted_at": "2026-01-01",
        },
    )

    room = Room.objects.get()
    assert (str(room.id), room.seq, room.deleted_at) == (answer.data["id"], 0, None)


def test_list_has_own_and_public_rooms_newest_first(client, user):
    mine, public = make_room(is_private=True), make_room()
    make_room(is_private=True)
    make_room(deleted_at="2026-01-01T00:00Z")
    make_member(mine, user=user, role=Role.MODERATOR)
    make_member(mine)
    make_message(mine, status=Message.Status.APPROVED, position=1)

    page = client.get(ROOMS).data

    assert set(page) == {"count", "next", "previous", "results"}
    assert [room["id"] for room in page["results"]] == [str(public.id), str(mine.id)]
    assert page["count"] == 2
    shown = page["results"][1]
    assert set(shown) == ROOM
    assert (shown["role"], shown["participants_count"], shown["unread_count"]) == (
        "MODERATOR",
        3,
        1,
    )
    assert page["results"][0]["role"] is None
    assert page["results"][0]["participants_count"] == 0


def test_room_list_has_a_constant_number_of_queries(client, user):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            client.get(f"{ROOMS}?page_size=100")
        return len(queries)

    room = make_member(user=user).room
    fill_room(room, make_member(room).user, 3)
    for_one = asked()
    for _ in range(12):
        room = make_member(user=user).room
        fill_room(room, make_member(room).user, 3)

    assert asked() == for_one
    assert for_one <= 6


def test_pages_of_rooms_are_numbered(client):
    for _ in range(25):
        make_room()

    first = client.get(ROOMS).data
    second = client.get(first["next"]).data

    assert [len(first["results"]), len(second["results"])] == [20, 5]
    assert second["next"] is None
    assert client.get(f"{ROOMS}?page=9").status_code == 404


def listed(client, query):
    """Every room of every page."""
    found, link = [], f"{ROOMS}?{query}"
    while link:
        answer = client.get(link)
        assert answer.status_code == 200, answer.data
        found += answer.data["results"]
        link = answer.data["next"]
    return found


def names(rooms):
    return [room["name"] for room in rooms]


def test_own_rooms_are_complete_however_many_public_rooms_there_are(client, user):
    mine = [make_member(make_room(is_private=n % 2 == 0), user=user).room for n in range(45)]
    for _ in range(30):
        make_room()

    found = listed(client, "scope=mine")

    assert [room["id"] for room in found] == [str(room.id) for room in reversed(mine)]
    assert {room["role"] for room in found} == {"MEMBER"}
    assert len(listed(client, "scope=public&page_size=100")) == 22 + 30


def test_scope_excludes_closed_and_foreign_private_rooms(client, user):
    make_member(make_room(deleted_at="2026-01-01T00:00Z"), user=user)
    make_room(is_private=True)
    make_member(make_room(is_private=True, name="own"), user=user)

    assert names(listed(client, "scope=mine")) == ["own"]
    assert listed(client, "scope=public") == []
    assert names(listed(client, "order=created")) == ["own"]


@pytest.mark.proves("S156")
@pytest.mark.parametrize("scope", ["all", "mine", "public"])
def test_no_scope_lists_a_room_to_those_who_are_banned_from_it(user, scope):
    room, open_room = make_room(), make_room()
    make_member(room)
    memberships.join_room(user_id=user.id, room_id=room.id)
    memberships.join_room(user_id=user.id, room_id=open_room.id)
    apply_sanction(
        actor_id=None, user_id=user.id, kind="ban", scope_id=room.id, term=None, reason="spam"
    )

    assert {each.pk for each in listed_rooms(user.id, scope=scope)} == {open_room.id}


def test_rooms_are_searched_by_words_of_their_name(client, user):
    for name in ("Reunião de Pais", "REUNIAO da escola", "Escola", "50% off_"):
        make_room(name=name)
    make_room(name="Reunião secreta", is_private=True)

    assert names(listed(client, "search=reuniao")) == ["REUNIAO da escola", "Reunião de Pais"]
    assert names(listed(client, "search=ESCOLA%20reuni%C3%A3o")) == ["REUNIAO da escola"]
    assert names(listed(client, "search=%25")) == ["50% off_"]
    assert names(listed(client, "search=_")) == ["50% off_"]
    assert names(listed(client, "search=xyz")) == []


@pytest.mark.proves("S163")
def test_search_for_part_of_a_name_reads_the_index_of_names(user):
    # Of 2,000, reading all could cost less than an index with new entries.
    Room.objects.bulk_create(
        Room(name=f"Sala {number}", created_by=user) for number in range(10_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_room")

    def plan(search):
        return listed_rooms(user.id, scope="public", search=search)[:21].explain()

    assert "room_names" in plan("1999")
    assert "room_names" not in plan("zq")  # too short: the whole index would be read
    assert "room_names" not in plan("sala")  # in each name: the newest rooms are read


@pytest.mark.proves("S163")
def test_search_for_rooms_ends_at_its_time_budget(client, monkeypatch):
    monkeypatch.setitem(database.search_budget.__wrapped__.__kwdefaults__, "seconds", 0.0)

    answer = client.get("/api/chat/rooms/?search=sala")

    assert (answer.status_code, answer.json()["code"]) == (503, "search_timed_out")
    assert client.get("/api/chat/rooms/").status_code == 200


@pytest.mark.parametrize(
    "query", ["scope=theirs", "order=size", "search=%00", "cursor=x&scope=mine"]
)
def test_unknown_list_parameters_are_invalid(client, query):
    answer = client.get(f"{ROOMS}?{query}")

    assert (answer.status_code, answer.data["code"]) == (400, "invalid")


def test_rooms_by_activity_show_their_newest_visible_message(client, user):
    quiet, busy = (make_member(make_room(name=name), user=user).room for name in ("quiet", "busy"))
    for room, text in ((quiet, "first"), (busy, "second"), (quiet, "third " * 100)):
        view = posting.post_message(author_id=user.id, room_id=room.id, text=text).view
        screening.screen_waiting()
        assert Message.objects.get(pk=view.id).status == Message.Status.APPROVED
    make_message(quiet, author=user, status=Message.Status.HELD, position=9, text="hidden")

    rooms = listed(client, "scope=mine&order=activity&page_size=1")

    assert names(rooms) == ["quiet", "busy"]
    last = rooms[0]["last_message"]
    assert last["content"] == ("third " * 100).strip()[:200]
    assert last["author"]["id"] == str(user.id)
    assert rooms[0]["last_activity_at"] >= last["published_at"]
    assert rooms[0]["last_activity_at"] > rooms[1]["last_activity_at"]
    assert rooms[1]["last_message"]["content"] == "second"
    assert {room["unread_count"] for room in rooms} == {0}


def test_room_detail_has_a_constant_number_of_queries(client, user):
    room = make_member(user=user).room

    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path(room)).status_code == 200
        return len(queries)

    for_one = asked()
    for _ in range(8):
        make_member(room)

    assert asked() == for_one


def test_only_administrators_change_a_room(client, user):
    room = make_room(name="before")
    place = make_member(room, user=user, role=Role.MODERATOR)

    refused = client.patch(path(room), {"name": "after"})
    Membership.objects.filter(pk=place.pk).update(role=Role.ADMIN)
    done = client.patch(path(room), {"name": "after", "is_private": True})

    assert (refused.status_code, refused.data["code"]) == (403, "forbidden")
    assert done.status_code == 200
    assert (done.data["name"], done.data["is_private"]) == ("after", True)


def test_only_administrators_choose_the_audience_of_a_room(client, user):
    made = client.post(ROOMS, {"name": "Escola", "audience": "minors"}).data
    room = Room.objects.get(pk=made["id"])
    changed = client.patch(path(room), {"audience": "adults"})
    Membership.objects.filter(room=room, user=user).update(role=Role.MODERATOR)
    refused = client.patch(path(room), {"audience": "mixed"})

    assert made["audience"] == "minors"
    assert (changed.status_code, changed.data["audience"]) == (200, "adults")
    assert (refused.status_code, refused.data["code"]) == (403, "forbidden")
    assert client.get(path(room)).data["audience"] == "adults"


def test_closed_room_answers_404(client, user):
    room = make_member(user=user, role=Role.ADMIN).room

    assert client.delete(path(room)).status_code == 204
    assert client.get(path(room)).status_code == 404
    assert client.get(ROOMS).data["count"] == 0


def test_joining_and_leaving(client, user):
    room = make_room()
    make_member(room, role=Role.ADMIN)

    joined = client.post(path(room, "join/"))
    assert (joined.status_code, joined.data["role"]) == (200, "MEMBER")
    assert joined.data["user"] == {"id": str(user.id), "name": user.name}
    assert client.post(path(room, "leave/")).status_code == 204
    again = client.post(path(room, "leave/"))
    assert (again.status_code, again.data["code"]) == (403, "not_a_member")


def test_last_administrator_cannot_leave(client, user):
    room = make_member(user=user, role=Role.ADMIN).room
    make_member(room)

    answer = client.post(path(room, "leave/"))

    assert (answer.status_code, answer.data["code"]) == (409, "last_admin")


def test_participants_are_added_promoted_and_removed(client, user):
    room = make_member(user=user, role=Role.ADMIN).room
    other = make_user()
    place = path(room, f"participants/{other.id}/")

    added = client.post(path(room, "participants/"), {"user_id": str(other.id)})
    twice = client.post(path(room, "participants/"), {"user_id": str(other.id)})
    promoted = client.patch(place, {"role": "MODERATOR"})
    removed = client.delete(place)

    assert (added.status_code, added.data["role"]) == (201, "MEMBER")
    assert set(added.data) == {"user", "role", "created_at"}
    assert (twice.status_code, twice.data["code"]) == (409, "already_a_member")
    assert (promoted.status_code, promoted.data["role"]) == (200, "MODERATOR")
    assert removed.status_code == 204
    assert client.delete(place).status_code == 404


def test_adding_participants_reveals_no_accounts(client, user):
    room = make_member(user=user, role=Role.ADMIN).room
    answers = [
        client.post(path(room, "participants/"), {"user_id": str(user_id)})
        for user_id in (uuid4(), make_user(is_active=False).id)
    ]

    assert {answer.status_code for answer in answers} == {400}
    assert answers[0].data == answers[1].data


def test_read_marker_is_moved_and_returned(client, user):
    room = make_room(seq=9)
    make_member(room, user=user)

    assert client.post(path(room, "read/"), {"seq": 4}).data == {"seq": 4}
    assert client.post(path(room, "read/"), {"seq": 2}).data == {"seq": 4}
    assert client.post(path(room, "read/"), {"seq": 10**30}).data == {"seq": 9}
    assert client.post(path(room, "read/"), {"seq": -1}).status_code == 400


EVERY_ROUTE = [
    ("get", ""),
    ("patch", ""),
    ("delete", ""),
    ("post", "join/"),
    ("post", "leave/"),
    ("post", "participants/"),
    ("patch", "participants/{id}/"),
    ("delete", "participants/{id}/"),
    ("post", "read/"),
    ("get", "messages/"),
    ("post", "messages/"),
    ("patch", "messages/{id}/"),
    ("delete", "messages/{id}/"),
    ("get", "changes/"),
    ("get", "search/?q=segredo"),
]
A_BODY_FOR_ANY = {
    "name": "mine",
    "role": "ADMIN",
    "user_id": str(uuid4()),
    "seq": 1,
    "content": "oi",
}


@pytest.mark.parametrize("method, rest", EVERY_ROUTE)
def test_private_closed_and_unknown_rooms_answer_alike(client, user, method, rest):
    private = make_member(make_room(is_private=True), role=Role.ADMIN)
    message = make_message(private.room, status=Message.Status.APPROVED, text="segredo")
    closed = make_member(make_room(deleted_at="2026-01-01T00:00Z"), user=user, role=Role.ADMIN).room
    of_closed = make_message(closed, author=user, status=Message.Status.APPROVED)
    rows = list(Message.objects.values()) + list(Membership.objects.values())

    answers = []
    for room_id, thing in [
        (private.room_id, private.user_id if "participants" in rest else message.id),
        (closed.id, user.id if "participants" in rest else of_closed.id),
        (uuid4(), uuid4()),
    ]:
        url = f"{ROOMS}{room_id}/{rest.format(id=thing)}"
        answer = getattr(client, method)(url, *([] if method == "get" else [A_BODY_FOR_ANY]))
        answers.append((answer.status_code, answer.data.get("detail") and "told"))
        assert answer.data["code"] in {"no_such_room", "no_such_message"}
        assert "segredo" not in answer.content.decode()

    assert set(answers) == {(404, "told")}
    assert list(Message.objects.values()) + list(Membership.objects.values()) == rows


@pytest.mark.parametrize("method, rest", [("get", None), ("post", None), *EVERY_ROUTE])
def test_every_room_endpoint_requires_credentials(method, rest):
    room = make_room()
    url = ROOMS if rest is None else path(room, rest.format(id=uuid4()))

    answer = getattr(APIClient(), method)(url)

    assert (answer.status_code, answer.data["code"]) == (401, "not_authenticated")


@pytest.mark.proves("S54")
@pytest.mark.parametrize("read", ["list", "detail"])
def test_name_that_is_approved_while_it_is_read_is_not_lost(client, monkeypatch, read):
    room = client.post(ROOMS, {"name": "Quermesse"}).data
    name_changes = room_views.name_changes

    def judge_first(**asked):
        subject_screening.screen_waiting()  # after the row was read, before its waiting name is
        return name_changes(**asked)

    monkeypatch.setattr(room_views, "name_changes", judge_first)
    address = ROOMS if read == "list" else f"{ROOMS}{room['id']}/"
    answer = client.get(address).data
    (found,) = answer["results"] if read == "list" else (answer,)

    assert (found["name"], found["shown_name"], found["name_change"]) == (
        "Quermesse",
        "Quermesse",
        None,
    )


@pytest.mark.proves("R280")
def test_ids_may_have_capital_letters(client, user):
    """As some platforms write them."""
    room, other = make_room(), make_user()
    capital = path(room).replace(str(room.id), str(room.id).upper())

    assert client.post(f"{capital}join/", {"client_id": "a"}).status_code == 200
    assert client.post(path(room, "join/"), {"client_id": "a"}).status_code == 200
    assert client.get(capital).json()["id"] == str(room.id)
    make_member(room, user=other)
    Membership.objects.filter(room=room, user=user).update(role="ADMIN")
    answer = client.patch(f"{capital}participants/{str(other.id).upper()}/", {"role": "MODERATOR"})
    assert answer.json()["role"] == "MODERATOR"
