"""Batches of the messages that this process's connections send.

A commit costs the same for one message as for a hundred. A message that arrives alone is stored at
once. Messages that arrive during a commit share the next one; while batches hold several messages,
the next batch waits `BATCH_DELAY` for more, unless it has `BATCH_TARGET` already (ADR 0019).
"""

import asyncio
from collections import deque
from collections.abc import Sequence

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

post_messages = run_in_db_thread(posting.post_messages)


class SendBatcher:
    """The messages of one event loop that wait to be stored.

    Args:
        start: Starts a background task.
    """

    def __init__(self, *, start: Start) -> None:
        self._start = start
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
                if is_crowded and len(self._waiting) < BATCH_TARGET:
                    await asyncio.sleep(BATCH_DELAY)
                batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
                commit = asyncio.create_task(self._store(batch), name="send-batch")
                self._commits.add(commit)
                commit.add_done_callback(self._commits.discard)
                await asyncio.wait({commit}, timeout=BATCH_TIMEOUT)
                is_crowded = len(batch) > 1
        finally:
            self._is_running = False

    async def _store(self, batch: Sequence[Waiting]) -> None:
        outcomes: Sequence[SendResult | Exception]
        try:
            outcomes = await post_messages([request for request, _ in batch])
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
