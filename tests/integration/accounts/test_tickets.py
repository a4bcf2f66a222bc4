"""Tickets: valid once, for 30 seconds, for the session that requested them."""

import socket
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from moderado.accounts import selectors
from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.services import sessions, tickets
from moderado.core import redis
from moderado.core.errors import Unavailable
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def principal():
    return selectors.principal_of(sessions.open_session(user=make_user()))


def test_ticket_resolves_to_its_principal(principal):
    ticket = tickets.issue_ticket(principal=principal)

    assert ticket.expires_in == 30
    assert tickets.redeem_ticket(ticket=ticket.ticket) == principal


def test_ticket_works_once(principal):
    ticket = tickets.issue_ticket(principal=principal).ticket
    tickets.redeem_ticket(ticket=ticket)

    with pytest.raises(NotAuthenticated):
        tickets.redeem_ticket(ticket=ticket)


@pytest.mark.proves("S5")
@pytest.mark.django_db(transaction=True)
def test_concurrent_ticket_uses_succeed_exactly_once(principal):
    ticket = tickets.issue_ticket(principal=principal).ticket
    start = Barrier(50)

    def attempt(_):
        start.wait(20)
        try:
            return tickets.redeem_ticket(ticket=ticket)
        except NotAuthenticated:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        entered = [one for one in pool.map(attempt, range(50)) if one]

    assert entered == [principal]


@pytest.mark.proves("S5")
def test_ticket_expires_after_30_s_on_the_clock_of_redis(principal):
    ticket = tickets.issue_ticket(principal=principal).ticket

    assert 25_000 < redis.client().pttl(tickets._key(ticket)) <= 30_000
    redis.client().pexpire(tickets._key(ticket), 0)
    with pytest.raises(NotAuthenticated):
        tickets.redeem_ticket(ticket=ticket)


def test_redis_stores_no_ticket_in_plain_text(principal):
    ticket = tickets.issue_ticket(principal=principal).ticket

    assert not [key for key in redis.client().scan_iter() if ticket in key]
    assert len(ticket) >= 43  # 32 bytes


def test_ticket_of_an_ended_session_is_refused(principal):
    ticket = tickets.issue_ticket(principal=principal).ticket
    sessions.end_session(session_id=principal.session_id)

    with pytest.raises(NotAuthenticated):
        tickets.redeem_ticket(ticket=ticket)


@pytest.mark.parametrize("junk", ["", "x", "\x00", "é", "\ud800", "*", "x" * 100_000])
def test_invalid_ticket_is_refused(junk):
    with pytest.raises(NotAuthenticated):
        tickets.redeem_ticket(ticket=junk)


def test_ticket_request_without_redis_is_unavailable(principal, settings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"

    with pytest.raises(Unavailable):
        tickets.issue_ticket(principal=principal)
    with pytest.raises(Unavailable):
        tickets.redeem_ticket(ticket="x")
