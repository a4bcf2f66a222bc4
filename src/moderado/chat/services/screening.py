"""Judging what waits: claimed under lock, judged, settled; and the sweep for what was left behind.

Local providers judge inside the claiming transaction. A remote one is asked outside of any: the
messages are leased, and the verdict is applied only where lease and revision are still the same.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import structlog
from django.db import transaction

from moderado.chat.models import Message
from moderado.chat.services import claims
from moderado.chat.services.claims import BATCH, MAX_ATTEMPTS, Claimant
from moderado.chat.services.remote import RemoteRound
from moderado.chat.services.verdicts import Judged, apply, content_of
from moderado.core import failpoints
from moderado.moderation.services.screening import is_remote, screen
from moderado.moderation.types import Outcome, Reason, Verdict

log = structlog.get_logger(__name__)

BUDGET = 8.0  # seconds one call may take up work; with a provider's own, below the tasks' limits
IDLE_WAIT = (
    0.05  # seconds at the door: waiting costs nothing, being called again a task of Celery's
)
SLICE = 0.2  # seconds one transaction should hold its rows for
FIRST = 20  # messages, before it is known how long one takes
LEFT_BEHIND = timedelta(seconds=2)
CAREFUL_LEASE = 2.0  # seconds; local judging takes milliseconds

# The more often it was tried, the fewer companions: a message that kills its worker ends alone.
_CAREFUL = ((0, 0, 20), (1, MAX_ATTEMPTS - 1, 1))

_HELD = Verdict(outcome=Outcome.HOLD, reason=Reason.UNJUDGED, decided_by="attempts")

_claimant = Claimant()


class WorkSignal(Protocol):
    """Where whoever lets something wait makes itself heard."""

    def acknowledge(self) -> None:
        """From now on, a worker has to be called."""

    def wait(self, seconds: float) -> bool:
        """Wait until something may wait again, so long at most. False: nobody knocked."""


class _NoSignal:
    def acknowledge(self) -> None:
        pass

    def wait(self, seconds: float) -> bool:
        return False


NO_SIGNAL = _NoSignal()


class _Pace:
    """How many messages a transaction may take so that it stays short: learnt as it goes."""

    def __init__(self) -> None:
        self.limit = FIRST

    def learn(self, judged: int, seconds: float, *, more: bool) -> None:
        """So many took so long; `more`: others may wait behind them."""
        if seconds > SLICE:
            self.limit = max(1, int(judged * SLICE / seconds))
        elif more:
            self.limit = min(BATCH, self.limit * 2)


_pace = _Pace()


def screen_waiting(signal: WorkSignal = NO_SIGNAL) -> bool:
    """Judge what waits until nothing does: true. False when 8 s were not enough.

    The door is answered when nothing seems to wait any more, and then once more is looked: from
    there on, whoever lets something wait has to call a worker. Until then a knock is enough, so
    that under load one call is answered, and not one for every few messages. Others are called
    to help as soon as more waits than the largest batch can hold.
    """
    deadline = time.monotonic() + BUDGET
    if is_remote():
        signal.acknowledge()
        return RemoteRound(_claimant).run(deadline)
    is_leaving = False
    while time.monotonic() < deadline:
        limit = _pace.limit
        taken = _screen_batch()
        if _claimant.has_left_some:
            if _pace.limit <= limit:  # the next batch can be no larger
                signal.acknowledge()
        elif is_leaving and not taken:
            return True
        else:
            is_leaving = not signal.wait(IDLE_WAIT)
            if is_leaving:
                signal.acknowledge()
    signal.acknowledge()
    return False


def sweep() -> int:
    """Judge what has waited for some seconds and nobody holds; how many were taken up.

    An attempt is counted and committed before each try, so that what kills its worker is found,
    cornered alone, and after five tries held for a person. Waiting counts nothing.
    """
    if failpoints.reach("worker.sweep"):
        return 0
    taken = _give_up()
    if is_remote():
        again = RemoteRound(Claimant(), attempts=(0, MAX_ATTEMPTS - 1), older=LEFT_BEHIND)
        again.run(time.monotonic() + BUDGET)
        taken += again.taken
    else:
        taken += sum(_screen_left_behind(*step) for step in _CAREFUL)
    if taken:
        log.info("left_behind_taken_up", messages=taken)
    return taken


def _screen_left_behind(least: int, most: int, limit: int) -> int:
    taken = 0
    for _ in range(BATCH // limit):
        with transaction.atomic():
            messages = Claimant().claim(limit=limit, attempts=(least, most), older=LEFT_BEHIND)
            if not messages:
                break
            leased = claims.lease(messages, seconds=CAREFUL_LEASE)
        with transaction.atomic():
            apply(_judge(claims.retake(leased)))
        taken += len(leased)
    return taken


def _screen_batch() -> int:
    with transaction.atomic():
        messages = _claimant.claim(limit=_pace.limit)
        failpoints.reach("worker.after_claim")
        started = time.monotonic()
        apply(_judge(messages))
        seconds = time.monotonic() - started
        _pace.learn(len(messages), seconds, more=_claimant.has_left_some)
    failpoints.reach("worker.after_apply_commit")
    return len(messages)


def _judge(messages: Sequence[Message]) -> list[Judged]:
    contents = [content_of(message) for message in messages]
    verdicts: Sequence[Verdict] = screen(contents) if contents else ()
    return [Judged(*each) for each in zip(messages, contents, verdicts, strict=True)]


def _give_up() -> int:
    """What five tries did not judge is held for a person, never approved."""
    with transaction.atomic():
        messages = Claimant().claim(attempts=(MAX_ATTEMPTS, 32_000), older=LEFT_BEHIND)
        apply([Judged(message, content_of(message), _HELD) for message in messages])
    for message in messages:
        log.error("message_given_up", message_id=str(message.id), attempts=message.attempts)
    return len(messages)
