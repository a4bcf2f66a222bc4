"""The benchmark starts the product as `make up` does."""

import pytest

from benchmarks.stacks.moderado import Moderado


@pytest.mark.long
def test_product_starts_and_populates_for_a_benchmark(tmp_path):
    with Moderado.running(tmp_path / "run", tmp_path / "templates") as stack:
        seats = stack.populate(3, 2)
        parts = set(stack.roots())

    assert parts == {"postgres", "valkey", "web", "worker"}
    assert [seat.room == seats[0].room for seat in seats] == [True, False, True]
