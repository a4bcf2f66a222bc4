"""The frames of one connection that are executed one at a time, beside its new messages (ADR 0134).

A client that comes back subscribes to its rooms and asks what it missed, which takes the server
many reads. A message that it sends then is not kept waiting for them.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from moderado.core.wire_limits import MAX_ROOMS
from moderado.realtime.transport.outbox import Outbox
from moderado.realtime.wire import decode, protocol

ReadFrame = protocol.AnyClientFrame | decode.BadFrame

CAPACITY = 2 * MAX_ROOMS  # frames: a subscription and a sync for each room


class FrameQueue:
    """Executes frames in the order in which they were added, until the connection is closing.

    Args:
        outbox: Of the connection. A frame waits until the client has read most of its answers.
        execute: Executes one frame, and answers it whatever happens.
    """

    def __init__(self, outbox: Outbox, execute: Callable[[ReadFrame], Awaitable[None]]) -> None:
        self._outbox = outbox
        self._execute = execute
        self._waiting: deque[ReadFrame] | None = None  # most connections are idle
        self._worker: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no frame waits or is in work."""
        return self._worker is None or self._worker.done()

    async def add(self, frame: ReadFrame) -> None:
        """Execute a frame after those added before. Returns at once, unless the queue is full.

        Then the client's next frames wait until the queue is empty.
        """
        if self._waiting is not None and len(self._waiting) >= CAPACITY:
            await self.finished()
        if self.is_idle:
            self._waiting = deque()
            self._worker = asyncio.create_task(self._run(self._waiting), name="frame-queue")
        assert self._waiting is not None
        self._waiting.append(frame)

    async def finished(self) -> None:
        """Wait until no frame waits or is in work."""
        if self._worker is not None:
            await asyncio.wait({self._worker})

    async def _run(self, waiting: deque[ReadFrame]) -> None:
        while waiting:
            await self._outbox.wait_writable()
            if self._outbox.closing is not None:
                break
            await self._execute(waiting.popleft())
        self._waiting = None
