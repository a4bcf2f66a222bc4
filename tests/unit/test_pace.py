"""Whether times of the fault harness say anything: what processors did meanwhile."""

import pytest

from tests.faults.pace import Processors


def processors(**ticks):
    return Processors(**{"free": 0, "stolen": 0, "whole": 0} | ticks)


def test_shares_are_of_the_time_between_two_looks():
    did = processors(free=150, stolen=30, whole=400) - processors(free=100, stolen=10, whole=200)

    assert did.spare_share == pytest.approx(50 / 200)
    assert did.stolen_share == pytest.approx(20 / 150)  # of what programs wanted


def test_nothing_is_stolen_from_idle_processors():
    assert processors(free=200, whole=200).stolen_share == 0


def test_ticks_of_this_machine_only_grow():
    before = Processors.now()
    did = Processors.now() - before

    assert min(did.free, did.stolen, did.whole) >= 0
