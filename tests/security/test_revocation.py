"""Rights that end while a socket is open: the socket is closed and receives nothing later.

`test_outages.py` proves the same with real processes and without Redis. Here hints are dropped,
and the periodic checks run at a shorter interval.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.models import User
from moderado.accounts.services import accounts, sessions
from moderado.accounts.types import Origin
from moderado.chat.models import Room
from moderado.chat.services import memberships, rooms
from moderado.core import failpoints
from moderado.realtime import node
from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.pubsub import fanout
from moderado.realtime.rooms.reconcile import Schedule
from tests.factories import PASSWORD
from tests.integration.realtime.clients import Client
from tests.integration.realtime.conftest import Cast, make_token, make_user, screen, timing_with

SOON = 5.0  # seconds
SECRET = "xicrinha"

remove = run_in_db_thread(memberships.remove_participant)
leave = run_in_db_thread(memberships.leave_room)
update_room = run_in_db_thread(rooms.update_room)
delete_room = run_in_db_thread(rooms.delete_room)
deactivate = run_in_db_thread(accounts.deactivate)
end_sessions = run_in_db_thread(sessions.end_sessions_of)


def _use_twice(user: User) -> None:
    """Reuse a refresh token, as after a theft."""
    token = sessions.tokens_of(session=user.sessions.get()).refresh
    second = sessions.refresh(token=token)
    sessions.refresh(token=second.refresh)  # beyond the grace for two tabs
    with pytest.raises(NotAuthenticated):
        sessions.refresh(token=token)


use_a_refresh_token_twice = run_in_db_thread(_use_twice)


@run_in_db_thread
def change_password_elsewhere(user: User) -> None:
    accounts.change_password(
        user_id=user.id,
        session_id=sessions.open_session(user=user).id,
        current_password=PASSWORD,
        new_password="outra frase bem longa",
        origin=Origin(entry_point="rest", address="127.0.0.1"),
    )


@dataclass(frozen=True, slots=True)
class Loss:
    """A user whose right ends: the room, the cause, and the expected close code."""

    room: Room
    admin: User
    user: User
    client: Client


# Each cause of a revocation, with its close code.
OF_THE_ROOM: dict[str, tuple[int, Callable[[Loss], Awaitable[object]]]] = {
    "removed": (
        4003,
        lambda it: remove(actor_id=it.admin.id, room_id=it.room.id, user_id=it.user.id),
    ),
    "left": (4003, lambda it: leave(user_id=it.user.id, room_id=it.room.id)),
    "deleted": (4004, lambda it: delete_room(actor_id=it.admin.id, room_id=it.room.id)),
    "made private": (
        4003,
        lambda it: update_room(actor_id=it.admin.id, room_id=it.room.id, is_private=True),
    ),
}
OF_THE_SESSION: dict[str, tuple[int, Callable[[Loss], Awaitable[object]]]] = {
    "signed out": (4001, lambda it: end_sessions(user_id=it.user.id)),
    "disabled": (4001, lambda it: deactivate(user_id=it.user.id)),
    "disabled behind our back": (
        4001,
        lambda it: User.objects.filter(pk=it.user.id).aupdate(is_active=False),
    ),
    "new password": (
        4001,
        lambda it: change_password_elsewhere(it.user),
    ),
    "refresh token used twice": (4001, lambda it: use_a_refresh_token_twice(it.user)),
}
EVERYWAY = OF_THE_ROOM | OF_THE_SESSION


async def prepared(cast: Cast, how: str) -> Loss:
    """A member, or for privacy a listener, of an administrator's room."""
    room = await cast.room(is_private=how != "made private")
    admin = await cast.member(room, role="ADMIN")
    user = await (make_user() if how == "made private" else cast.member(room))
    return Loss(room, admin, user, await cast.join(user, room))


async def speak_on(cast: Cast, losses: dict[str, Loss]) -> None:
    """Post to each room after the revocation; wait until the others have received it."""
    for how, it in losses.items():
        if how != "deleted":
            await cast.publish(it.room, it.admin.id, SECRET)


@pytest.fixture
def deaf():
    """Drop all hints from the call on."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(fanout.publishing_by(lambda *_hints: None))


@pytest.mark.proves("S11")
@pytest.mark.parametrize("timing", [timing_with(reconciliation=Schedule(interval=3_600.0))])
async def test_revoked_reader_is_closed_at_once_and_receives_nothing_later(cast: Cast):
    ways = {how: way for how, way in EVERYWAY.items() if how != "disabled behind our back"}
    losses = {how: await prepared(cast, how) for how in ways}
    asked = {how: asyncio.create_task(it.client.closed()) for how, it in losses.items()}

    for how, it in losses.items():
        await ways[how][1](it)
    await speak_on(cast, losses)
    told = {how: await one for how, one in asked.items()}

    assert told == {how: code for how, (code, _) in ways.items()}
    assert [how for how, it in losses.items() if SECRET in str(it.client.heard)] == []


@pytest.mark.proves("S11")
@pytest.mark.parametrize(
    "timing", [timing_with(reconciliation=Schedule(interval=1.0, sessions_every=1))]
)
async def test_revoked_reader_is_closed_without_any_hint(cast: Cast, deaf):
    losses = {how: await prepared(cast, how) for how in EVERYWAY}
    deaf()
    asked = {how: asyncio.create_task(it.client.closed()) for how, it in losses.items()}

    for how, it in losses.items():
        await EVERYWAY[how][1](it)
    of_rooms = {how: it for how, it in losses.items() if how in OF_THE_ROOM}
    await speak_on(cast, of_rooms)
    told = {how: await one for how, one in asked.items()}

    assert told == {how: code for how, (code, _) in EVERYWAY.items()}
    assert [how for how, it in of_rooms.items() if SECRET in str(it.client.heard)] == []


@pytest.mark.proves("S11")
def test_rooms_and_sessions_are_rechecked_within_their_intervals():
    schedule = Schedule()

    assert schedule.interval + schedule.hint_delay < SOON
    assert schedule.interval * schedule.sessions_every + schedule.hint_delay < 30


@pytest.mark.proves("S12")
async def test_removed_member_cannot_resume(cast: Cast):
    it = await prepared(cast, "removed")
    await cast.publish(it.room, it.admin.id, "antes")
    last = (await it.client.next("chat_message"))["seq"]
    await OF_THE_ROOM["removed"][1](it)
    await it.client.closed()
    await cast.publish(it.room, it.admin.id, SECRET)

    back = await cast.join(it.user)
    since = {"after": last, "epoch": str(it.room.epoch), "room": str(it.room.id)}
    codes = []
    for kind, fields in (("sync", since), ("subscribe", since), ("sync", since | {"after": 0})):
        await back.send(kind, **fields)
        codes.append((await back.next("error"))["code"])
    await cast.publish(it.room, it.admin.id, SECRET)
    await back.up_to_date()
    by_path = await cast.open(f"/ws/chat/{it.room.id}/?token={await make_token(it.user)}")

    assert codes == ["no_such_room"] * 3
    assert await by_path.closed() == 4004
    assert SECRET not in str([*it.client.heard, *back.heard, *by_path.heard])


@dataclass(frozen=True, slots=True)
class Authors:
    """Two authors with an own message waiting and a socket without subscriptions each.

    The first loses the right to read the room. The second shows when notices have arrived.
    """

    loss: Loss
    witness: Client
    witness_id: UUID

    async def publish_all(self, cast: Cast) -> None:
        """Publish what waits, then a message of the witness, and wait until it arrives."""
        await screen()
        if not await Room.objects.filter(pk=self.loss.room.id, deleted_at=None).aexists():
            return
        await cast.post(self.loss.room, self.witness_id, "por fim")
        await screen()
        await self.witness.next(
            "chat_message", where=lambda frame: frame["message"]["content"] == "por fim"
        )


async def two_authors(cast: Cast, how: str) -> Authors:
    prepared_loss = await prepared(cast, how)
    room, user = prepared_loss.room, prepared_loss.user
    witness = await cast.member(room)
    loss = replace(prepared_loss, client=await cast.join(user))
    authors = Authors(loss, await cast.join(witness), witness.id)
    await loss.client.send("chat_message", room=str(room.id), message=SECRET, client_id="1")
    await loss.client.next("message_queued")
    if how == "made private":
        await leave(user_id=user.id, room_id=room.id)  # which the first message has joined
    return authors


def later_changes(client: Client, room: Room) -> list[int]:
    return [seq for seq in client.seqs(room.id) if seq]


@pytest.mark.proves("S43")
@pytest.mark.parametrize("how", OF_THE_ROOM)
async def test_author_without_access_gets_no_notice_of_a_later_change(cast: Cast, how: str):
    authors = await two_authors(cast, how)

    await OF_THE_ROOM[how][1](authors.loss)
    await authors.publish_all(cast)
    await authors.loss.client.up_to_date()

    assert later_changes(authors.loss.client, authors.loss.room) == []


@pytest.mark.proves("S43")
async def test_author_with_access_gets_the_notice_without_a_subscription(cast: Cast):
    authors = await two_authors(cast, "removed")

    await authors.publish_all(cast)
    shown = await authors.loss.client.next("chat_message")

    assert shown["message"]["content"] == SECRET


@pytest.mark.proves("S43")
async def test_author_removed_during_the_check_gets_no_notice(cast: Cast):
    authors = await two_authors(cast, "removed")
    failpoints.arm("hub.before_audience:sleep:0.5")
    try:
        await screen()
        await OF_THE_ROOM["removed"][1](authors.loss)
        await authors.publish_all(cast)
    finally:
        failpoints.arm("")
    await authors.loss.client.up_to_date()

    assert later_changes(authors.loss.client, authors.loss.room) == []


@pytest.mark.proves("S43")
@pytest.mark.parametrize("how", ["removed", "left"])
async def test_outcome_that_the_periodic_check_finds_passes_the_same_check(
    cast: Cast, deaf, how: str
):
    authors = await two_authors(cast, how)
    deaf()
    connections = node.current().hub.users[authors.loss.user.id]
    (ours,) = [each for each in connections if not each.rooms]
    ((message_id, _),) = ours.notices.awaited_since_before(float("inf"))

    await OF_THE_ROOM[how][1](authors.loss)
    await screen()
    async with asyncio.timeout(30):
        while ours.notices.is_awaiting(message_id) or node.current().hub.notices._is_working:
            await asyncio.sleep(0.05)
    await authors.loss.client.up_to_date()

    assert later_changes(authors.loss.client, authors.loss.room) == []


@pytest.mark.proves("S43")
async def test_removed_listener_receives_no_note_of_the_room(cast: Cast):
    """A read marker names a `seq`; typing and presence say who is there."""
    room = await cast.room(is_private=True)
    admin, ana, bia = [await cast.member(room, role) for role in ("ADMIN", "MEMBER", "MEMBER")]
    at_ana, at_bia = await cast.join(ana), await cast.join(bia)
    for client in (at_ana, at_bia):
        await client.send("subscribe", room=str(room.id))
        await client.next("subscribed")
    await cast.publish(room, admin.id, "um")
    await at_ana.next("chat_message")
    failpoints.arm("hub.before_audience:sleep:0.5")
    try:
        await remove(actor_id=admin.id, room_id=room.id, user_id=ana.id)
        await at_bia.send("typing", room=str(room.id))
        await at_bia.send("mark_read", room=str(room.id), seq=1)
        assert (await at_ana.next("error"))["code"] == "not_a_participant"
        await at_bia.next("read")
    finally:
        failpoints.arm("")
    await at_ana.up_to_date()

    assert {"typing", "read"}.isdisjoint(at_ana.types())
