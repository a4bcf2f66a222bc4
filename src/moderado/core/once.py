"""Doing once what many share: of a hundred texts ninety are given the very same opinion."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

R = TypeVar("R")


def map_once(function: Callable[..., R], *columns: Sequence[Any]) -> list[R]:
    """As `map`, for columns of one length; the same objects are given to `function` once."""
    rows = list(zip(*columns, strict=True))
    keys = [tuple(map(id, row)) for row in rows]
    results = {key: function(*row) for key, row in dict(zip(keys, rows, strict=True)).items()}
    return [results[key] for key in keys]
