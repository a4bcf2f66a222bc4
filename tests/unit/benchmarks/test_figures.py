"""Statistics of the benchmarks."""

import math

import pytest

from benchmarks.harness.figures import medians, milliseconds, per_item, percentile, ratios, spread


def test_percentile_is_nearest_rank():
    samples = list(range(1, 101))

    assert percentile(samples, 0.5) == 50
    assert percentile(samples, 0.99) == 99
    assert percentile(samples, 1) == 100
    assert percentile(samples, 0) == 1


def test_percentile_ignores_order():
    assert percentile([5, 1, 4, 2, 3], 0.5) == 3


def test_p99_of_few_samples_is_their_maximum():
    assert percentile([1, 2, 100], 0.99) == 100


def test_percentile_of_no_samples_is_nan():
    assert math.isnan(percentile([], 0.5))


def test_milliseconds_converts_seconds():
    assert milliseconds([0.001, 0.002, 0.5], "ack") == {"ack_p50_ms": 2.0, "ack_p99_ms": 500.0}


def test_median_ignores_one_slow_round():
    rounds = [{"cpu": 1.0}, {"cpu": 90.0}, {"cpu": 1.2}]

    assert medians(rounds) == {"cpu": 1.2}


def test_median_ignores_nan():
    assert medians([{"a": 1.0, "b": math.nan}, {"a": 3.0, "c": 5.0}]) == {"a": 2.0, "c": 5.0}


def test_ratio_is_taken_within_each_round():
    # The machine was ten times slower in the second round, for both.
    ours = [{"cpu": 1.0}, {"cpu": 10.0}, {"cpu": 2.0}]
    theirs = [{"cpu": 4.0}, {"cpu": 40.0}, {"cpu": 4.0}]

    assert ratios(ours, theirs) == {"cpu": 0.25}


def test_no_ratio_to_zero_or_to_missing_figures():
    assert ratios([{"lost": 0.0, "cpu": 1.0}], [{"lost": 0.0}]) == {}


@pytest.mark.parametrize(
    "values, expected", [([1.0, 2.0, 3.0], 1.0), ([2.0], 0.0), ([0.0, 0.0], 0.0), ([], 0.0)]
)
def test_spread_is_relative_to_the_median(values, expected):
    assert spread([{"cpu": value} for value in values], "cpu") == expected


def test_total_is_divided_by_count():
    assert per_item({"web": 3.0, "worker": 1.0}, 2000, factor=1000) == {"web": 1.5, "worker": 0.5}
    assert math.isnan(per_item({"web": 3.0}, 0)["web"])
