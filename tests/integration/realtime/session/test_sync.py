"""`sync`: afterwards a client has exactly what loading the room anew would give."""

from uuid import uuid4

import pytest

from moderado.accounts.models import User
from moderado.chat.models import Message, Room
from moderado.core.errors import Unavailable
from moderado.realtime.infra import queries
from moderado.realtime.infra.db_calls import run_in_db_thread
from tests.integration.realtime.conftest import Cast, screen


async def test_sync_returns_all_changes_since_a_seq(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    await cast.publish(room, ana.id, "um", "dois", "três")
    at_ana = await cast.join(ana, room)
    greeted = at_ana.heard[0]

    await at_ana.send("sync", after=1, epoch=greeted["epoch"], pending=[])
    synced = await at_ana.next("synced")

    assert (greeted["room"], greeted["seq"]) == (str(room.id), 3)
    assert [message["seq"] for message in synced["messages"]] == [2, 3]
    assert (synced["seq"], synced["reset"], synced["more"]) == (3, False, False)
    assert synced["pending"] == {}


@pytest.mark.proves("R36")
@pytest.mark.parametrize(
    ("after", "epoch", "reset"),
    [
        (0, "own", False),
        (3, "own", False),
        (3, None, False),
        (4, "own", True),  # the server is behind: it was restored
        (2, "other", True),
    ],
)
async def test_sync_is_complete_or_a_reset(cast: Cast, after, epoch, reset):
    room = await cast.room()
    ana = await cast.member(room)
    await cast.publish(room, ana.id, "um", "dois", "três")
    at_ana = await cast.join(ana, room)
    epochs = {"own": str(room.epoch), "other": str(uuid4()), None: None}

    await at_ana.send("sync", after=after, epoch=epochs[epoch])
    synced = await at_ana.next("synced")

    assert synced["reset"] is reset
    assert synced["seq"] == 3
    assert synced["epoch"] == str(room.epoch)
    expected = [] if reset else list(range(after + 1, 4))
    assert [message["seq"] for message in synced["messages"]] == expected


async def test_sync_returns_the_outcomes_of_pending_messages(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)
    for client_id, text in (("a", "bom dia"), ("b", "seu filho da puta")):
        await at_ana.send("chat_message", message=text, client_id=client_id)
        await at_ana.next("message_queued")
    await screen()

    again = await cast.join(ana, room)
    await again.send("sync", after=0, epoch=None, pending=["a", "b", "never"])
    pending = (await again.next("synced"))["pending"]

    assert pending["a"]["status"] == "APPROVED"
    assert pending["b"]["status"] == "REJECTED"
    assert pending["b"]["reason"]
    assert pending["never"] is None


async def test_live_changes_wait_for_the_last_page_of_a_sync(cast: Cast, monkeypatch):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    await cast.publish(room, ana.id, *(f"{number}" for number in range(5)))
    small = queries.feed.changes
    monkeypatch.setattr(
        queries.feed, "changes", lambda **arguments: small(**{**arguments, "limit": 2})
    )
    at_bia = await cast.join(bia)

    await at_bia.send("subscribe", room=str(room.id), after=0, epoch=str(room.epoch))
    await at_bia.next("subscribed")
    first = await at_bia.next("synced")
    await cast.publish(room, ana.id, "live")
    await at_bia.up_to_date()
    pages = [first]
    while pages[-1]["more"]:
        await at_bia.send("sync", room=str(room.id), after=pages[-1]["seq"], epoch=None)
        pages.append(await at_bia.next("synced"))
    await cast.publish(room, ana.id, "after")
    last = await at_bia.next("chat_message")

    told = [message["seq"] for page in pages for message in page["messages"]]
    assert told == [1, 2, 3, 4, 5, 6]
    assert last["seq"] == 7
    assert at_bia.seqs(room.id) == [7]


@pytest.mark.proves("R35")
async def test_changes_during_a_sync_are_delivered_exactly_once(cast: Cast, monkeypatch):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    await cast.publish(room, ana.id, "antes")
    resume = queries.resume

    async def slowly(**arguments):
        await cast.publish(room, ana.id, "durante 1")  # in the answer, and as a hint
        resumed = await resume(**arguments)
        await cast.publish(room, ana.id, "durante 2")  # as a hint only
        return resumed

    monkeypatch.setattr(queries, "resume", slowly)
    at_bia = await cast.join(bia)
    await at_bia.send("subscribe", room=str(room.id), after=0, epoch=str(room.epoch))
    synced = await at_bia.next("synced")
    live = await at_bia.next("chat_message")
    await at_bia.up_to_date()

    assert [message["content"] for message in synced["messages"]] == ["antes", "durante 1"]
    assert live["message"]["content"] == "durante 2"
    assert at_bia.seqs(room.id) == [3]


@pytest.mark.proves("R35")
@pytest.mark.parametrize("asked", ["subscribe", "sync"])
async def test_failed_sync_delivers_nothing_beyond_the_gap(cast: Cast, monkeypatch, asked):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    await cast.publish(room, ana.id, "um", "dois", "três")
    small = queries.feed.changes
    monkeypatch.setattr(
        queries.feed, "changes", lambda **arguments: small(**{**arguments, "limit": 2})
    )
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia)
    if asked == "sync":  # for the second page
        await at_bia.send("subscribe", room=str(room.id), after=0, epoch=None)
        assert (await at_bia.next("synced"))["more"]

    with monkeypatch.context() as broken:

        async def refuse(**_arguments):
            raise Unavailable

        broken.setattr(queries, "resume", refuse)
        await at_bia.send(asked, room=str(room.id), after=2, epoch=None)
        error = await at_bia.next("error")
    await cast.publish(room, ana.id, "quatro")
    await at_ana.next("chat_message")  # every delivery of this change has been written by now
    await at_bia.up_to_date()

    assert (error["code"], error["frame"], error["room"]) == ("unavailable", asked, str(room.id))
    assert at_bia.seqs(room.id) == []
    await at_bia.send(asked, room=str(room.id), after=2, epoch=None)
    synced = await at_bia.next("synced")
    assert [message["seq"] for message in synced["messages"]] == [3, 4]


@pytest.mark.proves("R36")
async def test_new_epoch_closes_connections_and_resets_their_sync(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    await cast.publish(room, ana.id, "um", "dois")
    at_ana = await cast.join(ana, room)

    await Room.objects.filter(pk=room.id).aupdate(epoch=uuid4(), seq=1)

    assert await at_ana.closed() == 4008
    again = await cast.join(ana, room)
    await again.send("sync", after=2, epoch=str(room.epoch))
    assert (await again.next("synced"))["reset"]


async def test_sync_without_a_subscription_requires_read_access(cast: Cast):
    room, private = await cast.room(), await cast.room(is_private=True)
    ana = await cast.member(room)
    await cast.publish(room, ana.id, "um")
    at_ana = await cast.join(ana)

    await at_ana.send("sync", room=str(room.id), after=0, epoch=None)
    synced = await at_ana.next("synced")
    await at_ana.send("sync", room=str(private.id), after=0, epoch=None)
    error = await at_ana.next("error")

    assert len(synced["messages"]) == 1
    assert error["code"] == "no_such_room"


@pytest.mark.proves("R62")
async def test_long_pending_messages_are_answered_in_frames_that_fit(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    await cast.publish(room, ana.id, "um")
    wanted = [f"c-{number}" for number in range(100)]
    await store_pending(room, ana, wanted, text="\N{PILE OF POO}" * 4_000)  # 16 KB each
    at_ana = await cast.join(ana, room)
    epoch = at_ana.heard[0]["epoch"]

    await at_ana.send("sync", after=0, epoch=epoch, pending=wanted)
    last = await at_ana.next("synced", where=lambda frame: frame["messages"])

    frames = [frame for frame in at_ana.heard if frame["type"] == "synced"]
    assert frames[-1] is last
    answered = {key: view for frame in frames for key, view in frame["pending"].items()}
    assert sorted(answered) == sorted(wanted)
    assert all(len(view["content"]) == 4_000 for view in answered.values())
    assert all(len(str(frame).encode()) < 1_024 * 512 for frame in frames)
    assert [frame["seq"] for frame in frames] == [0] * (len(frames) - 1) + [1]


@run_in_db_thread
def store_pending(room: Room, author: User, client_ids: list[str], *, text: str) -> None:
    Message.objects.bulk_create(
        Message(
            room=room,
            author=author,
            client_id=client_id,
            position=100 + number,
            text=text,
            first_hash=b"",
        )
        for number, client_id in enumerate(client_ids)
    )
