"""Which groups other processes have joined, as the layer's own Redis counts them."""

from uuid import uuid4

import redis as redis_package
from django.conf import settings

from moderado.realtime import node
from tests.integration.realtime.conftest import Cast


async def test_group_is_shared_only_if_another_process_has_joined_it(cast: Cast):
    await cast.join(await cast.member(await cast.room()))
    subscriptions = node.current().subscriptions
    ours, shared = f"{uuid4()}", f"{uuid4()}"
    for group in (ours, shared):
        await subscriptions.join(group)

    other = redis_package.Redis.from_url(settings.ENV.layer)
    with other, other.pubsub() as process:
        process.subscribe(f"asgi__group__{shared}")
        assert process.get_message(timeout=5)["type"] == "subscribe"

        assert await subscriptions.joined_elsewhere({ours, shared}) == {shared}


async def test_other_device_of_the_author_is_notified_of_a_queued_message(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    speaks, listens = await cast.join(ana, room), await cast.join(ana)

    await speaks.send("chat_message", message="oi", client_id="1")
    queued = await speaks.next("message_queued")

    assert (await listens.next("message_queued"))["message"]["id"] == queued["message"]["id"]
    await speaks.up_to_date()
    assert speaks.types().count("message_queued") == 1
