"""Putting content before providers: timed, counted, and no failure ever read as an opinion."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from moderado.core.metrics import PROVIDER_CALLS, PROVIDER_SECONDS
from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.providers.base import (
    Judge,
    LocalProvider,
    RemoteProvider,
    is_local,
    is_remote,
)
from moderado.moderation.types import Assessment, Content, Failure, Outcome, Verdict

log = structlog.get_logger(__name__)

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
    judge: Judge, provider: RemoteProvider, contents: Sequence[Content]
) -> Answers:
    """The same of a remote one, within its time-out."""
    started = time.perf_counter()
    try:
        answers = await asyncio.wait_for(provider.assess(contents), judge.timeout)
        answers = _checked(judge, answers, contents)
    except Exception as error:  # noqa: BLE001  (as above)
        return _failed(judge, error, contents, time.perf_counter() - started)
    return _answered(judge, answers, time.perf_counter() - started)


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
    failure = Failure(provider=judge.name, error=_cause(error), latency=seconds)
    return [failure] * len(contents)


def _cause(error: Exception) -> str:
    """The kind of failure. Never the provider's words: they may quote the text."""
    if isinstance(error, ProviderUnavailable) and error.__cause__ is not None:
        return f"{type(error).__name__}: {type(error.__cause__).__name__}"
    return type(error).__name__


def _count(judge: Judge, result: str, contents: int, seconds: float) -> None:
    PROVIDER_CALLS.labels(provider=judge.name, result=result).inc(contents)
    PROVIDER_SECONDS.labels(provider=judge.name).observe(seconds)


async def ask_everybody(
    judges: Sequence[Judge],
    content: Content,
    conclude: Callable[[Sequence[Assessment | Failure]], Verdict],
) -> Verdict:
    """What `conclude` makes of all opinions. Local ones come first: if they block, nobody is paid
    to say so again. Remote ones are asked at the same time."""
    opinions: list[Assessment | Failure] = []
    for judge in judges:
        if is_local(judge.provider):
            opinions += ask(judge, judge.provider, [content])
    if not any(isinstance(each, Assessment) and each.outcome is Outcome.BLOCK for each in opinions):
        asked = [
            ask_remotely(judge, judge.provider, [content])
            for judge in judges
            if is_remote(judge.provider)
        ]
        opinions += [answers[0] for answers in await asyncio.gather(*asked)]
    return conclude(opinions)
