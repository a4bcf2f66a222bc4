"""Judge messages with remote providers: concurrent calls, no transaction open during a call.

A round keeps claiming while it waits for answers, so that a slow answer delays no other message.
Each step is committed before the next: lease the message and reserve its calls, make the calls,
record the answers, apply the verdict if lease and content are unchanged. A step takes a limited
number of messages, and leases are renewed between the steps.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field

import structlog
from django.db import DatabaseError, connection, transaction

from moderado.chat.models import Message
from moderado.chat.services import claims
from moderado.chat.services.claims import MAX_ATTEMPTS, Claimant
from moderado.chat.services.facts import with_costly_facts
from moderado.chat.services.left_behind import Leased, LeftBehind
from moderado.chat.services.restrictions import restrict
from moderado.chat.services.verdicts import Judged, apply, content_of
from moderado.core import failpoints
from moderado.moderation.services import ledger
from moderado.moderation.services.event_loop import provider_loop
from moderado.moderation.services.ledger import Call
from moderado.moderation.services.screening import (
    Prepared,
    assess_locally,
    call_provider,
    conclude,
    prepare,
    reserve_calls,
)
from moderado.moderation.types import MAX_CALLS, Content, Failure, Signal

log = structlog.get_logger(__name__)

# Messages being judged at once in one worker process. The time of a call is counted from its begin:
# none begins that would wait for a connection.
IN_FLIGHT = MAX_CALLS
STEP = 50  # messages in one transaction: on a busy machine, too, it is shorter than a lease
POLL = 0.05  # seconds between claims while answers are awaited
LEASE = 6.0  # seconds; renewed during calls, so that a dead worker is replaced soon
RENEW = 2.0  # seconds between two renewals
ASSESSING = 1.0  # seconds in which messages that were left behind are assessed locally
BACKOFF = 1.5  # growth of the pause between attempts
LONGEST_PAUSE = 60.0  # seconds; a message does not wait for a provider that asks for more

Answer = Signal | Failure


@dataclass(slots=True, eq=False)
class _Message:
    """A leased message whose calls are under way."""

    message: Message
    fence: int
    prepared: Prepared
    open_calls: set["Future[Answer]"] = field(default_factory=set)

    @property
    def pause(self) -> float | None:
        """Seconds until the next attempt; None if no provider may be asked again."""
        failures = [each for each in self.prepared.answers if isinstance(each, Failure)]
        pauses = [each.retry_after for each in failures if each.retry_after is not None]
        if not pauses or self.prepared.is_blocked or self.message.attempts + 1 >= MAX_ATTEMPTS:
            return None
        if max(pauses) > LONGEST_PAUSE:
            return None
        return min(max(pauses) * BACKOFF**self.message.attempts, LONGEST_PAUSE)


Take = Callable[[int], Sequence[_Message]]


def take_fresh(claimant: Claimant) -> Take:
    """Return what claims waiting messages for a round, and reserves their calls."""

    def take(limit: int) -> Sequence[_Message]:
        with transaction.atomic():
            messages = claimant.claim(limit=limit)
            if not messages:
                return ()
            failpoints.reach("worker.after_claim")
            contents = [content_of(message) for message in messages]
            prepared = prepare(with_costly_facts(contents, messages))
            leased = claims.lease(messages, seconds=LEASE)
        failpoints.reach("worker.after_reserve")
        return _messages(leased, prepared)

    return take


def judge_left_behind(left_behind: LeftBehind, deadline: float) -> int:
    """Judge messages that were left behind, until `deadline` (monotonic seconds).

    Each is assessed locally while no call is under way: one that kills its worker there takes no
    call of another message with it, and costs no other message an attempt.

    Returns:
        The number of messages taken up.
    """
    taken = 0
    while time.monotonic() < deadline and (assessed := _assessed(left_behind)):
        again = RemoteRound(_take_assessed(assessed))
        again.run(deadline)
        taken += again.taken
    return taken


def _assessed(left_behind: LeftBehind) -> list[_Message]:
    """Return messages that were left behind, with the local assessments that they survived.

    All were attempted equally often: one that has killed more workers is assessed when these have
    been judged.
    """
    until = time.monotonic() + ASSESSING
    leased = left_behind.lease_new(seconds=LEASE) or left_behind.lease_tried(seconds=LEASE)
    attempts = leased[0][0].attempts if leased else 0
    assessed = _survivors(leased)
    while attempts and leased and len(assessed) < IN_FLIGHT and time.monotonic() < until:
        leased = left_behind.lease_tried(seconds=LEASE, most_attempts=attempts)
        assessed += _survivors(leased)
    return assessed


def _survivors(leased: Sequence[Leased]) -> list[_Message]:
    if not leased:
        return []
    with transaction.atomic():
        messages = claims.retake(leased)
        contents = [content_of(message) for message in messages]
        prepared = assess_locally(with_costly_facts(contents, messages))
        claims.uncount(leased)
    fences = {message.pk: fence for message, fence in leased}
    return _messages([(message, fences[message.pk]) for message in messages], prepared)


def _take_assessed(assessed: list[_Message]) -> Take:
    """Return what takes these messages for a round, and reserves their calls."""

    def take(limit: int) -> Sequence[_Message]:
        taken, assessed[:limit] = {each.message.pk: each for each in assessed[:limit]}, []
        if not taken:
            return ()
        with transaction.atomic():
            messages = [
                message
                for message in claims.retake(
                    [(each.message, each.fence) for each in taken.values()]
                )
                if _is_unchanged(message, taken[message.pk].prepared.content)
            ]
            failpoints.reach("worker.after_claim")
            prepared = [taken[message.pk].prepared for message in messages]
            reserve_calls(prepared)
            leased = claims.lease(messages, seconds=LEASE)
        failpoints.reach("worker.after_reserve")
        return _messages(leased, prepared)

    return take


def _messages(leased: Sequence[Leased], prepared: Sequence[Prepared]) -> list[_Message]:
    return [_Message(*each, found) for each, found in zip(leased, prepared, strict=True)]


class RemoteRound:
    """Takes messages, calls providers and applies verdicts.

    Args:
        take: Takes at most so many messages, leased and with their calls reserved.
    """

    def __init__(self, take: Take) -> None:
        self._take = take
        self._messages: set[_Message] = set()
        self._calls: dict[Future[Answer], tuple[_Message, Call]] = {}
        self._renewed = time.monotonic()
        self.taken = 0

    def run(self, deadline: float) -> bool:
        """Judge until nothing waits: True. False at `deadline` (monotonic seconds).

        Answers that have arrived are recorded also when an error or a time limit ends the round.
        """
        try:
            return self._judge_until(deadline)
        except BaseException:
            self._save_answers()
            raise

    def _judge_until(self, deadline: float) -> bool:
        while True:
            open_for_more = time.monotonic() < deadline
            if open_for_more:
                self._take_more()
                self._keep_leases()
            self._finish([each for each in self._messages if not each.open_calls])
            if not self._messages:
                return open_for_more
            self._keep_leases()
            done, still_asked = wait(self._calls, timeout=POLL, return_when=FIRST_COMPLETED)
            if still_asked:
                failpoints.reach("worker.after_request_sent")
            self._record(list(done)[:STEP])
            self._keep_leases()

    def _save_answers(self) -> None:
        """Record the answers that have arrived, so that the next worker finds them."""
        done = [future for future in self._calls if future.done() and not future.cancelled()]
        connection.close()  # it may be in the middle of a statement
        try:
            ledger.settle((self._calls[future][1], future.result()) for future in done)
        except DatabaseError as error:
            log.warning("answers_not_recorded", answers=len(done), error=type(error).__name__)

    def _take_more(self) -> None:
        if len(self._messages) >= IN_FLIGHT:
            return
        taken = self._take(min(STEP, IN_FLIGHT - len(self._messages)))
        self.taken += len(taken)
        for each in taken:
            self._ask(each)

    def _ask(self, message: _Message) -> None:
        self._messages.add(message)
        for call in message.prepared.calls:
            answer = asyncio.run_coroutine_threadsafe(call_provider(call), provider_loop())
            message.open_calls.add(answer)
            self._calls[answer] = (message, call)

    def _record(self, done: Collection["Future[Answer]"]) -> None:
        """Record the answers before they are used: a paid answer is not bought again."""
        if done:
            failpoints.reach("worker.after_answer")
        ledger.settle((self._calls[future][1], future.result()) for future in done)
        if done:
            failpoints.reach("worker.after_record")
        for future in done:
            message, _ = self._calls.pop(future)
            message.open_calls.discard(future)
            message.prepared.answers.append(future.result())

    def _finish(self, messages: Iterable[_Message]) -> None:
        # If one message has two revisions here, the later fence counts: it comes last.
        complete = sorted(messages, key=lambda each: each.fence)[:STEP]
        if not complete:
            return
        self._messages.difference_update(complete)
        decided = {each.message.pk: each for each in complete if each.pause is None}
        with transaction.atomic():
            for each in complete:
                if each.pause is not None:
                    claims.postpone(each.message, fence=each.fence, seconds=each.pause)
            leased = [(each.message, each.fence) for each in decided.values()]
            judged = [_judged(each, decided[each.pk].prepared) for each in claims.retake(leased)
                      # The text may have changed during the calls.
                      if _is_unchanged(each, decided[each.pk].prepared.content)]  # fmt: skip
            apply(restrict(judged))
        failpoints.reach("worker.after_apply_commit")

    def _keep_leases(self) -> None:
        if self._messages and time.monotonic() - self._renewed > RENEW:
            self._renewed = time.monotonic()
            claims.renew([(each.message, each.fence) for each in self._messages], seconds=LEASE)


def _judged(message: Message, prepared: Prepared) -> Judged:
    return Judged(message, prepared.content, conclude(prepared))


def _is_unchanged(message: Message, judged: Content) -> bool:
    current = content_of(message)
    return (current.revision, current.text) == (judged.revision, judged.text)
