"""The work done for a refused join does not depend on the room.

`python -m tests.security.measure_joins` measures the time.
"""

from uuid import uuid4

import pytest

from moderado.realtime import node
from moderado.realtime.infra import queries
from moderado.realtime.pubsub.subscriptions import LayerSubscriptions
from moderado.realtime.wire.close_codes import CloseCode
from tests.integration.realtime.clients import Client
from tests.integration.realtime.conftest import Cast, make_token, make_user

pytestmark = pytest.mark.proves("S9")


@pytest.fixture
def looked_at(monkeypatch) -> list[str]:
    """Records the calls to the channel layer and the database, in order."""
    asked: list[str] = []
    open_room, join = queries.open_room, LayerSubscriptions.join

    async def noted_open_room(**given):
        asked.append(
            "the room" if given["room_id"] in node.current().hub.rooms else "the room, too soon"
        )
        return await open_room(**given)

    async def noted_join(groups: LayerSubscriptions, group: str) -> None:
        if group not in groups._joined:
            asked.append("the layer")
        await join(groups, group)

    monkeypatch.setattr(queries, "open_room", noted_open_room)
    monkeypatch.setattr(LayerSubscriptions, "join", noted_join)
    return asked


async def refused(client: Client, room: object) -> tuple[str, str]:
    await client.send("subscribe", room=str(room))
    error = await client.next("error")
    return error["code"], error["message"]


async def test_join_runs_the_same_queries_for_busy_quiet_and_unknown_rooms(cast: Cast, looked_at):
    quiet, used = await cast.room(is_private=True), await cast.room(is_private=True)
    await cast.join(await cast.member(used), used)
    token = await make_token(stranger := await make_user())
    at_stranger = await cast.join(stranger)
    answers, asked = set(), []

    for room in (quiet.id, used.id, uuid4()):
        looked_at.clear()
        answers.add(await refused(at_stranger, room))
        asked.append(list(looked_at))
    for room in (quiet.id, used.id, uuid4(), "no-uuid", "7", f"{quiet.id}x"):
        looked_at.clear()
        client = await cast.open(f"/ws/chat/{room}/?token={token}")
        assert await client.closed() == 4004
        answers.add((client.heard[-1]["code"], client.heard[-1]["message"]))
        asked.append(list(looked_at))

    assert len(answers) == 1
    assert asked == [["the room"]] * 9


async def test_member_is_rechecked_after_subscribing(cast: Cast, looked_at):
    room = await cast.room(is_private=True)

    await cast.join(await cast.member(room), room)

    # The first connection of a process also joins the group of the moderators' notices.
    assert list(dict.fromkeys(looked_at)) == ["the layer", "the room"]


async def test_stranger_learns_nothing_from_events_during_join(cast: Cast, monkeypatch):
    room = await cast.room(is_private=True)
    await cast.join(await cast.member(room), room)
    token = await make_token(stranger := await make_user())
    at_stranger = await cast.join(stranger)
    absent = await refused(at_stranger, uuid4())
    open_room, here = queries.open_room, node.current().hub

    async def parted_meanwhile(**given):
        for socket in list(here.rooms[room.id].subscriptions):
            if socket.principal is not None and socket.principal.user_id == stranger.id:
                here.detach(socket, room.id, CloseCode.NOT_A_PARTICIPANT)
        return await open_room(**given)

    monkeypatch.setattr(queries, "open_room", parted_meanwhile)

    assert await refused(at_stranger, room.id) == absent
    client = await cast.open(f"/ws/chat/{room.id}/?token={token}")
    assert await client.closed() == CloseCode.NO_SUCH_ROOM
    assert [frame["code"] for frame in client.heard] == [absent[0]]
