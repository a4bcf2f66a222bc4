"""Receiving hints, with a fake of the channel."""

import asyncio
from uuid import UUID, uuid4

import pytest

from moderado.core.redis import RedisError
from moderado.realtime.pubsub import envelope
from moderado.realtime.pubsub.listener import SILENCE_LIMIT, HintListener
from moderado.realtime.wire.encode import Line

HERE, ELSEWHERE = uuid4(), uuid4()


class FakeSubscriptions:
    def __init__(self) -> None:
        self.channel = "hub.1"
        self.messages: asyncio.Queue[object] = asyncio.Queue()
        self.reconnected = 0
        self.rejoined = 0

    async def receive(self) -> object:
        message = await self.messages.get()
        if isinstance(message, Exception):
            raise message
        return message

    async def reconnect(self) -> None:
        self.reconnected += 1

    async def rejoin(self) -> None:
        self.rejoined += 1


class Scene:
    def __init__(self) -> None:
        self.now = 0.0
        self.subscriptions = FakeSubscriptions()
        self.hints: list[envelope.AnyHint] = []
        self.heartbeats: list[str] = []
        self.listener = HintListener(
            self.subscriptions,
            is_local=lambda address: address == HERE,
            dispatch=self.hints.append,
            send_heartbeat=self.heartbeats.append,
            clock=lambda: self.now,
        )

    async def receive(self, *messages: object) -> None:
        for message in messages:
            self.subscriptions.messages.put_nowait(message)
        async with asyncio.timeout(10):
            while not self.subscriptions.messages.empty():
                await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def scene():
    scene = Scene()
    scene.listener.start()
    yield scene
    await scene.listener.close()


def note(room_id: UUID) -> envelope.EphemeralLines:
    return envelope.EphemeralLines(room_id=room_id, lines=(Line("typing", "{}", 2),))


async def test_hints_for_local_addresses_are_dispatched_in_order(scene: Scene):
    hints = [note(HERE), note(ELSEWHERE), envelope.SessionClosed(user_id=HERE, session_id=HERE)]

    await scene.receive(envelope.pack(hints))

    assert scene.hints == [hints[0], hints[2]]


@pytest.mark.parametrize("message", [7, {}, {"type": "hint"}, ValueError("no message")])
async def test_malformed_message_is_dropped(scene: Scene, message):
    await scene.receive(message, envelope.pack([note(HERE)]))

    assert scene.hints == [note(HERE)]


async def test_hint_with_a_wrong_signature_is_dropped(scene: Scene):
    sealed = envelope.pack([note(HERE)])

    await scene.receive({**sealed, "mac": b"\0" * 16})

    assert scene.hints == []


async def test_failure_of_the_layer_is_retried(scene: Scene):
    await scene.receive(RedisError(), envelope.pack([note(HERE)]))
    async with asyncio.timeout(10):
        while not scene.hints:
            await asyncio.sleep(0.01)

    assert scene.hints == [note(HERE)]
    assert scene.subscriptions.reconnected == 0


async def test_check_sends_a_heartbeat_and_joins_what_failed(scene: Scene):
    await scene.listener.check()

    assert scene.heartbeats == ["hub.1"]
    assert scene.subscriptions.rejoined == 1
    assert scene.subscriptions.reconnected == 0


async def test_silent_layer_is_reconnected(scene: Scene):
    scene.now += SILENCE_LIMIT + 1

    await scene.listener.check()
    await scene.receive(envelope.pack([note(HERE)]))

    assert scene.subscriptions.reconnected == 1
    assert scene.hints == [note(HERE)]


async def test_heartbeat_prevents_a_reconnection(scene: Scene):
    scene.now += SILENCE_LIMIT + 1

    await scene.receive(envelope.pack([envelope.Heartbeat()]))
    await scene.listener.check()

    assert scene.subscriptions.reconnected == 0
    assert scene.hints == []
