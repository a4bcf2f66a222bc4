"""The groups of the channel layer that this process listens to, whatever becomes of Redis."""

import asyncio
from collections.abc import Collection
from typing import Any

import structlog
from channels.layers import get_channel_layer
from django.conf import settings

from moderado.core.redis import RedisError, new_async_client
from moderado.realtime.pubsub.layer import channel_of_group

log = structlog.get_logger(__name__)

PATIENCE = 2.0  # seconds for one call of the layer
PAUSE = 2.0  # seconds during which a layer that failed is not asked again
ALONE = 0.5  # seconds


class LayerSubscriptions:
    """One channel, and the groups it should be in. What failed is made good by `mend`."""

    def __init__(self) -> None:
        self.channel: str | None = None
        self._wanted: set[str] = set()  # for good: one that is empty here by now costs little
        self._joined: set[str] = set()
        self._turn = asyncio.Lock()
        self._failed_at = float("-inf")
        self._uncounted_at = float("-inf")
        self._alone: set[str] = set()  # groups that nobody else had joined a moment ago
        self._forget_at = float("-inf")
        self._client = new_async_client(settings.ENV.layer)

    async def receive(self) -> object:
        """The next message of the channel, opened when needed. Raises what the layer does, and
        ValueError for bytes that are no message."""
        layer = _layer()
        if self.channel is None:
            self.channel = await layer.new_channel("hub.")
            self._joined.clear()
            await self.mend()
        message: object = await layer.receive(self.channel)
        return message

    async def join(self, group: str) -> None:
        """Listen to `group` from now on, or as soon as the layer allows."""
        if group in self._joined:
            return
        self._wanted.add(group)
        async with self._turn:
            await self._settle(group)

    async def mend(self) -> None:
        """Join what should have been joined."""
        async with self._turn:
            for group in self._wanted - self._joined:
                await self._settle(group)

    async def heard_elsewhere(self, groups: Collection[str]) -> Collection[str]:
        """Which of `groups`, all of them ours, other processes have joined too; all of them when
        nobody knows. That none has is taken for true for half a second more."""
        now = asyncio.get_running_loop().time()
        if now - self._uncounted_at < PAUSE:
            return groups
        if now >= self._forget_at:
            self._alone.clear()
            self._forget_at = now + ALONE
        names = {channel_of_group(group): group for group in groups if group not in self._alone}
        if not names:
            return ()
        try:
            counted = await self._client.pubsub_numsub(*names)
        except (RedisError, OSError) as error:
            self._uncounted_at = now
            log.warning("groups_not_counted", error=type(error).__name__)
            return groups
        shared = {names[name] for name, count in counted if count > (names[name] in self._joined)}
        self._alone.update(set(names.values()) - shared)
        return shared

    async def close(self) -> None:
        """Close what was opened beside the layer."""
        await self._client.aclose()

    async def reopen(self) -> None:
        """Forget every connection of this loop's layer: the next `receive` starts anew."""
        self.channel = None
        self._failed_at = float("-inf")
        async with asyncio.timeout(PATIENCE):
            await _layer().flush()

    async def _settle(self, group: str) -> None:
        """Join what is not joined yet, if the layer can be asked."""
        if group in self._joined or self.channel is None or self._is_pausing():
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await _layer().group_add(group, self.channel)
        except Exception as error:  # noqa: BLE001  (whatever the layer raises, sockets live on)
            self._failed_at = asyncio.get_running_loop().time()
            log.warning("group_not_joined", error=type(error).__name__)
            return
        self._joined.add(group)

    def _is_pausing(self) -> bool:
        return asyncio.get_running_loop().time() - self._failed_at < PAUSE


def _layer() -> Any:
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("CHANNEL_LAYERS has no default layer")
    return layer
