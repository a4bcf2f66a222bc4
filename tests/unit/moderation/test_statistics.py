"""Our statistics against those of scikit-learn and statsmodels."""

import math
import random

import pytest

from moderado.moderation import statistics


@pytest.mark.parametrize("hits, total", [(0, 10), (10, 10), (3, 7), (500, 2000), (1, 100_000)])
def test_wilson_interval(hits, total, statsmodels_proportion):
    found = statistics.wilson(hits, total)

    low, high = statsmodels_proportion.proportion_confint(hits, total, method="wilson")
    assert found == pytest.approx((hits / total, low, high), abs=1e-12)


def test_wilson_interval_of_nothing_is_everything():
    value, low, high = statistics.wilson(0, 0)

    assert math.isnan(value)
    assert (low, high) == (0, 1)


@pytest.mark.parametrize("seed", range(5))
def test_auc_with_ties(seed, sklearn_metrics):
    chance = random.Random(seed)
    labels = [chance.randrange(2) for _ in range(300)]
    scores = [round(chance.random() + label / 4, 1) for label in labels]

    expected = sklearn_metrics.roc_auc_score(labels, scores)
    assert statistics.auc(labels, scores) == pytest.approx(expected)


def test_auc_of_one_class_is_undefined():
    assert math.isnan(statistics.auc([1, 1], [0.1, 0.2]))


@pytest.mark.parametrize("seed", range(5))
def test_kappa(seed, sklearn_metrics):
    chance = random.Random(seed)
    first = [chance.choice("abc") for _ in range(200)]
    second = [each if chance.random() < 0.6 else chance.choice("abc") for each in first]

    expected = sklearn_metrics.cohen_kappa_score(first, second)
    assert statistics.kappa(first, second) == pytest.approx(expected)


def test_kappa_without_any_variation_is_undefined():
    assert math.isnan(statistics.kappa("aa", "aa"))


@pytest.mark.parametrize("seed", range(5))
def test_mcnemar(seed, statsmodels_tables):
    chance = random.Random(seed)
    first = [chance.random() < 0.5 for _ in range(80)]
    second = [chance.random() < 0.6 for _ in range(80)]
    found = statistics.mcnemar(first, second)

    pairs = list(zip(first, second, strict=True))
    table = [[pairs.count((one, other)) for other in (True, False)] for one in (True, False)]
    assert (found.only_first, found.only_second) == (table[0][1], table[1][0])
    expected = statsmodels_tables.mcnemar(table, exact=True).pvalue
    assert found.p_value == pytest.approx(expected)


def test_calibration_error():
    assert statistics.calibration_error([0, 1, 1, 1], [0.05, 0.95, 0.95, 0.95]) == pytest.approx(
        0.05
    )
    assert statistics.calibration_error([0] * 5 + [1] * 5, [0.5] * 10) == pytest.approx(0)
    assert statistics.calibration_error([0, 0], [1.0, 1.0]) == pytest.approx(1)


def test_bootstrap_covers_the_mean_and_is_reproducible():
    chance = random.Random(1)
    rows = [chance.gauss(0, 1) for _ in range(400)]

    def mean(drawn):
        return sum(drawn) / len(drawn)

    found = statistics.bootstrap(rows, mean)
    error = 1.96 / math.sqrt(len(rows))
    assert found == statistics.bootstrap(rows, mean)
    assert found.low == pytest.approx(found.value - error, abs=0.03)
    assert found.high == pytest.approx(found.value + error, abs=0.03)


def test_bootstrap_leaves_undefined_rounds_out():
    rows = [(1, 0.9), (0, 0.1), (0, 0.2)]

    found = statistics.bootstrap(
        rows, lambda drawn: statistics.auc([row[0] for row in drawn], [row[1] for row in drawn])
    )

    assert found == (1.0, 1.0, 1.0)
    assert math.isnan(statistics.bootstrap([], lambda _: 1.0).value)
