"""map_memoized calls a function once for identical arguments only."""

import pytest

from moderado.core.memoize import map_memoized


def test_map_memoized_returns_results_in_order():
    assert map_memoized(lambda a, b: (a, b), ["x", "y", "x"], [1, 2, 3]) == [
        ("x", 1),
        ("y", 2),
        ("x", 3),
    ]


def test_map_memoized_calls_once_for_identical_objects_only():
    one, equal = ["words"], ["words"]
    seen = []

    results = map_memoized(lambda each: seen.append(each) or object(), [one, equal, one])

    assert len(seen) == 2
    assert results[0] is results[2]
    assert results[0] is not results[1]


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="longer"):
        map_memoized(lambda *_: None, [1], [1, 2])
