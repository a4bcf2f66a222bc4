"""WebSocket tickets: one use, 30 seconds, one user, own origin."""

import asyncio
from uuid import UUID

import pytest
from websockets.exceptions import InvalidStatus

from moderado.accounts.models import User
from moderado.accounts.services import tickets
from moderado.core import redis
from tests.integration.realtime.clients import Client
from tests.integration.realtime.conftest import Cast, make_token, make_user
from tests.integration.realtime.session.test_access import (
    cookie_of,
    end_session,
    refusal,
    ticket_of,
)

pytestmark = pytest.mark.proves("S5")

FOREIGN = ["https://app.example", "https://evil.example", "null", "http://127.0.0.1:1"]


async def holder(client: Client) -> UUID:
    """Return the user of the socket."""
    return UUID((await client.next("connection_established"))["user"]["id"])


def older(ticket: str, *, seconds: int) -> None:
    """Age the ticket in Redis, whose clock alone counts."""
    client, key = redis.client(), tickets._key(ticket)
    client.pexpire(key, client.pttl(key) - seconds * 1_000)


async def test_ticket_opens_exactly_one_of_fifty_sockets(cast: Cast):
    ticket = await ticket_of(await make_user())

    async def attempt() -> str | int | None:
        client = await cast.open(f"/ws/chat/?ticket={ticket}")
        frame = await client.receive()
        return frame["type"] if frame["type"] != "error" else await client.closed()

    ends = await asyncio.gather(*(attempt() for _ in range(50)))

    assert sorted(ends, key=str) == [4001] * 49 + ["connection_established"]


@pytest.mark.parametrize(("age", "opens"), [(28, True), (31, False)])
async def test_ticket_expires_after_30_seconds(cast: Cast, age, opens):
    user = await make_user()
    ticket = await ticket_of(user)
    await asyncio.to_thread(older, ticket, seconds=age)

    if opens:
        assert await holder(await cast.open(f"/ws/chat/?ticket={ticket}")) == user.id
    else:
        assert await refusal(cast, f"/ws/chat/?ticket={ticket}") == ("not_authenticated", 4001)


async def test_ticket_authenticates_only_its_own_user(cast: Cast):
    """It wins over another user's cookie and token, and a used one is refused."""
    ana, bia = await make_user(), await make_user()
    ticket = await ticket_of(ana)
    own = {"Origin": cast.url.replace("ws:", "http:"), "Cookie": await in_a_browser(bia)}
    path = f"/ws/chat/?token={await make_token(bia)}&ticket={ticket}"

    assert await holder(await cast.open(path, additional_headers=own)) == ana.id
    assert await refusal(cast, path, additional_headers=own) == ("not_authenticated", 4001)


async def test_ticket_ends_with_its_session(cast: Cast):
    user = await make_user()
    ticket = await ticket_of(user)
    session = await user.sessions.aget()
    await end_session(session_id=session.id)

    assert await refusal(cast, f"/ws/chat/?ticket={ticket}") == ("not_authenticated", 4001)


@pytest.mark.proves("S1", "S3", "S4")
@pytest.mark.parametrize("origin", FOREIGN)
async def test_foreign_origin_is_refused_and_spends_no_ticket(cast: Cast, origin):
    user = await make_user()
    ticket, cookie = await ticket_of(user), await in_a_browser(user)
    headers = {"Origin": origin, "Cookie": cookie}

    for query in (f"?ticket={ticket}", "", f"?token={await make_token(user)}"):
        with pytest.raises(InvalidStatus) as refused:
            await cast.open(f"/ws/chat/{query}", additional_headers=headers)
        assert refused.value.response.status_code == 403
    own = {"Origin": cast.url.replace("ws:", "http:"), "Cookie": cookie}

    assert await holder(await cast.open("/ws/chat/", additional_headers=own)) == user.id
    assert await holder(await cast.open(f"/ws/chat/?ticket={ticket}")) == user.id


async def in_a_browser(user: User) -> str:
    return await asyncio.to_thread(cookie_of, user)
