"""The channel of this process, and the groups of the channel layer that it has joined.

No method but `receive` and `reconnect` raises because of Redis: a group that could not be joined is
joined later, by `rejoin`.
"""

import asyncio
from collections.abc import Awaitable, Collection, Iterable
from typing import Protocol

import structlog

from moderado.core.redis import RedisError
from moderado.realtime.pubsub.layer import channel_of_group

log = structlog.get_logger(__name__)

CALL_TIMEOUT = 2.0  # seconds for one call of the layer
RETRY_DELAY = 2.0  # seconds without calls, after one failed
UNSHARED_TTL = 0.5  # seconds for which "no other process has joined it" is remembered


class Layer(Protocol):
    """The channel layer, as far as receiving needs it."""

    def new_channel(self, prefix: str) -> Awaitable[str]: ...

    def receive(self, channel: str) -> Awaitable[object]: ...

    def group_add(self, group: str, channel: str) -> Awaitable[None]: ...

    def flush(self) -> Awaitable[None]: ...


class SubscriberCounts(Protocol):
    """The client of the layer's Redis, as far as counting needs it."""

    def pubsub_numsub(self, *channels: str) -> Awaitable[Iterable[tuple[str, int]]]: ...

    def aclose(self) -> Awaitable[None]: ...


class LayerSubscriptions:
    """The groups of one event loop.

    Args:
        layer: Where messages come from.
        counts: Counts how many processes have joined a group. Closed by `close`.
        unshared_ttl: Seconds for which "no other process has joined it" is remembered.
    """

    def __init__(
        self, layer: Layer, counts: SubscriberCounts, *, unshared_ttl: float = UNSHARED_TTL
    ) -> None:
        self.channel: str | None = None
        self._layer = layer
        self._counts = counts
        self._unshared_ttl = unshared_ttl
        self._wanted: set[str] = set()  # never shrinks: there are only as many as shards
        self._joined: set[str] = set()
        self._lock = asyncio.Lock()
        self._failed_at = float("-inf")
        self._count_failed_at = float("-inf")
        self._unshared: set[str] = set()
        self._unshared_until = float("-inf")

    async def receive(self) -> object:
        """Wait for the next message. Opens the channel when there is none.

        Raises:
            ValueError: The bytes received are no message.
            Exception: Whatever the layer raises.
        """
        if self.channel is None:
            self.channel = await self._layer.new_channel("hub.")
            self._joined.clear()
            await self.rejoin()
        return await self._layer.receive(self.channel)

    async def join(self, group: str) -> None:
        """Join a group now, or as soon as the layer allows."""
        if group in self._joined:
            return
        self._wanted.add(group)
        async with self._lock:
            await self._try_to_join(group)

    async def rejoin(self) -> None:
        """Join the groups that could not be joined before."""
        async with self._lock:
            for group in self._wanted - self._joined:
                await self._try_to_join(group)

    async def joined_elsewhere(self, groups: Collection[str]) -> Collection[str]:
        """Return those of `groups` that other processes have joined too.

        Args:
            groups: Groups that this process has joined.

        Returns:
            All of them when Redis does not answer. That no other process has joined a group may
            be out of date by half a second.
        """
        now = asyncio.get_running_loop().time()
        if now - self._count_failed_at < RETRY_DELAY:
            return groups
        if now >= self._unshared_until:
            self._unshared.clear()
            self._unshared_until = now + self._unshared_ttl
        names = {channel_of_group(group): group for group in groups if group not in self._unshared}
        if not names:
            return ()
        try:
            counted = await self._counts.pubsub_numsub(*names)
        except (RedisError, OSError) as error:
            self._count_failed_at = now
            log.warning("groups_not_counted", error=type(error).__name__)
            return groups
        shared = {names[name] for name, count in counted if count > (names[name] in self._joined)}
        self._unshared.update(set(names.values()) - shared)
        return shared

    async def close(self) -> None:
        """Close the connections that were opened beside the layer's own."""
        await self._counts.aclose()

    async def reconnect(self) -> None:
        """Drop all connections of this loop's layer. The next `receive` opens new ones."""
        self.channel = None
        self._failed_at = float("-inf")
        async with asyncio.timeout(CALL_TIMEOUT):
            await self._layer.flush()

    async def _try_to_join(self, group: str) -> None:
        if group in self._joined or self.channel is None or self._is_pausing():
            return
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                await self._layer.group_add(group, self.channel)
        except Exception as error:  # noqa: BLE001  (connections outlive failures of the layer)
            self._failed_at = asyncio.get_running_loop().time()
            log.warning("group_not_joined", error=type(error).__name__)
            return
        self._joined.add(group)

    def _is_pausing(self) -> bool:
        return asyncio.get_running_loop().time() - self._failed_at < RETRY_DELAY
