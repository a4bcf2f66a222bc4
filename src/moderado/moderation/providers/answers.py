"""What counts as an opinion: the right number, of the right shape, and fit to be stored.

Whatever is not exactly that is none, and nothing is converted: `True` is no score.
"""

import inspect
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.types import Assessment, Category, Content, Outcome, Span

LARGEST_RAW = 65_536  # characters of JSON
DEEPEST_RAW = 32
LONGEST_WORD = 128  # a model's name, a rule's id
LARGEST_INTEGER = 2**63


def checked(provider: str, answers: object, contents: Sequence[Content]) -> list[Assessment]:
    """`answers` as the opinions that they must be. Raises ProviderUnavailable otherwise."""
    if inspect.iscoroutine(answers):  # nobody will await it
        answers.close()
    if not isinstance(answers, list | tuple) or len(answers) != len(contents):
        raise ProviderUnavailable("malformed_answer", refused=True)
    known: set[int] = set()  # one opinion of many texts, as far as it names no place in them
    for answer, content in zip(answers, contents, strict=True):
        if id(answer) in known:
            continue
        if not isinstance(answer, Assessment) or not _is_opinion(answer, provider, content):
            raise ProviderUnavailable("malformed_answer", refused=True)
        if not answer.spans:
            known.add(id(answer))
    return list(answers)


def _is_opinion(answer: Any, provider: str, content: Content) -> bool:
    """Whether an Assessment holds what its annotations promise, and nobody has checked."""
    return (
        answer.provider == provider
        and isinstance(answer.outcome, Outcome)
        and _is_word(answer.model)
        and isinstance(answer.categories, Mapping)
        and all(_is_score(name, score) for name, score in answer.categories.items())
        and isinstance(answer.spans, tuple)
        and all(_is_span(span, len(content.text)) for span in answer.spans)
        and _is_amount(answer.cost)
        and _is_amount(answer.latency)
        and _is_record(answer.raw)
    )


def _is_score(name: object, score: Any) -> bool:
    return isinstance(name, Category) and _is_amount(score) and score <= 1


def _is_span(span: object, length: int) -> bool:
    return (
        isinstance(span, Span)
        and type(span.start) is int
        and type(span.end) is int
        and 0 <= span.start < span.end <= length
        and _is_word(span.rule)
        and isinstance(span.category, Category)
    )


def _is_amount(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < LARGEST_INTEGER


def _is_word(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_WORD and _is_text(value)


def _is_text(value: str) -> bool:
    """What PostgreSQL can store: no NUL, no half of a surrogate pair."""
    return "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)


def _is_record(raw: object) -> bool:
    """JSON that PostgreSQL stores and gives back, of a size that a log line may have."""
    if not isinstance(raw, Mapping):
        return False
    held = dict(raw)
    if not held:
        return True
    return _is_storable(held, DEEPEST_RAW) and len(json.dumps(held)) <= LARGEST_RAW


def _is_storable(value: object, depth: int) -> bool:
    if isinstance(value, dict | list | tuple):
        return depth > 0 and _holds_only_storable(value, depth - 1)
    if isinstance(value, str):
        return len(value) <= LARGEST_RAW and _is_text(value)
    if type(value) is float:
        return math.isfinite(value)
    return value is None or (isinstance(value, int) and abs(value) < LARGEST_INTEGER)


def _holds_only_storable(
    value: dict[object, object] | list[object] | tuple[object, ...], depth: int
) -> bool:
    if not isinstance(value, dict):
        return all(_is_storable(each, depth) for each in value)
    return all(
        isinstance(key, str) and _is_text(key) and _is_storable(each, depth)
        for key, each in value.items()
    )
