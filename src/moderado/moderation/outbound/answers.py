"""Strict readers of answers. Whatever is not exactly as agreed raises `Unreadable`.

Nothing is converted: a string is no boolean, `True` is no number, NaN is no score.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from moderado.moderation.types import Category

MAX_ANSWER_BYTES = 256 * 1024


class Unreadable(ValueError):
    """The answer is no opinion. The message never quotes it."""


def read_json(written: bytes | str) -> dict[str, Any]:
    """Return the JSON object that is the whole of `written`.

    Raises:
        Unreadable: It is something else, or has two fields of one name.
    """
    try:
        found = json.loads(written, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("not an object")
    return found


def score(value: object) -> float:
    """Return a score from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable("a score is no number")
    if not math.isfinite(value) or not 0 <= value <= 1:
        raise Unreadable("a score is not from 0 to 1")
    return float(value)


def scores(
    found: object, names: Mapping[str, Category], *, required: bool = True
) -> dict[Category, float]:
    """Return scores by canonical category; of two with one category the higher one.

    Args:
        found: The scores by the names of the service.
        names: The canonical category of each name.
        required: Whether each name must be there.

    Raises:
        Unreadable: A name is unknown or missing, or a score is none.
    """
    if not isinstance(found, dict) or (required and not set(names) <= set(found)):
        raise Unreadable("scores are missing")
    result: dict[Category, float] = {}
    for name, value in found.items():
        if name not in names:
            raise Unreadable("an unknown category")
        result[names[name]] = max(score(value), result.get(names[name], 0.0))
    return result


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a field occurs twice")
    return found


def _refuse(_constant: str) -> None:
    raise Unreadable("not a number of JSON")
