"""Receives this process's hints from the channel layer, for ever, and passes them on.

A layer may fail silently: a receiver whose connection is lost waits without an error. The listener
therefore sends a heartbeat to its own channel, and reconnects when none arrives.
"""

import asyncio
from collections.abc import Callable
from uuid import UUID

import structlog

from moderado.core import failpoints, metrics
from moderado.core.wire_limits import MAX_BATCH_LINES
from moderado.realtime.pubsub import envelope
from moderado.realtime.pubsub.subscriptions import LayerSubscriptions

log = structlog.get_logger(__name__)

RETRY_DELAY = 1.0  # seconds after the layer failed
SILENCE_LIMIT = 12.0  # seconds without a heartbeat, before the listener reconnects
_MANY = (envelope.RoomLines, envelope.EphemeralLines)


class HintListener:
    """The one receiver of an event loop.

    Args:
        subscriptions: The channel to receive from.
        is_local: Whether this process has anything at an address, a room's or a user's.
        dispatch: Called with each hint for a local address.
        send_heartbeat: Publishes a heartbeat to a channel.
        silence_limit: Seconds without a heartbeat, before the listener reconnects.
        clock: The time in seconds; the event loop's by default.
    """

    def __init__(
        self,
        subscriptions: LayerSubscriptions,
        *,
        is_local: Callable[[UUID], bool],
        dispatch: Callable[[envelope.AnyHint], None],
        send_heartbeat: Callable[[str], None],
        silence_limit: float = SILENCE_LIMIT,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._subscriptions = subscriptions
        self._is_local = is_local
        self._dispatch = dispatch
        self._send_heartbeat = send_heartbeat
        self._silence_limit = silence_limit
        self._clock = clock or asyncio.get_running_loop().time
        self._last_heartbeat = self._clock()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to receive."""
        self._start(reconnect=False)

    async def check(self) -> None:
        """Send a heartbeat, reconnect if none arrives, and join the groups that failed before."""
        now = self._clock()
        if self._subscriptions.channel is not None:
            self._send_heartbeat(self._subscriptions.channel)
        if now - self._last_heartbeat > self._silence_limit:
            self._last_heartbeat = now
            log.warning("layer_silent")
            if self._task is not None:
                self._task.cancel()
            self._start(reconnect=True)
        await self._subscriptions.rejoin()

    async def close(self) -> None:
        """Receive no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _start(self, *, reconnect: bool) -> None:
        self._task = asyncio.create_task(self._run(reconnect=reconnect), name="hint-listener")

    async def _run(self, *, reconnect: bool) -> None:
        while True:
            try:
                if reconnect:
                    await self._subscriptions.reconnect()
                reconnect = False
                await self._pass_on(await self._subscriptions.receive())
            except ValueError:
                await self._pass_on(None)  # bytes that are no message: sent by others, so dropped
            except Exception as error:  # noqa: BLE001  (connections outlive failures of the layer)
                log.warning("layer_failed", error=type(error).__name__)
                await asyncio.sleep(RETRY_DELAY)

    async def _pass_on(self, message: object) -> None:
        """Dispatch the hints of one publication, with pauses in which connections are written."""
        hints = envelope.unpack(message, self._is_local)
        if failpoints.reach("hub.before_fanout"):
            return
        if hints is None:
            metrics.DROPPED.labels(kind="forged_hint").inc()
            log.warning("hint_rejected")
            return
        lines = 0
        for hint in hints:
            if isinstance(hint, envelope.Heartbeat):
                self._last_heartbeat = self._clock()
            else:
                self._dispatch(hint)
            lines += len(hint.lines) if isinstance(hint, _MANY) else 1
            if lines >= MAX_BATCH_LINES:
                lines = 0
                await asyncio.sleep(0)
        await asyncio.sleep(0)
