"""Strangers lock no owner out, guesses stay slow, and every attempt is recorded."""

import threading
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from moderado.accounts import devices, hashers, quota
from moderado.accounts.errors import WrongCredentials
from moderado.accounts.services import sessions, sign_in
from moderado.accounts.types import Origin
from moderado.core import limits, redis
from moderado.core.errors import RateLimited, Unavailable
from tests.factories import PASSWORD, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S47")]


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """Wait for Redis: after half a second on a busy machine, a process counts alone."""
    monkeypatch.setattr(redis, "client", partial(redis.client, timeout=30))


@pytest.fixture
def owner():
    """An account that no limit has counted yet."""
    return make_user(email=f"{uuid4().hex}@example.org", is_staff=True)


def origin(address, **fields):
    return Origin(entry_point="rest", address=address, **fields)


def attempts(user, count, address, password="wrong", **fields):
    """Return the outcome of each attempt."""
    outcomes = []
    for number in range(count):
        try:
            where = origin(address.format(number=number), **fields)
            sign_in.verify(email=user.email, password=password, origin=where)
            outcomes.append("right")
        except WrongCredentials:
            outcomes.append("wrong")
        except RateLimited:
            outcomes.append("limited")
    return outcomes


def submit(client, path, body, **extra):
    kind = {"content_type": "application/json"} if path.startswith("/api/") else {}
    return client.post(path, body, **kind, **extra)


def test_wrong_passwords_from_one_network_lock_no_other_network_out(owner, network, settings):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "10/minute"
    stranger, home = f"{network}:1::1", f"{network}:2::1"

    assert attempts(owner, 12, stranger) == ["wrong"] * 10 + ["limited"] * 2

    assert attempts(owner, 1, f"{network}:1::2", PASSWORD) == ["limited"]  # the same /64
    assert attempts(owner, 1, home, PASSWORD) == ["right"]


@pytest.mark.proves("S99")
def test_networks_of_one_ipv6_site_share_a_limit(network, settings, monkeypatch):
    settings.LIMIT_SIGN_IN_PER_ADDRESS = "2/minute"
    monkeypatch.setattr(limits, "SITE_NETWORKS", 3)
    users = [make_user(email=f"{uuid4().hex}@example.org") for _ in range(2)]
    victim, bystander = users

    outcomes = attempts(victim, 8, f"{network}:{{number}}::1")  # each from a network of its own
    device = devices.issue_device(email=victim.email)

    assert outcomes == ["wrong"] * 6 + ["limited"] * 2
    assert attempts(victim, 1, f"{network}:9::1", PASSWORD, device=device) == ["right"]
    assert attempts(bystander, 1, "198.51.100.7", PASSWORD) == ["right"]


@pytest.mark.parametrize("other, is_same", [("203.0.113.200", True), ("203.0.114.7", False)])
def test_ipv4_network_is_a_24(owner, settings, other, is_same):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "2/minute"
    attempts(owner, 2, "203.0.113.7")

    assert attempts(owner, 1, other, PASSWORD) == ["limited" if is_same else "right"]


def test_known_device_is_let_through_within_the_strangers_network(owner, network, settings):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "3/minute"
    settings.LIMIT_SIGN_IN_PER_ADDRESS = "5/minute"
    address = f"{network}::1"
    device = sessions.sign_in(email=owner.email, password=PASSWORD, origin=origin(address)).device

    assert "limited" in attempts(owner, 6, address)

    assert attempts(owner, 1, address, PASSWORD) == ["limited"]
    assert attempts(owner, 1, address, PASSWORD, device=device) == ["right"]


def test_known_device_may_not_guess_faster(owner, network, settings):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "3/minute"
    device = devices.issue_device(email=owner.email)

    outcomes = attempts(owner, 4, network + ":{number}::1", device=device)

    assert outcomes == ["wrong"] * 3 + ["limited"]


@pytest.mark.parametrize("kind", ["another account", "forged", "expired", "empty", "long", "text"])
def test_device_counts_for_its_own_account_only(owner, network, settings, clock, kind):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "2/minute"
    own = devices.issue_device(email=owner.email)
    token = {
        "another account": devices.issue_device(email="other@example.org"),
        "forged": own[:-1] + ("A" if own[-1] != "A" else "B"),
        "expired": own,
        "empty": "",
        "long": own + "x" * 5000,
        "text": "\udcff:é:\x00",
    }[kind]
    if kind == "expired":
        clock.shift(devices.DEVICE_SECONDS + 1)

    assert attempts(owner, 3, f"{network}::1", device=token) == ["wrong", "wrong", "limited"]


def test_guesses_from_many_networks_are_slowed_down_and_reported(owner, network, settings, caplog):
    settings.LIMIT_SIGN_IN_STRANGERS = "5/hour"
    settings.LIMIT_SIGN_IN_SLOWED = "2/minute"

    outcomes = attempts(owner, 9, network + ":{number}::1")

    assert outcomes == ["wrong"] * 7 + ["limited"] * 2
    alerts = [record.msg for record in caplog.records if "account_attacked" in str(record.msg)]
    assert [alert["user_id"] for alert in alerts] == [owner.id] * 2


def test_owner_of_an_attacked_account_signs_in_by_device_and_by_network(owner, network, settings):
    settings.LIMIT_SIGN_IN_STRANGERS = "3/hour"
    settings.LIMIT_SIGN_IN_SLOWED = "1/minute"
    home = f"{network}:ffff::1"
    device = sessions.sign_in(email=owner.email, password=PASSWORD, origin=origin(home)).device

    assert attempts(owner, 6, network + ":{number}::1")[-1] == "limited"

    assert attempts(owner, 1, home, PASSWORD) == ["right"]
    away = f"{network}:eeee::1"
    assert attempts(owner, 1, away, PASSWORD) == ["limited"]
    assert attempts(owner, 1, away, PASSWORD, device=device) == ["right"]


def test_forms_of_one_email_share_their_limits(owner, network, settings):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "2/minute"
    where = origin(f"{network}::1")
    for form in (owner.email.upper(), f" {owner.email} "):
        with pytest.raises(WrongCredentials):
            sign_in.verify(email=form, password="wrong", origin=where)

    with pytest.raises(RateLimited):
        sign_in.verify(email=owner.email, password=PASSWORD, origin=where)


def test_limits_hold_while_redis_is_unreachable(owner, network, settings, monkeypatch):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "2/minute"

    def refuse():
        raise redis.RedisError

    monkeypatch.setattr(redis, "client", refuse)
    device = devices.issue_device(email=owner.email)

    assert attempts(owner, 3, f"{network}::1") == ["wrong", "wrong", "limited"]
    assert attempts(owner, 1, f"{network}::1", PASSWORD, device=device) == ["right"]


@pytest.mark.parametrize(
    "path, right", [("/api/auth/login/", 200), ("/sign-in/", 302), ("/admin/login/", 302)]
)
def test_every_entry_point_keeps_the_owner_in(owner, network, settings, caplog, path, right):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "10/hour"  # on a slow machine minutes refill it
    known, stranger = Client(), Client()
    body = {"email": owner.email, "username": owner.email, "password": PASSWORD}
    here = {"REMOTE_ADDR": f"{network}::1"}
    assert submit(known, path, body, **here).status_code == right
    known.post("/sign-out/")
    assert "device" in known.cookies

    wrong = body | {"password": "wrong"}
    answers = [submit(stranger, path, wrong, **here).status_code for _ in range(11)]

    assert answers[-1] == 429
    assert submit(stranger, path, body, **here).status_code == 429
    assert submit(known, path, body, **here).status_code == right
    failed = [r.msg for r in caplog.records if r.msg["event"] == "sign_in_failed"]
    assert len(failed) == 12
    assert {line["reason"] for line in failed} == {"wrong_credentials", "rate_limited"}
    assert len({line["entry_point"] for line in failed}) == 1
    assert owner.email not in caplog.text


def test_right_password_of_somebody_else_is_recorded_at_the_admin(client, network, caplog):
    user = make_user(email=f"{uuid4().hex}@example.org")

    client.post("/admin/login/", {"username": user.email, "password": PASSWORD})

    assert "not_staff" in caplog.text
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/api/auth/login/", "/sign-in/", "/admin/login/"])
def test_waiting_for_the_hasher_holds_no_database_connection(owner, settings, path, monkeypatch):
    """Also with a cookie, whose session is read before the form is."""
    client = Client(headers={"user-agent": "waiting"})
    client.force_login(owner)
    held = []

    class Slots:
        def acquire(self, timeout):
            held.append(connection.connection)
            return False

    monkeypatch.setattr(hashers, "_slots", Slots())
    if path == "/sign-in/":
        client.cookies.pop("sessionid")  # a signed-in user is redirected
    body = {"email": owner.email, "username": owner.email, "password": PASSWORD}

    answer = submit(client, path, body)

    assert held == [None]
    assert answer.status_code == 503


def test_nested_hashes_take_one_slot(monkeypatch):
    monkeypatch.setattr(hashers, "_slots", threading.BoundedSemaphore(1))
    monkeypatch.setattr(hashers, "MAX_WAIT", 0)

    with hashers.hashing_slot():
        encoded = hashers.Argon2().encode("a password", "somesalt")
        assert hashers.Argon2().verify("a password", encoded)
    assert hashers.Argon2().verify("a password", encoded)


def test_every_hash_needs_a_slot(monkeypatch):
    monkeypatch.setattr(hashers, "_slots", threading.BoundedSemaphore(1))
    monkeypatch.setattr(hashers, "MAX_WAIT", 0)
    hashers._slots.acquire()

    with pytest.raises(Unavailable):
        hashers.Argon2().encode("a password", "somesalt")
    with pytest.raises(Unavailable):
        hashers.Argon2().verify("a password", "argon2$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA")


def test_limits_are_counted_before_the_database_is_asked(
    owner, network, settings, django_assert_num_queries
):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "1/minute"
    address = f"{network}::1"
    attempts(owner, 1, address)

    with django_assert_num_queries(0):
        assert attempts(owner, 1, address) == ["limited"]
        with pytest.raises(RateLimited):
            quota.count_sign_in(email=owner.email, origin=origin(address))


def test_device_cookie_is_not_for_scripts(client, owner):
    answer = client.post("/sign-in/", {"email": owner.email, "password": PASSWORD})

    cookie = answer.cookies["device"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert owner.email not in cookie.value
    assert devices.device_of(email=owner.email, token=cookie.value)
