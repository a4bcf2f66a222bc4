"""Every endpoint has a quota: for each account and for each address, in one exchange with Redis."""

import time
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from moderado.accounts.services import accounts
from moderado.api.quota import Refusals
from moderado.chat.models import Message
from moderado.chat.services import posting
from moderado.core import limits, quotas
from moderado.core.errors import RateLimited
from moderado.core.quotas import COUNTED, Quota
from tests import factories
from tests.security.routes import api_routes

pytestmark = pytest.mark.django_db

# A request of each counted class, answered without a room. Requests to the judge have API keys and
# tests of their own.
REQUESTS = {
    Quota.CHEAP: ("get", "/api/auth/users/me/", None),
    Quota.EXPENSIVE: ("get", "/api/auth/users/?search=a", None),
    Quota.WRITE: ("post", "/api/auth/logout/", {"refresh": "none"}),
    Quota.CREATE: ("post", "/api/chat/rooms/", {"name": "sala"}),
    Quota.RENAME: ("patch", "/api/auth/users/me/", {"language": "en"}),
    Quota.CONNECT: ("post", "/api/auth/ws-ticket/", None),
}


@pytest.fixture
def limited(settings):
    """Set the limits of a class."""

    def limited(quota, *, account="100000/minute", address="100000/minute"):
        settings.QUOTAS = {**settings.QUOTAS, quota: (account, address)}

    return limited


@pytest.fixture
def exchanges(monkeypatch):
    """The chains of each exchange with Redis."""
    counted = []
    real = limits._count_in_redis
    monkeypatch.setattr(
        limits, "_count_in_redis", lambda chains: counted.append(chains) or real(chains)
    )
    return counted


def test_every_counted_class_has_a_request():
    assert {*REQUESTS, Quota.JUDGE} == set(COUNTED)


def ask(client, quota, **extra):
    method, path, body = REQUESTS[quota]
    return getattr(client, method)(path, body, **extra)


def address():
    """An address in a network of its own."""
    return f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"


@pytest.mark.proves("S46")
@pytest.mark.parametrize("quota", REQUESTS)
def test_account_over_its_quota_gets_429_and_others_do_not(signed_in, limited, quota):
    limited(quota, account="2/minute")
    greedy, other = signed_in(factories.make_user()), signed_in(factories.make_user())

    answers = [ask(greedy, quota) for _ in range(3)]

    assert all(answer.status_code < 429 for answer in answers[:2])
    refused = answers[2]
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert ask(other, quota).status_code < 429


@pytest.mark.proves("S46")
@pytest.mark.parametrize("quota", REQUESTS)
def test_address_over_its_quota_gets_429_without_credentials(limited, quota):
    limited(quota, address="2/minute")
    here, elsewhere = address(), address()

    statuses = [ask(APIClient(), quota, REMOTE_ADDR=here).status_code for _ in range(3)]

    assert 429 not in statuses[:2]
    assert statuses[2] == 429
    assert ask(APIClient(), quota, REMOTE_ADDR=elsewhere).status_code != 429


@pytest.mark.proves("S46")
def test_accounts_of_one_address_share_its_quota(signed_in, limited):
    limited(Quota.CHEAP, address="3/minute")
    here = address()
    clients = [signed_in(factories.make_user()) for _ in range(4)]

    statuses = [ask(client, Quota.CHEAP, REMOTE_ADDR=here).status_code for client in clients]

    assert statuses == [200, 200, 200, 429]


def test_page_and_api_share_the_quota_of_an_account(signed_in, limited):
    limited(Quota.CHEAP, account="2/minute")
    user = factories.make_user()
    browser = Client()
    browser.force_login(user)
    ask(signed_in(user), Quota.CHEAP)

    first, second = (browser.get("/", headers={"Accept-Language": "pt-BR"}) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 429)
    assert int(second.headers["Retry-After"]) > 0
    assert "<h1>Esta página não pode ser mostrada agora</h1>" in second.content.decode()


def test_admin_pages_have_a_quota(limited):
    limited(Quota.EXPENSIVE, address="1/minute")
    here = address()

    statuses = [Client().get("/admin/chat/room/", REMOTE_ADDR=here).status_code for _ in range(2)]

    assert statuses == [302, 429]


@pytest.mark.parametrize("path", ["/nothing/", "/api/nothing/", "/api/auth/login/x"])
def test_unknown_paths_have_a_quota(limited, path):
    limited(Quota.CHEAP, address="1/minute")
    here = address()

    statuses = [Client().get(path, REMOTE_ADDR=here).status_code for _ in range(2)]

    assert statuses == [404, 429]


def test_forged_forwarded_address_does_not_escape_the_quota(limited):
    limited(Quota.CHEAP, address="1/minute")
    here = address()

    statuses = [
        ask(
            APIClient(), Quota.CHEAP, REMOTE_ADDR=here, HTTP_X_FORWARDED_FOR=f"9.9.9.{n}"
        ).status_code
        for n in range(2)
    ]

    assert statuses == [401, 429]


@pytest.mark.parametrize("quota", REQUESTS)
def test_request_costs_one_exchange_with_redis(signed_in, exchanges, quota):
    client = signed_in(factories.make_user())

    ask(client, quota)

    assert len(exchanges) == 1


def test_posted_message_is_counted_once(signed_in, exchanges):
    room = factories.make_room()
    client = signed_in(factories.make_member(room).user)

    answer = client.post(f"/api/chat/rooms/{room.id}/messages/", {"content": "oi"})

    assert answer.status_code == 202
    ((chain,),) = exchanges
    assert [key[0] for _, key in chain] == ["messages", "messages"]


def test_posts_without_credentials_are_counted_by_address(limited):
    limited(Quota.CHEAP, address="1/minute")
    here, path = address(), f"/api/chat/rooms/{uuid4()}/messages/"

    statuses = [
        APIClient().post(path, {"content": "oi"}, REMOTE_ADDR=here).status_code for _ in range(2)
    ]

    assert statuses == [401, 429]


def test_refused_client_costs_no_exchange_and_no_query(
    signed_in, limited, exchanges, django_assert_num_queries
):
    limited(Quota.CHEAP, account="1/minute")
    client = Client()
    client.force_login(factories.make_user())
    client.get("/api/auth/users/me/")
    assert client.get("/api/auth/users/me/").status_code == 429
    exchanges.clear()

    with django_assert_num_queries(0):
        assert client.get("/api/auth/users/me/").status_code == 429

    assert exchanges == []


def test_refusal_is_remembered_until_its_wait_has_passed(monkeypatch):
    refusals = Refusals()
    refusals.add("client", 30)
    with pytest.raises(RateLimited):
        refusals.check("client")
    refusals.check("another")
    now = time.monotonic()

    monkeypatch.setattr("moderado.api.quota.time.monotonic", lambda: now + 31)

    refusals.check("client")


def test_without_redis_each_process_counts(signed_in, limited, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    limited(Quota.CHEAP, account="2/minute")
    client = signed_in(factories.make_user())

    statuses = [ask(client, Quota.CHEAP).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def test_every_class_has_limits(settings):
    assert set(settings.QUOTAS) == set(COUNTED)


def test_table_names_the_routes_of_rest_and_no_others():
    routes = {
        f"{method} {path if path.startswith('v1') else f'api/{path}'}"
        for method, path in api_routes()
    }
    named = {route for route in quotas.ROUTES if " api/" in route or " v1" in route}

    assert named == routes


# What a service refuses before it counts, and what repeats what was done.
UNCOUNTED = {
    "malformed message": ("post", "/api/chat/rooms/{unknown}/messages/", {}),
    "message to an unknown room": (
        "post",
        "/api/chat/rooms/{unknown}/messages/",
        {"content": "oi"},
    ),
    "repeated message": (
        "post",
        "/api/chat/rooms/{room}/messages/",
        {"content": "oi", "client_id": "1"},
    ),
    "edit in an unknown room": (
        "patch",
        "/api/chat/rooms/{unknown}/messages/{unknown}/",
        {"content": "oi"},
    ),
    "repeated deletion": ("delete", "/api/chat/rooms/{room}/messages/{removed}/", None),
    "malformed change of the password": ("post", "/api/auth/password/", {}),
    "malformed request of erasure": ("post", "/api/me/erasure/", {}),
}


@pytest.mark.proves("S141")
@pytest.mark.parametrize("uncounted", UNCOUNTED)
def test_what_no_service_counts_is_counted_as_cheap(signed_in, limited, uncounted):
    limited(Quota.CHEAP, account="2/minute")
    member = factories.make_member(factories.make_room())
    author, room = member.user, member.room
    removed = factories.make_message(room, author=author, status=Message.Status.REMOVED)
    posting.post_message(author_id=author.id, room_id=room.id, text="oi", client_id="1")
    method, path, body = UNCOUNTED[uncounted]
    url = path.format(room=room.id, unknown=uuid4(), removed=removed.id)
    client = signed_in(author)

    statuses = [getattr(client, method)(url, body).status_code for _ in range(4)]

    # The third answer is given and remembered: the next request costs no query.
    assert 429 not in statuses[:3]
    assert statuses[3] == 429


@pytest.mark.proves("S141")
def test_messages_over_their_quota_are_refused_without_a_query_at_last(
    signed_in, limited, settings, django_assert_num_queries
):
    limited(Quota.CHEAP, account="2/minute")
    settings.ENV = settings.ENV.model_copy(update={"limit_messages_per_user": "1/minute"})
    room = factories.make_room()
    client = signed_in(factories.make_member(room).user)
    path = f"/api/chat/rooms/{room.id}/messages/"
    statuses = [client.post(path, {"content": "oi"}).status_code for _ in range(4)]
    assert statuses == [202, 429, 429, 429]

    with django_assert_num_queries(0):
        refused = client.post(path, {"content": "oi"})

    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60


@pytest.mark.proves("S141")
def test_account_whose_session_has_ended_has_a_quota(signed_in, limited):
    limited(Quota.CHEAP, account="2/minute")
    user = factories.make_user()
    client, path = signed_in(user), f"/api/chat/rooms/{uuid4()}/messages/"
    accounts.deactivate(user_id=user.id)

    statuses = [client.post(path, {"content": "oi"}).status_code for _ in range(4)]

    assert statuses == [401, 401, 401, 429]


@pytest.mark.proves("S142")
def test_another_spelling_of_credentials_is_not_another_client(limited, exchanges):
    limited(Quota.CHEAP, account="1/minute")
    user = factories.make_user()
    token, program, browser = factories.token_of(user), Client(), Client()
    browser.force_login(factories.make_user())
    head, claims, signature = token.split(".")
    spellings = (f"bearer   {token}", f"BEARER {token}", f"Bearer {head}.{claims}.{signature}=")

    def ask_as(client, authorization):
        return client.get("/api/auth/users/me/", headers={"Authorization": authorization})

    for _ in range(2):
        ask_as(program, f"Bearer {token}")
        ask_as(browser, "Basic 0")
    exchanges.clear()

    answers = [ask_as(program, each) for each in spellings]
    answers += [ask_as(browser, f"Basic {number}") for number in range(1, 3)]

    assert {answer.status_code for answer in answers} == {429}
    assert exchanges == []
