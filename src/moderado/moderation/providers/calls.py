"""Putting content before providers: timed, counted, and no failure ever read as an opinion."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import structlog

from moderado.core.metrics import PROVIDER_CALLS, PROVIDER_SECONDS
from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.providers.base import (
    Judge,
    LocalProvider,
    RemoteProvider,
)
from moderado.moderation.types import Assessment, Content, Failure

log = structlog.get_logger(__name__)

RETRY_AFTER = 1.0  # seconds, where the provider does not say

Answers = Sequence[Assessment | Failure]


def ask(judge: Judge, provider: LocalProvider, contents: Sequence[Content]) -> Answers:
    """What a local provider says of each content, or how it failed, for all of them."""
    started = time.perf_counter()
    try:
        answers = _checked(judge, provider.assess(contents), contents)
    except Exception as error:  # noqa: BLE001  (a provider's bug is one more way of not answering)
        return _failed(judge, error, contents, time.perf_counter() - started)
    return _answered(judge, answers, time.perf_counter() - started)


async def ask_remotely(
    judge: Judge, provider: RemoteProvider, content: Content
) -> Assessment | Failure:
    """What a remote one says of `content`, within its time-out."""
    started = time.perf_counter()
    try:
        answers = await asyncio.wait_for(provider.assess([content]), judge.timeout)
        answers = _checked(judge, answers, [content])
    except Exception as error:  # noqa: BLE001  (as above)
        return _failed(judge, error, [content], time.perf_counter() - started)[0]
    return _answered(judge, answers, time.perf_counter() - started)[0]


def _checked(
    judge: Judge, answers: list[Assessment], contents: Sequence[Content]
) -> list[Assessment]:
    """An answer of another shape is none."""
    if len(answers) != len(contents) or not all(isinstance(each, Assessment) for each in answers):
        raise ProviderUnavailable("malformed_answer")
    for each in answers:
        if each.provider != judge.name or not all(0 <= s <= 1 for s in each.categories.values()):
            raise ProviderUnavailable("malformed_answer")
    return answers


def _answered(judge: Judge, answers: list[Assessment], seconds: float) -> Answers:
    _count(judge, "answered", len(answers), seconds)
    share = seconds / max(1, len(answers))
    return [each if each.latency else replace(each, latency=share) for each in answers]


def _failed(judge: Judge, error: Exception, contents: Sequence[Content], seconds: float) -> Answers:
    _count(judge, "failed", len(contents), seconds)
    log.warning(
        "provider_failed",
        provider=judge.name,
        error=_cause(error),
        contents=len(contents),
        seconds=round(seconds, 3),
        on_error=judge.on_error.value,
    )
    failure = Failure(
        provider=judge.name, error=_cause(error), latency=seconds, retry_after=_retry_after(error)
    )
    return [failure] * len(contents)


def _cause(error: Exception) -> str:
    """The kind of failure. Never the provider's words: they may quote the text."""
    if isinstance(error, ProviderUnavailable) and error.__cause__ is not None:
        return f"{type(error).__name__}: {type(error.__cause__).__name__}"
    return type(error).__name__


def _retry_after(error: Exception) -> float | None:
    """Seconds, if the call surely was not carried out. Otherwise it may have been."""
    if not isinstance(error, ProviderUnavailable) or not error.not_done:
        return None
    return RETRY_AFTER if error.retry_after is None else max(error.retry_after, 0.0)


def _count(judge: Judge, result: str, contents: int, seconds: float) -> None:
    PROVIDER_CALLS.labels(provider=judge.name, result=result).inc(contents)
    PROVIDER_SECONDS.labels(provider=judge.name).observe(seconds)
