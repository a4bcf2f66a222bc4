"""Rights that end while a socket is open: the socket is closed and receives nothing later.

`test_outages.py` proves the same with real processes and without Redis. Here hints are dropped,
and the periodic checks run at a shorter interval.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.models import User
from moderado.accounts.services import accounts, sessions
from moderado.chat.models import Room
from moderado.chat.services import memberships, rooms
from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.pubsub import fanout
from moderado.realtime.rooms.reconcile import Schedule
from tests.integration.realtime.clients import Client
from tests.integration.realtime.conftest import Cast, make_token, make_user, timing_with

SOON = 5.0  # seconds
SECRET = "xicrinha"

remove = run_in_db_thread(memberships.remove_participant)
leave = run_in_db_thread(memberships.leave_room)
update_room = run_in_db_thread(rooms.update_room)
delete_room = run_in_db_thread(rooms.delete_room)
deactivate = run_in_db_thread(accounts.deactivate)
change_password = run_in_db_thread(accounts.change_password)
end_sessions = run_in_db_thread(sessions.end_sessions_of)


def _use_twice(user: User) -> None:
    """Reuse a refresh token, as after a theft."""
    token = sessions.tokens_of(session=user.sessions.get()).refresh
    sessions.refresh(token=token)
    with pytest.raises(NotAuthenticated):
        sessions.refresh(token=token)


use_a_refresh_token_twice = run_in_db_thread(_use_twice)


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
        lambda it: change_password(user_id=it.user.id, password="outra frase bem longa"),
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
