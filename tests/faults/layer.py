"""A channel layer that loses, repeats and reorders what it is given: the real one, mistreated."""

import asyncio
import os
import random
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

LATEST = 0.15  # seconds by which a hint may be late


class Unreliable(RedisPubSubChannelLayer):
    """`LAYER_LOSES` is the share that never arrives, `LAYER_COPIES` how often the rest does, each
    at a moment of its own."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._mistreat(super().group_send, group, message)

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        await self._mistreat(super().send, channel, message)

    async def _mistreat(self, send: Any, to: str, message: dict[str, Any]) -> None:
        if random.random() < float(os.environ["LAYER_LOSES"]):
            return
        for _ in range(int(os.environ["LAYER_COPIES"])):
            task = asyncio.create_task(self._late(send, to, dict(message)))
            _pending.add(task)
            task.add_done_callback(_pending.discard)

    async def _late(self, send: Any, to: str, message: dict[str, Any]) -> None:
        await asyncio.sleep(random.uniform(0, LATEST))
        await send(to, message)


_pending: set["asyncio.Task[None]"] = set()
