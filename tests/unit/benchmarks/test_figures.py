"""What is made of samples. The arithmetic of a benchmark is where it lies most quietly."""

import math

import pytest

from benchmarks.harness.figures import medians, milliseconds, percentile, ratios, shared, spread


def test_a_percentile_is_a_sample_that_so_many_do_not_exceed():
    samples = list(range(1, 101))

    assert percentile(samples, 0.5) == 50
    assert percentile(samples, 0.99) == 99
    assert percentile(samples, 1) == 100
    assert percentile(samples, 0) == 1


def test_the_order_of_samples_does_not_matter():
    assert percentile([5, 1, 4, 2, 3], 0.5) == 3


def test_the_99th_percentile_of_few_samples_is_their_worst():
    assert percentile([1, 2, 100], 0.99) == 100


def test_of_nothing_there_is_no_percentile():
    assert math.isnan(percentile([], 0.5))


def test_seconds_become_milliseconds():
    assert milliseconds([0.001, 0.002, 0.5], "ack") == {"ack_p50_ms": 2.0, "ack_p99_ms": 500.0}


def test_one_slow_round_does_not_move_the_median():
    rounds = [{"cpu": 1.0}, {"cpu": 90.0}, {"cpu": 1.2}]

    assert medians(rounds) == {"cpu": 1.2}


def test_what_a_round_could_not_measure_is_left_out_of_its_median():
    assert medians([{"a": 1.0, "b": math.nan}, {"a": 3.0, "c": 5.0}]) == {"a": 2.0, "c": 5.0}


def test_a_ratio_is_taken_within_each_round():
    # The machine was ten times slower in the second round, for both.
    ours = [{"cpu": 1.0}, {"cpu": 10.0}, {"cpu": 2.0}]
    theirs = [{"cpu": 4.0}, {"cpu": 40.0}, {"cpu": 4.0}]

    assert ratios(ours, theirs) == {"cpu": 0.25}


def test_there_is_no_ratio_to_zero_or_to_what_was_not_measured():
    assert ratios([{"lost": 0.0, "cpu": 1.0}], [{"lost": 0.0}]) == {}


@pytest.mark.parametrize(
    "values, expected", [([1.0, 2.0, 3.0], 1.0), ([2.0], 0.0), ([0.0, 0.0], 0.0), ([], 0.0)]
)
def test_the_spread_is_told_as_a_share_of_the_median(values, expected):
    assert spread([{"cpu": value} for value in values], "cpu") == expected


def test_a_total_is_divided_among_those_who_caused_it():
    assert shared({"web": 3.0, "worker": 1.0}, 2000, factor=1000) == {"web": 1.5, "worker": 0.5}
    assert math.isnan(shared({"web": 3.0}, 0)["web"])
