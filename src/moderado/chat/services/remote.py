"""Asking providers on the network: many calls under way at once, no transaction open meanwhile.

One round keeps claiming while it waits for answers, so that a slow answer delays nobody else's.
"""

import asyncio
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import timedelta
from functools import cache

import structlog
from django.db import transaction

from moderado.chat.models import Message
from moderado.chat.services import claims
from moderado.chat.services.claims import Claimant
from moderado.chat.services.verdicts import Judged, apply, content_of
from moderado.moderation.services.screening import screen_one_remotely
from moderado.moderation.types import Content, Verdict

log = structlog.get_logger(__name__)

IN_FLIGHT = 200  # contents before the providers at once, per worker process
POLL = 0.05  # seconds between looks at the queue while answers are awaited
CALL_LIMIT = 9.0  # seconds for one content, all its providers together
LEASE = 45.0  # seconds; longer than the task that holds it may run


class RemoteRound:
    """Claims, asks and applies until nothing waits or the time is up."""

    def __init__(
        self,
        claimant: Claimant,
        *,
        attempts: tuple[int, int] = (0, 0),
        older: timedelta = timedelta(0),
    ) -> None:
        self._claimant = claimant
        self._attempts = attempts
        self._older = older
        self._under_way: dict[Future[Verdict], tuple[Message, int, Content]] = {}
        self.taken = 0

    def run(self, deadline: float) -> bool:
        """True when nothing waits any more; false when `deadline` (monotonic) came first."""
        while True:
            open_for_more = time.monotonic() < deadline
            if open_for_more:
                self._take_more()
            if not self._under_way:
                return open_for_more
            done, _ = wait(self._under_way, timeout=POLL, return_when=FIRST_COMPLETED)
            self._settle(done)

    def _take_more(self) -> None:
        if len(self._under_way) >= IN_FLIGHT:
            return
        with transaction.atomic():
            messages = self._claimant.claim(
                limit=IN_FLIGHT - len(self._under_way), attempts=self._attempts, older=self._older
            )
            leased = claims.lease(messages, seconds=LEASE) if messages else []
        self.taken += len(leased)
        for message, fence in leased:
            content = content_of(message)
            self._under_way[_ask(content)] = (message, fence, content)

    def _settle(self, done: set[Future[Verdict]]) -> None:
        answered: list[tuple[Message, int]] = []
        verdicts: dict[object, tuple[Content, Verdict]] = {}
        for future in done:
            message, fence, content = self._under_way.pop(future)
            if error := future.exception():
                # Nothing is known: the lease runs out and the sweep tries again.
                kind = type(error).__name__
                log.error("screening_failed", message_id=str(message.pk), error=kind)
                continue
            answered.append((message, fence))
            verdicts[message.pk] = (content, future.result())
        if answered:
            with transaction.atomic():
                apply([
                    Judged(message, *verdicts[message.pk])
                    for message in claims.retake(answered)
                    # A guard before a slow call is no guard after it.
                    if content_of(message).revision == verdicts[message.pk][0].revision
                ])  # fmt: skip


def _ask(content: Content) -> Future[Verdict]:
    limited = asyncio.wait_for(screen_one_remotely(content), CALL_LIMIT)
    return asyncio.run_coroutine_threadsafe(limited, _loop())


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """This worker process's event loop for providers, in a thread of its own.

    First used by a task, hence after the fork that made the process.
    """
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="providers", daemon=True).start()
    return loop
