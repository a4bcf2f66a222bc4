"""Suggested thresholds: weighted by what each label stands for, and refused without enough."""

import math
import random

import numpy as np
import pytest

from moderado.moderation.evaluation.calibration import (
    MIN_BAD,
    Label,
    lowest_threshold,
    needed,
    suggest,
)


def labels(scores, *, is_bad=False, weight=1.0):
    return [Label(score, is_bad, weight) for score in scores]


def test_lowest_threshold_keeps_the_wanted_rate():
    good = labels([each / 1000 for each in range(1000)])

    threshold = lowest_threshold(good, 0.01)

    assert threshold == pytest.approx(0.99)
    assert sum(each.score >= threshold for each in good) / 1000 <= 0.01
    assert sum(each.score >= threshold - 0.001 for each in good) / 1000 > 0.01
    # numpy's quantile of the same scores, between the two neighbours
    assert abs(threshold - np.quantile([each.score for each in good], 0.99)) < 0.002


def test_texts_that_stand_for_many_count_as_many():
    held = labels([0.9] * 50)  # all held texts have cases
    drawn = labels([0.1] * 45 + [0.6] * 5, weight=200)  # one allowed text in 200

    alone, weighted = lowest_threshold(held, 0.02), lowest_threshold([*held, *drawn], 0.02)

    assert alone == pytest.approx(0.901)  # as if every second text were held
    assert weighted == pytest.approx(0.601)  # 50 of 10,050 are held


def test_no_threshold_keeps_a_rate_that_certain_scores_exceed():
    assert math.isnan(lowest_threshold(labels([1.0] * 5 + [0.1] * 5), 0.1))


def test_suggestion_has_interval_rate_and_recall():
    drawn = random.Random(1)
    given = [
        *labels([drawn.betavariate(2, 8) for _ in range(800)]),
        *labels([drawn.betavariate(8, 2) for _ in range(200)], is_bad=True),
    ]

    found = suggest("insult", given, wanted=0.01, current=0.9)

    assert found.threshold.low <= found.threshold.value <= found.threshold.high
    assert found.threshold.high - found.threshold.low > 0.01
    assert found.rate <= 0.01
    assert found.recall > 0.8
    assert (found.current, found.current_rate, found.has_enough) == (0.9, 0.0, True)


@pytest.mark.proves("R92")
@pytest.mark.parametrize(
    "good, bad, wanted",
    [(99, 50, 0.1), (200, 50, 0.01), (400, MIN_BAD - 1, 0.01)],
)
def test_too_few_labels_suggest_nothing(good, bad, wanted):
    given = [*labels([0.1] * good), *labels([0.9] * bad, is_bad=True)]

    found = suggest("insult", given, wanted=wanted, current=None)

    assert (found.threshold, found.has_enough) == (None, False)
    assert found.needed == needed(wanted)


def test_few_texts_that_stand_for_many_are_still_few():
    given = [
        *labels([0.1] * 400),
        *labels([0.2] * 2, weight=5000),
        *labels([0.9] * 40, is_bad=True),
    ]

    assert suggest("insult", given, wanted=0.01, current=None).effective < 3
