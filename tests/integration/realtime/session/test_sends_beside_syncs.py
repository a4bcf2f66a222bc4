"""A client that catches up sends messages meanwhile, and is answered without delay and in order."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from moderado.chat.models import Room
from moderado.realtime.infra import queries
from moderado.realtime.session import commands
from tests.integration.realtime.conftest import Cast
from tests.journey import TIMEOUT

pytestmark = pytest.mark.proves("R256")


class Held:
    """Answers to `sync` that have been read and that wait to be written."""

    def __init__(self) -> None:
        self.is_read = asyncio.Event()
        self.may_go_on = asyncio.Event()


@pytest.fixture
def held(monkeypatch):
    """Keep what a sync has read until `may_go_on` is set."""
    state = Held()
    resume = queries.resume

    async def slowly(**arguments):
        resumed = await resume(**arguments)
        state.is_read.set()
        await state.may_go_on.wait()
        return resumed

    monkeypatch.setattr(queries, "resume", slowly)
    return state


@asynccontextmanager
async def in_time():
    async with asyncio.timeout(TIMEOUT):
        yield


@pytest.mark.parametrize("asked", ["subscribe", "sync"])
@pytest.mark.parametrize("mode", [Room.Mode.PRE, Room.Mode.POST])
async def test_message_is_confirmed_while_a_sync_is_read(cast: Cast, held, asked, mode):
    room, other = await cast.room(), await cast.room(moderation_mode=mode)
    ana = await cast.member(room)
    at_ana = await cast.join(ana)

    await at_ana.send(asked, room=str(room.id), after=0, epoch=str(room.epoch))
    async with in_time():
        await held.is_read.wait()
    for number, where in enumerate((room, other, room)):
        await at_ana.send("chat_message", room=str(where.id), message="oi", client_id=f"c-{number}")
    queued = [await at_ana.next("message_queued") for _ in range(3)]

    assert [frame["message"]["client_id"] for frame in queued] == ["c-0", "c-1", "c-2"]
    assert "synced" not in at_ana.types()
    held.may_go_on.set()
    await at_ana.next("synced")


async def test_sync_names_what_was_confirmed_while_it_was_read(cast: Cast, held):
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)

    await at_ana.send("sync", after=0, epoch=None, pending=["c-1", "never"])
    async with in_time():
        await held.is_read.wait()
    await at_ana.send("chat_message", message="oi", client_id="c-1")
    queued = await at_ana.next("message_queued")
    held.may_go_on.set()
    pending = (await at_ana.next("synced"))["pending"]

    assert pending["never"] is None
    assert pending["c-1"]["id"] == queued["message"]["id"]


async def test_confirmation_comes_before_a_sync_that_shows_the_message(cast: Cast, monkeypatch):
    room = await cast.room(moderation_mode=Room.Mode.POST)
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)
    asked, stored, is_read = asyncio.Event(), asyncio.Event(), asyncio.Event()
    resume, post = queries.resume, commands.post

    async def resume_late(**arguments):
        asked.set()
        await stored.wait()
        resumed = await resume(**arguments)
        is_read.set()
        return resumed

    async def confirm_late(**arguments):
        posted = await post(**arguments)
        stored.set()
        await is_read.wait()
        for _ in range(100):  # whatever is ready to be written goes first
            await asyncio.sleep(0)
        return posted

    monkeypatch.setattr(queries, "resume", resume_late)
    monkeypatch.setattr(commands, "post", confirm_late)
    await at_ana.send("sync", after=0, epoch=None)
    async with in_time():
        await asked.wait()
    await at_ana.send("chat_message", message="oi", client_id="c-1")
    synced = await at_ana.next("synced")

    assert [message["client_id"] for message in synced["messages"]] == ["c-1"]
    kinds = [kind for kind in at_ana.types() if kind in {"message_queued", "synced"}]
    assert kinds == ["message_queued", "synced"]


async def test_other_frames_keep_their_order(cast: Cast, held):
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)
    await at_ana.send("chat_message", message="oi", client_id="c-1")
    message_id = (await at_ana.next("message_queued"))["message"]["id"]

    await at_ana.send("sync", after=0, epoch=None)
    await at_ana.send("edit_message", id=message_id, message="olá")
    await at_ana.send("delete_message", id=message_id)
    async with in_time():
        await held.is_read.wait()
    await at_ana.send("chat_message", message="tchau", client_id="c-2")
    await at_ana.next("message_queued")
    await at_ana.send("ping", n=1)
    await at_ana.send("chat_message", message="até", client_id="c-3")
    held.may_go_on.set()
    await at_ana.next("message_queued", where=lambda frame: frame["message"]["client_id"] == "c-3")

    queued_edit = at_ana.heard[-4]
    kinds = ["synced", "message_queued", "message_removed", "pong", "message_queued"]
    assert at_ana.types()[-5:] == kinds
    assert (queued_edit["message"]["id"], queued_edit["message"]["content"]) == (message_id, "olá")


async def test_what_was_sent_before_the_client_left_is_done(cast: Cast, monkeypatch):
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)
    await at_ana.send("chat_message", message="oi", client_id="c-1")
    message_id = (await at_ana.next("message_queued"))["message"]["id"]
    is_marking, may_go_on = asyncio.Event(), asyncio.Event()
    edited = asyncio.get_running_loop().create_future()
    edit = commands.edit

    async def mark_later(**_arguments):
        is_marking.set()
        await may_go_on.wait()

    async def edit_and_tell(**arguments):
        view = await edit(**arguments)
        edited.set_result(view)
        return view

    monkeypatch.setattr(commands, "mark_read", mark_later)
    monkeypatch.setattr(commands, "edit", edit_and_tell)
    await at_ana.send("mark_read", seq=0)
    await at_ana.send("edit_message", id=message_id, message="olá")
    async with in_time():
        await is_marking.wait()
        await at_ana.close()
        may_go_on.set()
        view = await edited

    assert (str(view.id), view.content) == (message_id, "olá")
