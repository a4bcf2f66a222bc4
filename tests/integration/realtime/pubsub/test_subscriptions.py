"""Which groups other processes have joined, as the layer's own Redis counts them."""

from uuid import uuid4

import redis as redis_package
from django.conf import settings

from moderado.realtime import node
from moderado.realtime.pubsub import fanout
from tests.integration.realtime.conftest import Cast


async def test_group_is_shared_only_if_another_process_has_joined_it(cast: Cast):
    await cast.join(await cast.member(await cast.room()))
    groups = node.current().subscriptions
    name = fanout.shard_of(uuid4())
    await groups.join(f"{name}.other")
    names = {name, f"{name}.other"}
    assert await groups.joined_elsewhere(names) == set()
    groups._unshared_until = float("-inf")

    other = redis_package.Redis.from_url(settings.ENV.layer)
    with other, other.pubsub() as process:
        process.subscribe(f"asgi__group__{name}.other")
        assert process.get_message(timeout=5)["type"] == "subscribe"

        assert await groups.joined_elsewhere(names) == {f"{name}.other"}


async def test_all_groups_count_as_shared_when_redis_does_not_answer(cast: Cast, monkeypatch):
    await cast.join(await cast.member(await cast.room()))
    groups = node.current().subscriptions

    async def lost(*_names):
        raise redis_package.ConnectionError

    monkeypatch.setattr(groups._client, "pubsub_numsub", lost)

    assert await groups.joined_elsewhere({"shard.0"}) == {"shard.0"}


async def test_other_device_of_the_author_is_notified_of_a_queued_message(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    speaks, listens = await cast.join(ana, room), await cast.join(ana)

    await speaks.send("chat_message", message="oi", client_id="1")
    queued = await speaks.next("message_queued")

    assert (await listens.next("message_queued"))["message"]["id"] == queued["message"]["id"]
    await speaks.up_to_date()
    assert speaks.types().count("message_queued") == 1
