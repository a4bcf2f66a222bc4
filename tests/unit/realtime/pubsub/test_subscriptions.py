"""The groups of one event loop, with fakes of the layer and of its Redis."""

import asyncio

import pytest

from moderado.core.redis import RedisError
from moderado.realtime.pubsub.layer import channel_of_group
from moderado.realtime.pubsub.subscriptions import LayerSubscriptions


class FakeLayer:
    def __init__(self) -> None:
        self.is_down = False
        self.joined: list[tuple[str, str]] = []
        self.channels = 0
        self.flushed = 0
        self.messages: asyncio.Queue[object] = asyncio.Queue()

    async def new_channel(self, prefix: str) -> str:
        self.channels += 1
        return f"{prefix}{self.channels}"

    async def receive(self, channel: str) -> object:
        return await self.messages.get()

    async def group_add(self, group: str, channel: str) -> None:
        if self.is_down:
            raise RedisError
        self.joined.append((group, channel))

    async def flush(self) -> None:
        self.flushed += 1


class FakeCounts:
    def __init__(self) -> None:
        self.processes: dict[str, int] = {}  # by group
        self.asked: list[set[str]] = []
        self.is_down = False

    async def pubsub_numsub(self, *channels: str):
        if self.is_down:
            raise RedisError
        self.asked.append(set(channels))
        counts = {channel_of_group(group): count for group, count in self.processes.items()}
        return [(channel, counts.get(channel, 0)) for channel in channels]

    async def aclose(self) -> None: ...


@pytest.fixture
async def layer() -> FakeLayer:
    return FakeLayer()


@pytest.fixture
async def counts() -> FakeCounts:
    return FakeCounts()


@pytest.fixture
async def subscriptions(layer: FakeLayer, counts: FakeCounts) -> LayerSubscriptions:
    return LayerSubscriptions(layer, counts, unshared_ttl=3_600)


async def receive_one(subscriptions: LayerSubscriptions, layer: FakeLayer) -> object:
    layer.messages.put_nowait("message")
    return await subscriptions.receive()


async def test_group_is_joined_once(subscriptions: LayerSubscriptions, layer: FakeLayer):
    assert await receive_one(subscriptions, layer) == "message"

    await subscriptions.join("a")
    await subscriptions.join("a")

    assert layer.joined == [("a", "hub.1")]


async def test_groups_wait_for_the_channel(subscriptions: LayerSubscriptions, layer: FakeLayer):
    await subscriptions.join("a")
    assert layer.joined == []

    await receive_one(subscriptions, layer)

    assert layer.joined == [("a", "hub.1")]


async def test_layer_that_failed_is_not_asked_for_every_group(
    subscriptions: LayerSubscriptions, layer: FakeLayer
):
    await receive_one(subscriptions, layer)
    layer.is_down = True
    await subscriptions.join("a")
    layer.is_down = False

    await subscriptions.join("b")

    assert layer.joined == []


async def test_all_groups_are_joined_again_after_a_reconnection(
    subscriptions: LayerSubscriptions, layer: FakeLayer
):
    await receive_one(subscriptions, layer)
    await subscriptions.join("a")
    layer.is_down = True
    await subscriptions.join("b")
    layer.is_down = False

    await subscriptions.reconnect()
    await receive_one(subscriptions, layer)

    assert layer.flushed == 1
    assert sorted(layer.joined) == [("a", "hub.1"), ("a", "hub.2"), ("b", "hub.2")]


async def test_group_is_shared_if_another_process_has_joined_it(
    subscriptions: LayerSubscriptions, layer: FakeLayer, counts: FakeCounts
):
    await receive_one(subscriptions, layer)
    await subscriptions.join("ours")
    counts.processes = {"ours": 1, "shared": 2, "theirs": 1}

    assert await subscriptions.joined_elsewhere({"ours", "shared", "theirs", "none"}) == {
        "shared",
        "theirs",
    }


async def test_unshared_group_is_not_counted_again_at_once(
    subscriptions: LayerSubscriptions, counts: FakeCounts
):
    counts.processes = {"shared": 1}

    for _ in range(2):
        await subscriptions.joined_elsewhere({"shared", "ours"})

    shared, ours = channel_of_group("shared"), channel_of_group("ours")
    assert counts.asked == [{shared, ours}, {shared}]


async def test_all_groups_count_as_shared_when_redis_does_not_answer(
    subscriptions: LayerSubscriptions, counts: FakeCounts
):
    counts.is_down = True
    assert await subscriptions.joined_elsewhere({"a"}) == {"a"}
    counts.is_down = False

    assert await subscriptions.joined_elsewhere({"a"}) == {"a"}  # not asked again at once
    assert counts.asked == []
