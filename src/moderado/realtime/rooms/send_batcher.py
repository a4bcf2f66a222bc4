"""Batches of the messages that this process's connections send.

A commit costs the same for one message as for a hundred. A message that arrives alone is stored at
once. Messages that arrive during a commit share the next one; while batches hold several messages,
the next batch waits `BATCH_DELAY` for more, unless it has `BATCH_TARGET` already (ADR 0023).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from moderado.chat.services import posting
from moderado.chat.types import SendRequest, SendResult
from moderado.core.errors import Unavailable
from moderado.realtime.infra.background import Start
from moderado.realtime.infra.db_calls import run_in_db_thread

log = structlog.get_logger(__name__)

BATCH_MAX = 100  # messages in one commit
BATCH_DELAY = 0.002  # seconds to wait for more messages, after a commit of several
BATCH_TARGET = 16  # messages: a batch of this size is stored without delay
BATCH_TIMEOUT = 0.1  # seconds: the next batch does not wait longer for a slow commit

Waiting = tuple[SendRequest, "asyncio.Future[SendResult]"]
Outcomes = Sequence[SendResult | Exception]
Store = Callable[[Sequence[SendRequest]], Awaitable[Outcomes]]

post_messages = run_in_db_thread(posting.post_messages)


class SendBatcher:
    """The messages of one event loop that wait to be stored.

    Args:
        start: Starts a background task.
        store: Stores a batch, and returns an outcome for each message.
        delay: Seconds to wait for more messages, after a commit of several.
        target: Size from which on a batch is stored without delay.
        timeout: Seconds after which the next batch waits no longer for a commit.
    """

    def __init__(
        self,
        *,
        start: Start,
        store: Store = post_messages,
        delay: float = BATCH_DELAY,
        target: int = BATCH_TARGET,
        timeout: float = BATCH_TIMEOUT,
    ) -> None:
        self._start = start
        self._store_batch = store
        self._delay = delay
        self._target = target
        self._timeout = timeout
        self._waiting: deque[Waiting] = deque()
        self._is_running = False
        self._commits: set[asyncio.Task[None]] = set()  # keeps a reference to each running task

    async def post(self, request: SendRequest) -> SendResult:
        """Store a message with others.

        Raises:
            ApplicationError: As `post_message` of `chat.services.posting` raises it.
        """
        outcome: asyncio.Future[SendResult] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, outcome))
        if not self._is_running:
            self._is_running = True
            self._start(self._run())
        return await outcome

    async def _run(self) -> None:
        is_crowded = False
        try:
            while self._waiting:
                if is_crowded and len(self._waiting) < self._target:
                    await asyncio.sleep(self._delay)
                batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
                commit = asyncio.create_task(self._store(batch), name="send-batch")
                self._commits.add(commit)
                commit.add_done_callback(self._commits.discard)
                await asyncio.wait({commit}, timeout=self._timeout)
                is_crowded = len(batch) > 1
        finally:
            self._is_running = False

    async def _store(self, batch: Sequence[Waiting]) -> None:
        outcomes: Outcomes
        try:
            outcomes = await self._store_batch([request for request, _ in batch])
        except Unavailable:
            outcomes = [Unavailable() for _ in batch]
        except Exception as error:
            log.exception("batch_failed", messages=len(batch))
            outcomes = [error] * len(batch)
        for (_, answer), outcome in zip(batch, outcomes, strict=True):
            if answer.done():
                continue  # the connection closed, and its task was cancelled
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)
