"""Authentication, origins and limits of connections, and how revoked access closes them."""

import asyncio
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client as Browser
from websockets.exceptions import InvalidStatus

from moderado.accounts.models import User
from moderado.accounts.selectors import principal_of
from moderado.accounts.services import accounts, sessions, tickets
from moderado.chat.services import memberships, rooms
from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.rooms.reconcile import Schedule
from tests.integration.realtime.conftest import Cast, make_token, make_user, timing_with

open_session = run_in_db_thread(sessions.open_session)
tokens_of = run_in_db_thread(sessions.tokens_of)
issue_ticket = run_in_db_thread(tickets.issue_ticket)
end_session = run_in_db_thread(sessions.end_session)
remove = run_in_db_thread(memberships.remove_participant)
leave = run_in_db_thread(memberships.leave_room)
update_room = run_in_db_thread(rooms.update_room)
delete_room = run_in_db_thread(rooms.delete_room)
deactivate = run_in_db_thread(accounts.deactivate)


async def ticket_of(user: User) -> str:
    session = await open_session(user=user)
    return (await issue_ticket(principal=principal_of(session))).ticket


def cookie_of(user: User) -> str:
    browser = Browser()
    browser.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"


async def refusal(cast: Cast, path: str, **options) -> tuple[str, int | None]:
    client = await cast.open(path, **options)
    code = await client.closed()
    return client.heard[-1]["code"], code


@pytest.mark.proves("S5")
async def test_ticket_opens_one_connection(cast: Cast):
    ticket = await ticket_of(await make_user())
    first = await cast.open(f"/ws/chat/?ticket={ticket}")

    assert await first.next("connection_established")
    assert await refusal(cast, f"/ws/chat/?ticket={ticket}") == ("not_authenticated", 4001)


@pytest.mark.proves("S5")
async def test_concurrent_uses_of_a_ticket_open_one_connection(cast: Cast):
    ticket = await ticket_of(await make_user())

    async def attempt() -> bool:
        client = await cast.open(f"/ws/chat/?ticket={ticket}")
        frame = await client.receive()
        return frame["type"] == "connection_established"

    assert sum(await asyncio.gather(*(attempt() for _ in range(20)))) == 1


@pytest.mark.proves("S6")
@pytest.mark.parametrize(
    "wrong", ["?token=nonsense", "?ticket=nonsense", "?token=", "?token=a.b.c"]
)
@pytest.mark.parametrize("timing", [timing_with(authentication=0.3)])
async def test_invalid_credential_closes_with_4001(cast: Cast, wrong):
    assert await refusal(cast, f"/ws/chat/{wrong}") == ("not_authenticated", 4001)


@pytest.mark.proves("S6")
async def test_refresh_token_is_refused(cast: Cast):
    session = await open_session(user=await make_user())
    refresh = (await tokens_of(session=session)).refresh

    assert await refusal(cast, f"/ws/chat/?token={refresh}") == ("not_authenticated", 4001)


async def test_first_frame_authenticates(cast: Cast):
    user = await make_user()
    client = await cast.open("/ws/chat/")

    await client.send("authenticate", token=await make_token(user))

    assert (await client.next("connection_established"))["user"]["id"] == str(user.id)


@pytest.mark.proves("S8")
@pytest.mark.parametrize(
    "first", ['{"type":"ping"}', "nonsense", '{"type":"authenticate","token":"x"}']
)
async def test_other_first_frame_closes_with_4001(cast: Cast, first):
    client = await cast.open("/ws/chat/")
    await client.send_text(first)

    assert await client.closed() == 4001


@pytest.mark.proves("S8")
@pytest.mark.parametrize("timing", [timing_with(authentication=0.2)])
async def test_silent_connection_closes_with_4001(cast: Cast):
    assert await refusal(cast, "/ws/chat/") == ("not_authenticated", 4001)


@pytest.mark.proves("S1", "S2", "S3")
@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("own", 101),
        (None, 101),
        ("https://app.example", 101),
        ("http://app.example", 403),
        ("https://app.example:444", 403),
        ("https://app.example.evil.com", 403),
        ("https://evil.com", 403),
        ("null", 403),
        ("", 403),
        ("http://127.0.0.1:1", 403),
        ("http://127.0.0.1", 403),
        ("file://", 403),
    ],
)
async def test_only_own_and_allowed_origins_connect(cast: Cast, configured, origin, status):
    configured(allowed_origins=["https://app.example"])
    token = await make_token(await make_user())
    own = cast.url.replace("ws:", "http:")
    headers = {} if origin is None else {"Origin": own if origin == "own" else origin}

    opening = cast.open(f"/ws/chat/?token={token}", additional_headers=headers)

    if status == 101:
        assert await (await opening).next("connection_established")
    else:
        with pytest.raises(InvalidStatus) as refused:
            await opening
        assert refused.value.response.status_code == status


@pytest.mark.proves("S2", "S4")
@pytest.mark.parametrize(
    ("origin", "gets_in"), [("own", True), (None, False), ("https://app.example", False)]
)
@pytest.mark.parametrize("timing", [timing_with(authentication=0.3)])
async def test_cookie_authenticates_pages_of_the_own_origin_only(
    cast: Cast, configured, origin, gets_in
):
    configured(allowed_origins=["https://app.example"])
    user = await make_user()
    headers = {"Cookie": await asyncio.to_thread(cookie_of, user)}
    if origin is not None:
        headers["Origin"] = cast.url.replace("ws:", "http:") if origin == "own" else origin

    client = await cast.open("/ws/chat/", additional_headers=headers)
    frame = await client.receive()

    assert (frame["type"] == "connection_established") is gets_in


@pytest.mark.proves("S9")
async def test_private_missing_and_malformed_rooms_are_refused_alike(cast: Cast):
    private = await cast.room(is_private=True)
    token = await make_token(await make_user())
    answers = {
        await refusal(cast, f"/ws/chat/{room_id}/?token={token}")
        for room_id in (private.id, uuid4(), "no-uuid", "7")
    }

    assert answers == {("no_such_room", 4004)}


async def test_unknown_path_is_refused_at_the_handshake(cast: Cast):
    with pytest.raises(InvalidStatus) as refused:
        await cast.open("/ws/elsewhere/")

    assert refused.value.response.status_code == 404


@pytest.mark.proves("S11")
async def test_removed_member_is_closed_and_receives_nothing_later(cast: Cast):
    room = await cast.room(is_private=True)
    ana, bia = await cast.member(room, role="ADMIN"), await cast.member(room)
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia, room)
    everywhere = await cast.join(bia)
    await everywhere.send("subscribe", room=str(room.id))
    await everywhere.next("subscribed")

    await remove(actor_id=ana.id, room_id=room.id, user_id=bia.id)
    await cast.publish(room, ana.id, "segredo")
    await at_ana.next("chat_message")

    assert await at_bia.closed() == 4003
    assert (await everywhere.next("error"))["code"] == "not_a_participant"
    await everywhere.up_to_date()
    assert "segredo" not in str(at_bia.heard) + str(everywhere.heard)


@pytest.mark.proves("S11")
async def test_removed_member_of_a_public_room_is_closed(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room, role="ADMIN"), await cast.member(room)
    at_bia = await cast.join(bia, room)

    await remove(actor_id=ana.id, room_id=room.id, user_id=bia.id)

    assert await at_bia.closed() == 4003


@pytest.mark.proves("S11")
async def test_non_member_is_closed_when_the_room_becomes_private(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room, role="ADMIN"), await cast.member(room)
    at_bia, at_stranger = await cast.join(bia, room), await cast.join(await make_user(), room)

    await update_room(actor_id=ana.id, room_id=room.id, is_private=True)

    assert await at_stranger.closed() == 4003
    await at_bia.up_to_date()


async def test_deleted_room_closes_its_connections(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room, role="ADMIN")
    at_ana = await cast.join(ana, room)

    await delete_room(actor_id=ana.id, room_id=room.id)

    assert await at_ana.closed() == 4004


@pytest.mark.proves("S11")
async def test_logout_closes_the_connections_of_its_session_only(cast: Cast):
    user = await make_user()
    session, other = [await open_session(user=user) for _ in range(2)]
    here, there = [
        await cast.open(f"/ws/chat/?token={(await tokens_of(session=one)).access}")
        for one in (session, other)
    ]
    for client in (here, there):
        await client.next("connection_established")

    await end_session(session_id=session.id)

    assert await here.closed() == 4001
    assert here.heard[-1]["code"] == "not_authenticated"
    await there.up_to_date()


@pytest.mark.proves("S11")
@pytest.mark.parametrize(
    "timing", [timing_with(reconciliation=Schedule(interval=1.0, sessions_every=1))]
)
async def test_session_that_ended_without_a_hint_is_closed(cast: Cast):
    user = await make_user()
    client = await cast.join(user)

    await User.objects.filter(pk=user.id).aupdate(is_active=False)

    assert await client.closed() == 4001


@pytest.mark.proves("S11")
async def test_deactivated_account_is_closed(cast: Cast):
    user = await make_user()
    client = await cast.join(user)

    await deactivate(user_id=user.id)

    assert await client.closed() == 4001


@pytest.mark.proves("S20")
async def test_connections_are_limited_by_account_and_by_address(cast: Cast, configured):
    configured(limit_sockets_per_user=2, limit_sockets_per_address=4)
    ana, bia, rui = [await make_user() for _ in range(3)]
    first, second = await cast.join(ana), await cast.join(ana)

    token = await make_token(ana)
    assert await refusal(cast, f"/ws/chat/?token={token}") == ("too_many_connections", 4009)
    await cast.join(bia)
    await cast.join(bia)
    token = await make_token(rui)
    spoofed = {"X-Forwarded-For": "203.0.113.7"}
    assert await refusal(cast, f"/ws/chat/?token={token}", additional_headers=spoofed) == (
        "too_many_connections",
        4009,
    )
    await first.connection.close()
    await second.up_to_date()
    again = await cast.open(f"/ws/chat/?token={await make_token(ana)}")
    assert (await again.receive())["type"] == "connection_established"


@pytest.mark.proves("R232")
@pytest.mark.parametrize(("is_chosen", "stored"), [(False, "en"), (True, "pt-br")])
async def test_socket_stores_the_language_of_the_device(cast: Cast, is_chosen: bool, stored: str):
    ana = await make_user(language="pt-br", language_chosen=is_chosen)
    opened = {"Accept-Language": "en-US"}

    client = await cast.open(f"/ws/chat/?token={await make_token(ana)}", additional_headers=opened)
    await client.next("connection_established")

    await asyncio.to_thread(ana.refresh_from_db)
    assert (ana.language, ana.language_chosen) == (stored, is_chosen)
