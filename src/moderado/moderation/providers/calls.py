"""Calls providers: measured and counted. A failure is never read as a signal."""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import replace

import structlog

from moderado.core import interrupts
from moderado.core.memoize import map_memoized
from moderado.core.metrics import PROVIDER_CALLS, PROVIDER_SECONDS
from moderado.moderation.errors import Abstained, ProviderUnavailable
from moderado.moderation.providers.answers import validate_answers
from moderado.moderation.providers.base import (
    ConfiguredProvider,
    LocalProvider,
    OnUnknown,
    RemoteProvider,
)
from moderado.moderation.types import Content, Failure, Fault, Signal

log = structlog.get_logger(__name__)

DEFAULT_RETRY_AFTER = 1.0  # seconds, if the provider names none
MAX_RETRY_AFTER = 86_400.0  # longest rest period in seconds that a provider may ask for
MAX_ERROR_LENGTH = 128

STEP = 0.25  # seconds between two checks of the time that a call has had
MAX_LATE = 3.0  # seconds; the task stores the answer before its soft limit

QUOTA_EXHAUSTED = "quota_exhausted"
ABSTAINED = "abstained"

Answers = Sequence[Signal | Failure]


def assess_locally(
    configured: ConfiguredProvider, provider: LocalProvider, contents: Sequence[Content]
) -> Answers:
    """Return what a local provider says about each content, or its failure.

    A failed batch is repeated one by one, so that one text does not cost the others their verdict.
    """
    started = time.perf_counter()
    try:
        answers = validate_answers(configured.name, provider.assess(contents), contents)
    except Exception as error:
        if interrupts.is_interrupt(error):
            raise
        if len(contents) > 1:
            return [assess_locally(configured, provider, [content])[0] for content in contents]
        return [_failed(configured, error, time.perf_counter() - started)]
    except BaseException:
        # The signal may be meant for this process: re-raise it; the sweep finds the messages.
        log.critical("provider_crashed", provider=configured.name, contents=len(contents))
        raise
    return _answered(configured, answers, time.perf_counter() - started)


async def assess_remotely(
    configured: ConfiguredProvider, provider: RemoteProvider, content: Content
) -> Signal | Failure:
    """Return what a remote provider says about `content`, within its time-out. Never raises.

    The time-out is the provider's: what this process does not run of it is not counted, up to
    `MAX_LATE` seconds.
    """
    started = time.perf_counter()
    task = asyncio.create_task(_call(configured, provider, content))
    await _listen(task, configured.timeout)
    seconds = time.perf_counter() - started
    if not task.done():
        task.cancel()
        return _failed(configured, TimeoutError(), seconds)
    answer = task.result() if not task.cancelled() else asyncio.CancelledError()
    if isinstance(answer, Signal):
        return _answered(configured, [answer], seconds)[0]
    return _failed(configured, answer, seconds)


async def _listen(task: "asyncio.Task[Signal | BaseException]", seconds: float) -> None:
    """Wait until the task is done, or the event loop has waited `seconds` for it.

    A pause of this process, or of its event loop behind other threads, is not the provider's. An
    answer that arrived meanwhile is paid for and has not been read yet. Therefore a step that ends
    late counts as a whole one and no more, and after the first late one another follows.

    `asyncio.wait_for` would wait for a provider that suppresses its cancellation.
    """
    now = asyncio.get_running_loop().time
    latest = now() + seconds + MAX_LATE
    waited, was_late = 0.0, False
    while True:
        step = min(STEP, seconds - waited) or STEP
        due = now() + step
        await asyncio.wait({task}, timeout=step)
        waited, is_late = min(waited + step, seconds), now() > due + STEP
        is_over = waited >= seconds or now() >= latest
        if task.done() or (is_over and (was_late or not is_late)):
            return
        was_late = is_late


async def _call(
    configured: ConfiguredProvider, provider: RemoteProvider, content: Content
) -> Signal | BaseException:
    """Return the answer or the exception: a SystemExit must not end the shared event loop."""
    try:
        return validate_answers(configured.name, await provider.assess([content]), [content])[0]
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001  (one more way of not answering)
        return error


def _answered(configured: ConfiguredProvider, answers: list[Signal], seconds: float) -> Answers:
    _count(configured, "answered", len(answers), seconds)
    share = seconds / max(1, len(answers))

    def timed(answer: Signal) -> Signal:
        return answer if answer.latency else replace(answer, latency=share)

    return map_memoized(timed, answers)


def _failed(configured: ConfiguredProvider, error: BaseException, seconds: float) -> Failure:
    fault = _fault(error)
    _count(configured, "abstained" if fault is Fault.ABSTAINED else "failed", 1, seconds)
    write = log.debug if fault is Fault.ABSTAINED else log.warning
    write(
        "provider_failed",
        provider=configured.name,
        error=_cause(error),
        kind=fault.value,
        seconds=round(seconds, 3),
        on_error=configured.on_error.value,
    )
    return Failure(
        provider=configured.name,
        error=_cause(error),
        fault=fault,
        latency=seconds,
        retry_after=_retry_after(configured, error, fault),
    )


def _fault(error: BaseException) -> Fault:
    if isinstance(error, ProviderUnavailable):
        return _declared(error)
    if isinstance(error, ConnectionRefusedError):
        return Fault.NOT_DONE
    if isinstance(error, OSError | asyncio.CancelledError):  # TimeoutError is an OSError
        return Fault.UNKNOWN
    return Fault.NO_OPINION  # a bug, most likely in reading an unusual answer


def _declared(error: ProviderUnavailable) -> Fault:
    if error.exhausted:
        return Fault.EXHAUSTED
    if isinstance(error, Abstained):
        return Fault.ABSTAINED
    if error.refused:
        return Fault.NO_OPINION
    if error.retry_after is not None:
        return Fault.BUSY
    return Fault.NOT_DONE if error.not_done else Fault.UNKNOWN


def _cause(error: BaseException) -> str:
    """Return the type of the failure, never the provider's message: it may quote the text."""
    if isinstance(error, ProviderUnavailable) and error.exhausted:
        return QUOTA_EXHAUSTED
    if isinstance(error, Abstained):
        return ABSTAINED
    cause = type(error).__name__
    if isinstance(error, ProviderUnavailable) and error.__cause__ is not None:
        cause += f":{type(error.__cause__).__name__}"
    return cause[:MAX_ERROR_LENGTH]


def _retry_after(
    configured: ConfiguredProvider, error: BaseException, fault: Fault
) -> float | None:
    """Return the seconds until a repeat, where a repeat cannot be paid for twice."""
    if fault is Fault.BUSY and isinstance(error, ProviderUnavailable):
        requested = error.retry_after
        known = type(requested) in (int, float) and math.isfinite(requested or 0)
        return (
            min(max(float(requested or 0), 0.0), MAX_RETRY_AFTER) if known else DEFAULT_RETRY_AFTER
        )
    repeats = fault is Fault.UNKNOWN and configured.on_unknown is OnUnknown.REPEAT
    return DEFAULT_RETRY_AFTER if repeats or fault is Fault.NOT_DONE else None


def _count(configured: ConfiguredProvider, result: str, contents: int, seconds: float) -> None:
    PROVIDER_CALLS.labels(provider=configured.name, result=result).inc(contents)
    PROVIDER_SECONDS.labels(provider=configured.name).observe(seconds)
