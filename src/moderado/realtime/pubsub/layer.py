"""Channels' layer over the publish/subscribe of Redis, and a way to it without an event loop."""

from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings

from moderado.core import redis

Message = dict[str, Any]

PATIENCE = 2.0  # seconds: who sends has nothing else to do, and what is not sent is heard later


class ChatLayer(RedisPubSubChannelLayer):
    """Whoever tells the hubs something is a thread of any process: for it alone to have an event
    loop, and a client that needs one, is twice the work of sending."""

    def send_now(self, channel: str, message: Message) -> None:
        """As `send`, from any thread. Raises RedisError within some seconds."""
        redis.client(settings.ENV.layer, timeout=PATIENCE).publish(channel, self.serialize(message))

    def group_send_now(self, group: str, message: Message) -> None:
        """As `group_send`, from any thread. Raises RedisError within some seconds."""
        self.send_now(channel_of_group(group), message)


def channel_of_group(group: str) -> str:
    """What the group is called in Redis."""
    return f"asgi__group__{group}"  # the default prefix; `test_subscriptions` checks it
