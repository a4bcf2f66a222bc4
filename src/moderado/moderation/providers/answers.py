"""Validates the answers of providers.

An answer must have the right number of signals, of the right types, and be storable. Anything
else counts as a failed call. Nothing is converted: `True` is not a score.
"""

import inspect
import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from moderado.core.memoize import map_memoized
from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.providers.legacy import signal_of
from moderado.moderation.types import Category, Content, Match, Outcome, Signal, Usage

MAX_RAW_LENGTH = 65_536  # characters of JSON
MAX_RAW_DEPTH = 32
MAX_NAME_LENGTH = 128  # characters of a model's name or a rule's id
INTEGER_LIMIT = 2**63
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")


def validate_answers(provider: str, answers: object, contents: Sequence[Content]) -> list[Signal]:
    """Return `answers` as signals. Raises ProviderUnavailable if they are not."""
    if inspect.iscoroutine(answers):  # it will never be awaited
        answers.close()
    if not isinstance(answers, list | tuple) or len(answers) != len(contents):
        raise ProviderUnavailable("malformed_answer", refused=True)
    signals = map_memoized(partial(_signal, provider), answers)
    known: set[int] = set()  # one signal for many texts is valid unless it names places in them
    for signal, content in zip(signals, contents, strict=True):
        if id(signal) in known:
            continue
        if not isinstance(signal, Signal) or not _is_valid(signal, provider, content):
            raise ProviderUnavailable("malformed_answer", refused=True)
        if not signal.matches:
            known.add(id(signal))
    return signals


def _signal(provider: str, answer: object) -> Any:
    try:
        return signal_of(provider, answer)
    except (TypeError, AttributeError) as error:
        raise ProviderUnavailable("malformed_answer", refused=True) from error


def _is_valid(answer: Any, provider: str, content: Content) -> bool:
    """Tell whether the fields of a Signal have the annotated types, which nothing enforces."""
    return (
        answer.provider == provider
        and (answer.recommendation is None or isinstance(answer.recommendation, Outcome))
        and _is_name(answer.model)
        and isinstance(answer.scores, Mapping)
        and all(_is_score(name, score) for name, score in answer.scores.items())
        and isinstance(answer.matches, tuple)
        and all(_is_match(match, len(content.text)) for match in answer.matches)
        and _is_non_negative(answer.cost)
        and _is_non_negative(answer.latency)
        and _is_raw_answer(answer.raw)
    )


def _is_score(name: object, score: Any) -> bool:
    return isinstance(name, Category) and _is_non_negative(score) and score <= 1


def _is_match(match: Any, length: int) -> bool:
    return (
        isinstance(match, Match)
        and type(match.start) is int
        and type(match.end) is int
        and 0 <= match.start < match.end <= length
        and _is_flag(match.is_certain)
        and _is_name(match.rule)
        and _is_name(match.reading)
        and _is_score(match.category, match.severity)
        and isinstance(match.usage, Usage)
    )


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_non_negative(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < INTEGER_LIMIT


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_NAME_LENGTH and _is_text(value)


def _is_text(value: str) -> bool:
    """Tell whether PostgreSQL can store the text: no NUL, no unpaired surrogate."""
    return _NOT_STORABLE.search(value) is None


def _is_raw_answer(raw: object) -> bool:
    """Tell whether the value is storable JSON of a size fit for a log line."""
    if not isinstance(raw, Mapping):
        return False
    plain = dict(raw)
    if not plain:
        return True
    return _is_storable(plain, MAX_RAW_DEPTH) and len(json.dumps(plain)) <= MAX_RAW_LENGTH


def _is_storable(value: object, depth: int) -> bool:
    if isinstance(value, dict | list | tuple):
        return depth > 0 and _items_are_storable(value, depth - 1)
    if isinstance(value, str):
        return len(value) <= MAX_RAW_LENGTH and _is_text(value)
    if type(value) is float:
        return math.isfinite(value)
    return value is None or (isinstance(value, int) and abs(value) < INTEGER_LIMIT)


def _items_are_storable(
    value: dict[object, object] | list[object] | tuple[object, ...], depth: int
) -> bool:
    if not isinstance(value, dict):
        return all(_is_storable(each, depth) for each in value)
    return all(
        isinstance(key, str) and _is_text(key) and _is_storable(each, depth)
        for key, each in value.items()
    )
