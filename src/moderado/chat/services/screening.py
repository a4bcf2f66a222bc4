"""Judge waiting messages: the worker's round, and the sweep for messages that were left behind.

Local providers judge inside the transaction that claims the messages (`LocalRound`). Remote
providers are called outside of any transaction (`services.remote`).
"""

import time
from collections.abc import Sequence
from typing import Protocol

import structlog
from django.db import transaction

from moderado.chat.models import Message
from moderado.chat.services import claims
from moderado.chat.services.claims import BATCH, Claimant
from moderado.chat.services.facts import with_costly_facts
from moderado.chat.services.left_behind import Leased, LeftBehind
from moderado.chat.services.remote import RemoteRound, judge_left_behind, take_fresh
from moderado.chat.services.restrictions import restrict
from moderado.chat.services.verdicts import Judged, apply, content_of
from moderado.core import failpoints
from moderado.moderation.services.screening import is_remote, screen
from moderado.moderation.types import Outcome, Reason, Verdict

log = structlog.get_logger(__name__)

BUDGET = 8.0  # seconds in which one task takes up messages
REMOTE_BUDGET = 5.0  # seconds; the answers to the last calls may take as long as a provider may
IDLE_WAIT = 0.05  # seconds; an idle worker costs less than a new Celery task
TRANSACTION_TARGET = 0.2  # seconds for which one transaction should hold its rows
FIRST_BATCH = 20  # messages, while the time for one is unknown
CAREFUL_LEASE = 2.0  # seconds; local judging takes milliseconds
_MOST_NEW, _MOST_TRIED = 10, 200  # leases of one sweep

_HELD = Verdict(outcome=Outcome.HOLD, reason=Reason.UNJUDGED, decided_by="attempts")


class Lease(Protocol):
    """Leases messages that were left behind, as the methods of `LeftBehind`."""

    def __call__(self, *, seconds: float) -> list[Leased]: ...


class WorkSignal(Protocol):
    """The worker's side of `core.wakeup.Wakeup`."""

    def acknowledge(self) -> None:
        """Allow the next notification to enqueue a task."""

    def wait(self, seconds: float) -> bool:
        """Wait for a notification, at most `seconds`. False: there was none."""


class _NoSignal:
    def acknowledge(self) -> None:
        pass

    def wait(self, seconds: float) -> bool:
        return False


NO_SIGNAL = _NoSignal()


class LocalRound:
    """Judges with local providers, in batches that keep their transactions short.

    Args:
        first_batch: The size of the first batch.
        max_batch: The largest batch.
    """

    def __init__(self, *, first_batch: int = FIRST_BATCH, max_batch: int = BATCH) -> None:
        self._claimant = Claimant()
        self._limit = first_batch
        self._max_batch = max_batch

    def run(self, signal: WorkSignal, deadline: float) -> bool:
        """Judge until nothing waits: True. False at `deadline` (monotonic seconds).

        The wake-up is acknowledged only when the queue seems empty, and the queue is then read
        once more. Until then a notification enqueues no task, so that under load one task serves
        many messages. If more waits than the largest batch, other workers may be woken at once.
        """
        is_leaving = False
        while time.monotonic() < deadline:
            limit = self._limit
            taken = self.judge_batch()
            if self._claimant.has_left_some:
                if self._limit <= limit:  # the next batch will not be larger
                    signal.acknowledge()
            elif is_leaving and not taken:
                return True
            else:
                is_leaving = not signal.wait(IDLE_WAIT)
                if is_leaving:
                    signal.acknowledge()
        signal.acknowledge()
        return False

    def judge_batch(self) -> int:
        """Claim, judge and apply one batch in one transaction; the number of messages."""
        with transaction.atomic():
            messages = self._claimant.claim(limit=self._limit)
            failpoints.reach("worker.after_claim")
            started = time.monotonic()
            apply(restrict(_judge(messages), self._claimant.restricted))
            self._adapt(len(messages), time.monotonic() - started)
        failpoints.reach("worker.after_apply_commit")
        return len(messages)

    def _adapt(self, judged: int, seconds: float) -> None:
        if seconds > TRANSACTION_TARGET:
            self._limit = max(1, int(judged * TRANSACTION_TARGET / seconds))
        elif self._claimant.has_left_some:
            self._limit = min(self._max_batch, self._limit * 2)


# One for each worker process: they remember the batch size and the room to continue with.
_local_round = LocalRound()
_remote_claimant = Claimant()
_left_behind = LeftBehind()


def screen_waiting(signal: WorkSignal = NO_SIGNAL) -> bool:
    """Judge waiting messages with the configured providers.

    Args:
        signal: The wake-up that this worker answers.

    Returns:
        True when nothing waits any more, False when the time was not enough.
    """
    if is_remote():
        signal.acknowledge()
        return RemoteRound(take_fresh(_remote_claimant)).run(time.monotonic() + REMOTE_BUDGET)
    return _local_round.run(signal, time.monotonic() + BUDGET)


def sweep() -> int:
    """Judge messages that have waited for `left_behind.AFTER` without a lease.

    An attempt is counted and committed before it is made. A message that kills its worker is
    therefore judged alone the next time, and held for a moderator after `MAX_ATTEMPTS`. The time
    that a message has waited does not count as an attempt.

    Returns:
        The number of messages taken up.
    """
    if failpoints.reach("worker.sweep"):
        return 0
    taken = _give_up()
    if is_remote():
        taken += judge_left_behind(_left_behind, time.monotonic() + REMOTE_BUDGET)
    else:
        taken += _judge_leased(_left_behind.lease_new, _MOST_NEW)
        taken += _judge_leased(_left_behind.lease_tried, _MOST_TRIED)
    if taken:
        log.info("left_behind_taken_up", messages=taken)
    return taken


def _judge_leased(lease: Lease, most: int) -> int:
    taken = 0
    for _ in range(most):
        leased = lease(seconds=CAREFUL_LEASE)
        if not leased:
            break
        with transaction.atomic():
            apply(restrict(_judge(claims.retake(leased))))
        taken += len(leased)
    return taken


def _judge(messages: Sequence[Message]) -> list[Judged]:
    contents = with_costly_facts([content_of(message) for message in messages], messages)
    verdicts: Sequence[Verdict] = screen(contents) if contents else ()
    return [Judged(*each) for each in zip(messages, contents, verdicts, strict=True)]


def _give_up() -> int:
    """Hold for a moderator what `MAX_ATTEMPTS` did not judge; it is never approved."""
    with transaction.atomic():
        messages = _left_behind.claim_exhausted()
        given_up = [Judged(message, content_of(message), _HELD) for message in messages]
        apply(restrict(given_up))
    for message in messages:
        log.error("message_given_up", message_id=str(message.id), attempts=message.attempts)
    return len(messages)
