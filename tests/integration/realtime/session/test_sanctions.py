"""Persons who are sanctioned while they are connected learn of it on all sockets."""

import asyncio
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from moderado.accounts.services.sessions import sign_in
from moderado.chat.services import room_measures
from moderado.core import clock
from moderado.enforcement.errors import BannedFromServer
from moderado.enforcement.services import sanction_ends, sanctions
from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.rooms.reconcile import Schedule
from tests import factories
from tests.integration.realtime.conftest import Cast, timing_with

EAGER = Schedule(interval=0.2, sanctions_every=1, sessions_every=1)
PACE = 0.1  # seconds between two attempts of two frames: within the 30 frames a second of a socket


def _apply(user, kind, room=None, **fields):
    with transaction.atomic():
        return sanctions.apply_sanction(
            actor_id=None,
            user_id=user.id,
            kind=kind,
            scope_id=room and room.id,
            term=fields.get("term", timedelta(hours=1)),
            reason="hate",
        )


def _lift(sanction):
    with transaction.atomic():
        sanctions.lift_sanction(actor_id=None, sanction_id=sanction.id, reason="mistake")


def _end(sanction, term):
    sanction_ends.change_end(
        actor_id=factories.make_staff().id,
        scope_ids=None,
        imposing_scope_ids=None,
        sanction_id=sanction.id,
        until=clock.now() + term,
        reason="hate",
    )


apply = run_in_db_thread(_apply)
end = run_in_db_thread(_end)
lift = run_in_db_thread(_lift)
freeze = run_in_db_thread(room_measures.freeze_room)
slow_down = run_in_db_thread(room_measures.slow_room)


async def until_typing_is(client, room, refusal):
    """Type until the answer is this error code, or none."""
    found = "unknown"
    while found != refusal:
        await asyncio.sleep(PACE)
        heard = len(client.heard)
        await client.send("typing", room=str(room.id))
        await client.up_to_date()
        errors = [frame["code"] for frame in client.heard[heard:] if frame["type"] == "error"]
        found = errors[0] if errors else None


@pytest.mark.proves("R109")
@pytest.mark.parametrize("are_lost", [False, True])
@pytest.mark.parametrize("timing", [timing_with(reconciliation=EAGER)])
async def test_mute_reaches_all_sockets_once_and_typing_stops(cast: Cast, hints, are_lost):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_ana, other = await cast.join(ana, room), await cast.join(ana)
    await other.send("subscribe", room=str(room.id))
    await other.next("subscribed")
    at_bia = await cast.join(bia, room)
    await at_ana.send("typing")
    await at_bia.next("typing")
    hints.are_lost = are_lost

    mute = await apply(ana, "mute", room)
    for client in (at_ana, other):
        told = (await client.next("sanction_applied"))["sanction"]
        assert (told["id"], told["kind"], told["state"]) == (str(mute.id), "mute", "active")
        assert told["appeal_path"] == f"/api/me/decisions/{mute.id}/appeal/"
        await until_typing_is(client, room, "muted")
    await lift(mute)
    for client in (at_ana, other):
        assert (await client.next("sanction_lifted"))["sanction"]["state"] == "lifted"
    hints.are_lost = False
    await until_typing_is(at_ana, room, None)

    assert at_ana.types().count("sanction_applied") == other.types().count("sanction_applied") == 1
    assert "sanction_applied" not in at_bia.types()


@pytest.mark.proves("R311")
@pytest.mark.parametrize("are_lost", [False, True])
@pytest.mark.parametrize("timing", [timing_with(reconciliation=EAGER)])
async def test_new_ends_reach_all_sockets_and_bind(cast: Cast, hints, are_lost):
    room = await cast.room()
    ana = await cast.member(room)
    at_ana, other = await cast.join(ana, room), await cast.join(ana)
    mute = await apply(ana, "mute", room)
    await at_ana.next("sanction_applied")
    await other.next("sanction_applied")
    await until_typing_is(at_ana, room, "muted")
    hints.are_lost = are_lost

    for hours in (2, 3):  # each change is news
        await end(mute, timedelta(hours=hours))
        for client in (at_ana, other):
            told = (await client.next("sanction_changed"))["sanction"]
            assert (told["id"], told["end_reason"]) == (str(mute.id), "hate")
            assert "mudou quando" in told["explanation"]
    assert at_ana.types().count("sanction_changed") == 2
    await end(mute, timedelta(seconds=1))
    await until_typing_is(at_ana, room, None)
    assert at_ana.types().count("sanction_applied") == 1


@pytest.mark.proves("R109")
@pytest.mark.parametrize("are_lost", [False, True])
@pytest.mark.parametrize("timing", [timing_with(reconciliation=EAGER)])
async def test_ban_is_told_before_the_socket_closes(cast: Cast, hints, are_lost):
    ana = await cast.member(await cast.room())
    client = await cast.join(ana)
    hints.are_lost = are_lost

    await apply(ana, "ban")

    assert await client.closed() == 4001
    assert client.types().count("sanction_applied") == 1


async def test_measures_on_a_room_reach_its_subscribers(cast: Cast):
    room = await cast.room()
    ana, mod = await cast.member(room), await cast.member(room, role="MODERATOR")
    client = await cast.join(ana, room)
    by = {"actor_id": mod.id, "scope_ids": None, "room_id": room.id}
    until = timezone.now() + timedelta(hours=1)

    await freeze(**by, until=until)
    changed = await client.next("room_changed")
    assert (changed["frozen_until"] is not None, changed["slow_mode"]) == (True, None)
    await slow_down(**by, until=until, seconds=7)
    assert (await client.next("room_changed"))["slow_mode"]["seconds"] == 7
    await freeze(**by, until=None)
    assert (await client.next("room_changed"))["frozen_until"] is None


def _refused_sign_in():
    user = factories.make_user()
    _apply(user, "ban")
    with pytest.raises(BannedFromServer) as refusal:
        sign_in(email=user.email, password=factories.PASSWORD)
    return refusal.value.details["appeal_token"]


@pytest.mark.proves("S75")
async def test_appeal_token_opens_no_socket(cast: Cast):
    token = await run_in_db_thread(_refused_sign_in)()
    client = await cast.open("/ws/chat/")
    await client.send("authenticate", token=token)
    assert await client.closed() == 4001
    by_address = await cast.open(f"/ws/chat/?token={token}")
    assert await by_address.closed() == 4001
