"""A slice of long work ends by time, and makes progress however slow the machine is."""

from itertools import islice
from math import inf

from moderado.core import slices
from moderado.core.slices import steps_of_slice


def test_slice_whose_time_is_over_before_it_begins_has_one_step(monkeypatch):
    monkeypatch.setattr(slices, "SLICE", -inf)
    assert len(list(steps_of_slice())) == 1


def test_slice_goes_on_until_its_time_is_over(monkeypatch):
    monkeypatch.setattr(slices, "SLICE", inf)
    assert len(list(islice(steps_of_slice(), 1_000))) == 1_000
