"""Registration of connections and subscriptions, and dispatch of hints to them."""

import asyncio
from uuid import uuid4

import pytest

from moderado.chat.errors import NoSuchRoom
from moderado.realtime.pubsub import envelope
from moderado.realtime.pubsub.envelope import CASES_ADDRESS
from moderado.realtime.rooms.subscription import State
from moderado.realtime.wire.close_codes import CloseCode
from moderado.realtime.wire.encode import MESSAGE_QUEUED, Line
from tests.unit.realtime.rooms.fakes import FakeClient, HubScene

ROOM = uuid4()


@pytest.fixture
async def scene() -> HubScene:
    return HubScene()


async def subscribed(scene: HubScene, client: FakeClient) -> None:
    subscription, opened = await scene.hub.subscribe(client.connection, client.principal, ROOM)
    subscription.finish_sync(opened.head.seq)


def note(*, author=None) -> envelope.EphemeralLines:
    return envelope.EphemeralLines(
        room_id=ROOM, lines=(Line("typing", "note", 4, author_id=author),)
    )


async def test_user_is_local_while_it_has_a_connection(scene: HubScene):
    first = await scene.connect()
    second = await scene.connect(first.principal.user_id)
    user_id = first.principal.user_id
    assert scene.joined == [user_id, CASES_ADDRESS] * 2

    scene.hub.remove(first.connection)
    assert scene.hub.is_local(user_id)
    assert scene.gone == []
    scene.hub.remove(second.connection)
    scene.hub.remove(second.connection)

    assert not scene.hub.is_local(user_id)
    assert scene.gone == [user_id]


async def test_room_is_dropped_with_its_last_subscription(scene: HubScene):
    ana, bia = await scene.connect(), await scene.connect()
    for client in (ana, bia):
        await subscribed(scene, client)
    assert scene.hub.is_local(ROOM)

    scene.hub.unsubscribe(ana.connection, ROOM)
    assert scene.hub.is_local(ROOM)
    scene.hub.remove(bia.connection)

    assert not scene.hub.is_local(ROOM)
    assert scene.left == [(ROOM, ana.principal.user_id), (ROOM, bia.principal.user_id)]


async def test_subscription_is_registered_before_the_room_is_read(scene: HubScene):
    client = await scene.connect()
    scene.records.may_answer.clear()

    subscribing = asyncio.create_task(
        scene.hub.subscribe(client.connection, client.principal, ROOM)
    )
    await asyncio.sleep(0)
    waiting = scene.hub.subscription(client.connection, ROOM)
    assert waiting is not None
    assert waiting.state is State.PENDING
    assert scene.joined[-1] == ROOM
    scene.records.may_answer.set()
    subscription, _ = await subscribing

    assert subscription is waiting
    assert subscription.state is State.CATCHING_UP


async def test_refused_subscription_leaves_nothing_behind(scene: HubScene):
    client = await scene.connect()
    scene.records.missing = {ROOM}

    with pytest.raises(NoSuchRoom):
        await scene.hub.subscribe(client.connection, client.principal, ROOM)

    assert not scene.hub.is_local(ROOM)
    assert client.connection.rooms == set()


async def test_detached_while_subscribing_is_answered_as_a_missing_room(scene: HubScene):
    client = await scene.connect()
    scene.records.may_answer.clear()
    subscribing = asyncio.create_task(
        scene.hub.subscribe(client.connection, client.principal, ROOM)
    )
    await asyncio.sleep(0)

    scene.hub.detach(client.connection, ROOM, CloseCode.NOT_A_PARTICIPANT)
    scene.records.may_answer.set()

    with pytest.raises(NoSuchRoom):
        await subscribing
    assert client.received == []


@pytest.mark.parametrize("is_only_room", [True, False])
async def test_detach_closes_a_connection_that_was_opened_for_the_room(
    scene: HubScene, is_only_room
):
    client = await scene.connect()
    client.connection.only_room = ROOM if is_only_room else None
    await subscribed(scene, client)

    scene.hub.detach(client.connection, ROOM, CloseCode.NOT_A_PARTICIPANT)

    assert client.connection.closing == (CloseCode.NOT_A_PARTICIPANT if is_only_room else None)
    assert "not_a_participant" in client.received[-1]
    assert client.connection.rooms == set()


async def test_second_subscription_of_a_connection_catches_up_again(scene: HubScene):
    client = await scene.connect()
    await subscribed(scene, client)
    first = scene.hub.subscription(client.connection, ROOM)

    second, _ = await scene.hub.subscribe(client.connection, client.principal, ROOM)

    assert second is first
    assert second.state is State.CATCHING_UP


async def test_room_hints_reach_the_subscriptions_of_their_room(scene: HubScene):
    ana, bia = await scene.connect(), await scene.connect()
    await subscribed(scene, ana)

    scene.hub.dispatch(note())

    assert ["note" in text for text in ana.received] == [True]
    assert bia.received == []


async def test_notice_reaches_all_connections_of_the_author(scene: HubScene):
    phone = await scene.connect()
    desk, other = await scene.connect(phone.principal.user_id), await scene.connect()
    message_id, user_id = uuid4(), phone.principal.user_id
    line = Line(MESSAGE_QUEUED, "queued", 6, 0, message_id, user_id, 1)

    scene.hub.dispatch(envelope.AuthorNotice(user_id=user_id, room_id=ROOM, line=line))

    assert [len(client.received) for client in (phone, desk, other)] == [1, 1, 0]
    assert desk.connection.notices.is_awaiting(message_id)


async def test_notice_of_a_change_is_left_to_the_subscription(scene: HubScene):
    here = await scene.connect()
    elsewhere = await scene.connect(here.principal.user_id)
    await subscribed(scene, here)
    user_id = here.principal.user_id
    line = Line("chat_message", "shown", 5, 7, uuid4(), user_id, 1)

    scene.hub.dispatch(envelope.AuthorNotice(user_id=user_id, room_id=ROOM, line=line))
    async with asyncio.timeout(10):
        while not elsewhere.received:
            await asyncio.sleep(0)

    assert [len(client.received) for client in (here, elsewhere)] == [0, 1]


async def test_ended_session_closes_its_connections_only(scene: HubScene):
    here = await scene.connect()
    there = await scene.connect(here.principal.user_id)

    scene.hub.dispatch(
        envelope.SessionClosed(user_id=here.principal.user_id, session_id=here.principal.session_id)
    )

    assert here.connection.closing == CloseCode.NOT_AUTHENTICATED
    assert there.connection.closing is None
