"""From assessments to a verdict."""

import pytest

from moderado.moderation import policy, registry
from moderado.moderation.models import ModerationLog
from moderado.moderation.types import Assessment, Category, Failure, Fault, Outcome, Reason

ALLOW, FLAG, HOLD, BLOCK = Outcome


def opinion(outcome, provider="any", **categories):
    scores = {Category(name): score for name, score in categories.items()}
    return Assessment(provider=provider, outcome=outcome, categories=scores)


def failure(provider="broken", fault=Fault.UNKNOWN):
    return Failure(provider=provider, error="ProviderUnavailable", fault=fault)


@pytest.mark.parametrize(
    "opinions, expected",
    [
        ([ALLOW], ALLOW),
        ([ALLOW, FLAG], FLAG),
        ([FLAG, HOLD, ALLOW], HOLD),
        ([HOLD, BLOCK, ALLOW], BLOCK),
    ],
)
def test_severest_assessment_decides(opinions, expected):
    assert policy.decide([opinion(each) for each in opinions]).outcome is expected


def test_content_without_assessment_is_held():
    verdict = policy.decide([])

    assert (verdict.outcome, verdict.reason, verdict.decided_by) == (
        HOLD,
        Reason.UNJUDGED,
        "unjudged",
    )


@pytest.mark.parametrize(
    "outcome, reason",
    [(ALLOW, None), (FLAG, None), (HOLD, Reason.REVIEW), (BLOCK, Reason.POLICY)],
)
def test_reason_is_set_only_for_content_not_shown(outcome, reason):
    assert policy.decide([opinion(outcome)]).reason is reason


def test_decided_by_names_the_deciding_provider():
    verdict = policy.decide([opinion(ALLOW, "first"), opinion(BLOCK, "second")])

    assert verdict.decided_by == "second"


def test_scores_are_merged_and_the_highest_is_the_verdicts():
    verdict = policy.decide([opinion(FLAG, hate=0.2, spam=0.5), opinion(ALLOW, hate=0.4)])

    assert verdict.categories == {Category.HATE: 0.4, Category.SPAM: 0.5}
    assert verdict.score == 0.5


@pytest.mark.parametrize(
    "on_error, others, expected, decided_by",
    [
        ("next", [], HOLD, "unjudged"),
        ("next", [ALLOW], ALLOW, "any"),
        ("next", [BLOCK], BLOCK, "any"),
        ("hold", [], HOLD, "broken:hold"),
        ("hold", [ALLOW], HOLD, "broken:hold"),
        ("hold", [BLOCK], BLOCK, "any"),
        ("reject", [], BLOCK, "broken:reject"),
        ("reject", [ALLOW], BLOCK, "broken:reject"),
        ("approve", [], ALLOW, "broken:approve"),
        ("approve", [HOLD], HOLD, "any"),
    ],
)
def test_error_rule_defines_the_outcome_of_a_failure(on_error, others, expected, decided_by):
    verdict = policy.decide(
        [opinion(each) for each in others], [failure()], error_rules={"broken": on_error}
    )

    assert (verdict.outcome, verdict.decided_by) == (expected, decided_by)
    assert verdict.failures == (failure(),)


def test_approvable_failure_does_not_approve_another():
    verdict = policy.decide(
        [],
        [failure("lenient"), failure("other")],
        error_rules={"lenient": "approve", "other": "next"},
    )

    assert verdict.outcome is HOLD


def test_unconfigured_failure_approves_nothing():
    assert policy.decide([], [failure()]).outcome is HOLD


@pytest.mark.parametrize(
    "on_error, others, expected, decided_by",
    [
        ("next", [], HOLD, "broken:no_opinion:hold"),
        ("next", [ALLOW], HOLD, "broken:no_opinion:hold"),
        ("next", [BLOCK], BLOCK, "any"),
        ("approve", [], HOLD, "broken:no_opinion:hold"),
        ("approve", [ALLOW], HOLD, "broken:no_opinion:hold"),
        ("reject", [ALLOW], BLOCK, "broken:reject"),
    ],
)
def test_answer_without_assessment_never_approves(on_error, others, expected, decided_by):
    verdict = policy.decide(
        [opinion(each) for each in others],
        [failure(fault=Fault.NO_OPINION)],
        error_rules={"broken": on_error},
    )

    assert (verdict.outcome, verdict.decided_by) == (expected, decided_by)


@pytest.mark.parametrize(
    "rule, fault, others, expected, decided_by",
    [
        ("hold", Fault.UNKNOWN, [], HOLD, "broken:unknown:hold"),
        ("hold", Fault.UNKNOWN, [ALLOW], HOLD, "broken:unknown:hold"),
        ("hold", Fault.UNKNOWN, [BLOCK], BLOCK, "any"),
        ("hold", Fault.NOT_DONE, [ALLOW], ALLOW, "any"),
        ("hold", Fault.NOT_ASKED, [ALLOW], ALLOW, "any"),
        ("next", Fault.UNKNOWN, [ALLOW], ALLOW, "any"),
        ("repeat", Fault.UNKNOWN, [ALLOW], ALLOW, "any"),
        ("next", Fault.UNKNOWN, [], HOLD, "unjudged"),
    ],
)
def test_unknown_call_holds_where_configured(rule, fault, others, expected, decided_by):
    verdict = policy.decide(
        [opinion(each) for each in others], [failure(fault=fault)], unknown_rules={"broken": rule}
    )

    assert (verdict.outcome, verdict.decided_by) == (expected, decided_by)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("error_rule", ["next", "hold", "reject", "approve"])
def test_deciding_step_of_the_longest_provider_name_fits_its_column(fault, error_rule):
    name = "n" * registry.MAX_NAME_LENGTH

    verdict = policy.decide(
        [],
        [failure(name, fault)],
        error_rules={name: error_rule},
        unknown_rules={name: "hold"},
    )

    limit = ModerationLog._meta.get_field("decided_by").max_length
    assert len(verdict.decided_by) <= limit
