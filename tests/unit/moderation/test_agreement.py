"""What pairs of verdicts say about a shadow, and when it may be promoted."""

import pytest

from moderado.moderation.evaluation.agreement import (
    MIN_PAIRS,
    MIN_RULED,
    Pair,
    agreement,
    kappa_of_counts,
    percentiles,
)
from moderado.moderation.types import Outcome

ALLOW, FLAG, HOLD, BLOCK = Outcome


def pairs(number, deciding=ALLOW, shadow=ALLOW, **fields):
    return [Pair(deciding=deciding, shadow=shadow, **fields)] * number


def checks(found):
    return {each.name: each.passed for each in found.checks}


ENOUGH_PAIRS = [
    *pairs(MIN_PAIRS),
    *pairs(MIN_RULED, HOLD, HOLD, is_bad=True),
    *pairs(MIN_RULED, is_bad=False),
]


def test_kappa_and_disagreements_are_of_hidden_and_shown(sklearn_metrics):
    given = [*pairs(40), *pairs(30, HOLD, BLOCK), *pairs(5, FLAG, HOLD), *pairs(2, HOLD, FLAG)]

    found = agreement(given, {})

    hidden = [[each in (HOLD, BLOCK) for each in row] for row in
              ([p.deciding for p in given], [p.shadow for p in given])]  # fmt: skip
    assert found.kappa == pytest.approx(sklearn_metrics.cohen_kappa_score(*hidden))
    assert (found.mcnemar["only_deciding"], found.mcnemar["only_shadow"]) == (2, 5)
    table = {(False, False): 40, (True, True): 30, (False, True): 5, (True, False): 2}
    assert kappa_of_counts(table) == pytest.approx(found.kappa)


def test_categories_are_counted_by_who_found_them():
    found = agreement(
        pairs(3, deciding_categories=frozenset({"hate", "spam"}),
              shadow_categories=frozenset({"hate", "insult"})),
        {},
    )  # fmt: skip

    assert found.categories == {
        "hate": {"both": 3, "only_deciding": 0, "only_shadow": 0},
        "insult": {"both": 0, "only_deciding": 0, "only_shadow": 3},
        "spam": {"both": 0, "only_deciding": 3, "only_shadow": 0},
    }


def test_equal_judge_with_enough_evidence_may_be_promoted():
    found = agreement(ENOUGH_PAIRS, {"TimeoutError": 2})

    assert found.may_be_promoted
    assert found.rulings["difference"].high == 0.0


@pytest.mark.proves("R91")
@pytest.mark.parametrize(
    "given, failures, failing",
    [
        (pairs(10), {}, {"pairs", "rulings", "errors"}),
        (pairs(MIN_PAIRS), {}, {"rulings", "errors"}),
        ([*ENOUGH_PAIRS, *pairs(20, ALLOW, HOLD, is_bad=False)], {}, {"errors"}),
        (ENOUGH_PAIRS, {"TimeoutError": 60}, {"failures"}),
        ([], {}, {"pairs", "rulings", "errors"}),
    ],
)
def test_shadow_without_evidence_or_that_is_worse_may_not_be_promoted(given, failures, failing):
    found = agreement(given, failures)

    assert not found.may_be_promoted
    assert {name for name, passed in checks(found).items() if not passed} == failing


def test_ruling_counts_for_the_texts_that_it_stands_for():
    sampled = pairs(1, ALLOW, HOLD, is_bad=False, weight=200)  # one false hold in the sample
    better = pairs(50, HOLD, ALLOW, is_bad=False, weight=1)  # fifty false holds fewer

    found = agreement([*ENOUGH_PAIRS, *sampled, *better], {})

    assert found.rulings["shadow_errors"] > found.rulings["deciding_errors"]


def test_percentiles_of_nothing_are_unknown():
    assert percentiles([]) == {}
    assert percentiles([float(each) for each in range(100)]) == {"p50": 50.0, "p95": 95.0}
