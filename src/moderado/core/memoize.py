"""Memoized map: most texts of a batch share one assessment, which is converted once."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

R = TypeVar("R")


def map_memoized(function: Callable[..., R], *columns: Sequence[Any]) -> list[R]:
    """Map `function` over columns of equal length, calling it once for identical objects."""
    rows = list(zip(*columns, strict=True))
    keys = [tuple(map(id, row)) for row in rows]
    results = {key: function(*row) for key, row in dict(zip(keys, rows, strict=True)).items()}
    return [results[key] for key in keys]
