"""What many share is done once, and only what is the very same object is shared."""

import pytest

from moderado.core.once import map_once


def test_everybody_has_their_own_result_in_their_order():
    assert map_once(lambda a, b: (a, b), ["x", "y", "x"], [1, 2, 3]) == [
        ("x", 1),
        ("y", 2),
        ("x", 3),
    ]


def test_the_same_object_is_looked_at_once_and_its_equal_by_itself():
    one, equal = ["words"], ["words"]
    seen = []

    results = map_once(lambda each: seen.append(each) or object(), [one, equal, one])

    assert len(seen) == 2
    assert results[0] is results[2]
    assert results[0] is not results[1]


def test_columns_of_different_lengths_are_a_mistake():
    with pytest.raises(ValueError, match="longer"):
        map_once(lambda *_: None, [1], [1, 2])
