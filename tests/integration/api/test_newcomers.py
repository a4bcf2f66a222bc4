"""New accounts post, create, join and report less often, by the settings."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from moderado.chat.models import Membership
from moderado.chat.services.posting import post_message, post_messages
from moderado.chat.types import SendRequest
from moderado.core import limits
from moderado.core.newcomers import NewcomerLimited
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def newcomers(settings):
    """Set the limits of new accounts; every account of a test is new."""

    def newcomers(**fields):
        update = {"newcomer_hours": 24, **fields}
        settings.ENV = settings.ENV.model_copy(update=update)

    return newcomers


def refusal(answer):
    assert answer.status_code == 429, answer.content
    body = answer.json()
    assert int(answer.headers["Retry-After"]) > 0
    assert body["details"]["until"]
    return body["code"]


@pytest.mark.proves("S46")
def test_messages_of_a_new_account_are_limited_on_both_paths(newcomers):
    newcomers(limit_newcomer_messages="2/minute")
    room = factories.make_room()
    new = factories.make_member(room).user

    def send(text):
        request = SendRequest(author_id=new.id, room_id=room.id, text=text)
        return post_messages([request])[0]

    assert send("um").created
    post_message(author_id=new.id, room_id=room.id, text="dois")
    assert isinstance(send("três"), NewcomerLimited)
    with pytest.raises(NewcomerLimited):
        post_message(author_id=new.id, room_id=room.id, text="quatro")


@pytest.mark.proves("S46")
def test_limit_costs_no_statement_and_no_further_exchange(newcomers, monkeypatch):
    room = factories.make_room()
    new = factories.make_member(room).user
    exchanges = []
    real = limits._count_in_redis
    monkeypatch.setattr(
        limits, "_count_in_redis", lambda chains: exchanges.append(chains) or real(chains)
    )

    def cost():
        exchanges.clear()
        with CaptureQueriesContext(connection) as queries:
            post_messages([SendRequest(author_id=new.id, room_id=room.id, text="oi")])
        return len(queries), len(exchanges)

    before = cost()
    newcomers()
    assert cost() == before


@pytest.mark.proves("S46")
def test_new_account_creates_and_joins_fewer_rooms_and_may_do_the_rest(newcomers, signed_in):
    newcomers(limit_newcomer_rooms="1/day", limit_newcomer_joins="2/hour")
    client = signed_in(factories.make_user())
    rooms = [factories.make_room() for _ in range(3)]

    def join(room):
        return client.post(f"/api/chat/rooms/{room.id}/join/")

    assert client.post("/api/chat/rooms/", {"name": "uma"}).status_code == 201
    assert refusal(client.post("/api/chat/rooms/", {"name": "duas"})) == "newcomer_limit"
    assert [join(room).status_code for room in rooms[:2]] == [200, 200]
    assert refusal(join(rooms[2])) == "newcomer_limit"
    assert Membership.objects.filter(room__in=rooms).count() == 2
    # Others of the same quota class.
    assert client.post("/api/auth/ws-ticket/").status_code == 200
    assert client.post(f"/api/chat/rooms/{rooms[0].id}/leave/").status_code < 300


def post(user, room):
    post_message(author_id=user.id, room_id=room.id, text="oi")


def post_by_socket(user, room):
    request = SendRequest(author_id=user.id, room_id=room.id, text="oi", client_id=str(room.id))
    (outcome,) = post_messages([request])
    if isinstance(outcome, Exception):
        raise outcome


@pytest.mark.proves("S172")
@pytest.mark.parametrize("send", [post, post_by_socket])
def test_new_account_joins_no_more_rooms_by_its_first_messages_there(newcomers, send):
    newcomers(limit_newcomer_joins="1/hour")
    new = factories.make_user()
    rooms = [factories.make_room() for _ in range(2)]

    send(new, rooms[0])
    with pytest.raises(NewcomerLimited):
        send(new, rooms[1])
    assert Membership.objects.get(user=new).room == rooms[0]
    post(new, rooms[0])
    newcomers(newcomer_hours=0)
    send(new, rooms[1])


@pytest.mark.proves("S46")
def test_new_account_reports_less(newcomers, signed_in):
    newcomers(newcomer_reports_per_day=1)
    client = signed_in(factories.make_user())
    persons = [factories.make_user() for _ in range(2)]

    def report(person):
        return client.post(
            "/api/chat/reports/", {"user": str(person.id), "category": "spam"}, format="json"
        )

    assert report(persons[0]).status_code == 201
    assert refusal(report(persons[1])) == "newcomer_limit"


def test_older_account_is_not_limited(newcomers):
    newcomers(newcomer_hours=0, limit_newcomer_messages="1/minute")
    room = factories.make_room()
    user = factories.make_member(room).user

    for text in ("um", "dois"):
        post_message(author_id=user.id, room_id=room.id, text=text)
