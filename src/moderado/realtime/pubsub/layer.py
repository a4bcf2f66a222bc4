"""Channels' layer over Redis publish/subscribe, with sending that needs no event loop."""

from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings

from moderado.core import redis

Message = dict[str, Any]

SEND_TIMEOUT = 2.0  # seconds; the sender is a background thread, and lost hints are found later


class ChatLayer(RedisPubSubChannelLayer):
    """Sends from threads without an event loop, which takes half the CPU (ADR 0025)."""

    def send_now(self, channel: str, message: Message) -> None:
        """Send as `send` does, from any thread. Raises RedisError after `SEND_TIMEOUT`."""
        redis.client(settings.ENV.layer, timeout=SEND_TIMEOUT).publish(
            channel, self.serialize(message)
        )

    def group_send_now(self, group: str, message: Message) -> None:
        """Send as `group_send` does, from any thread. Raises RedisError after `SEND_TIMEOUT`."""
        self.send_now(channel_of_group(group), message)


def channel_of_group(group: str) -> str:
    """Return the name of the group's channel in Redis."""
    return f"asgi__group__{group}"  # the default prefix; `test_subscriptions` checks it
