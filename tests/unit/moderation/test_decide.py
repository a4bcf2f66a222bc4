"""From signals to a verdict."""

import uuid

import pytest

from moderado.moderation import registry
from moderado.moderation.decide import (
    CompiledPolicy,
    Effect,
    ProviderTerms,
    Threshold,
    decide,
)
from moderado.moderation.models import ModerationLog
from moderado.moderation.types import (
    AuthorFacts,
    Basis,
    Category,
    Content,
    Failure,
    Fault,
    Ground,
    Match,
    Outcome,
    Reason,
    Signal,
    Usage,
)

ALLOW, FLAG, HOLD, BLOCK = Outcome
PLAIN = CompiledPolicy()


def content(**author):
    return Content(
        subject_type="message",
        subject_id=uuid.uuid4(),
        revision=1,
        text="oi",
        author=AuthorFacts(**author),
    )


def opinion(outcome=None, provider="any", matches=(), **scores):
    found = {Category(name): score for name, score in scores.items()}
    return Signal(provider=provider, recommendation=outcome, scores=found, matches=tuple(matches))


def match(rule="house/word", category=Category.HARASSMENT, **fields):
    return Match(start=0, end=2, rule=rule, category=category, **fields)


def judged(signals=(), failures=(), policy=PLAIN, **author):
    return decide(signals, failures, policy, content(**author))


def terms(**providers):
    return CompiledPolicy(
        providers={name: ProviderTerms(**given) for name, given in providers.items()}
    )


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
def test_severest_recommendation_decides(opinions, expected):
    assert judged([opinion(each) for each in opinions]).outcome is expected


@pytest.mark.proves("R203")
@pytest.mark.parametrize(
    ("signals", "policy"),
    [
        ([opinion(BLOCK, self_harm=0.9)], PLAIN),
        (
            [opinion(self_harm=0.9)],
            CompiledPolicy(thresholds={Category.SELF_HARM: Threshold(block=0.5)}),
        ),
        (
            [opinion(matches=[match(category=Category.SELF_HARM)])],
            CompiledPolicy(rules=[{"house": Effect(outcome=BLOCK)}]),
        ),
    ],
)
def test_self_harm_alone_is_never_refused(signals, policy):
    verdict = judged(signals, policy=policy)

    assert (verdict.outcome, verdict.reason) == (HOLD, Reason.REVIEW)
    assert BLOCK not in verdict.consequences
    assert judged([*signals, opinion(BLOCK, "other", hate=0.9)], policy=policy).outcome is BLOCK


def test_content_without_signal_is_held():
    verdict = judged()

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
    assert judged([opinion(outcome)]).reason is reason


def test_decided_by_names_the_deciding_provider():
    verdict = judged([opinion(ALLOW, "first"), opinion(BLOCK, "second")])

    assert verdict.decided_by == "second"


def test_scores_are_merged_and_the_highest_is_the_verdicts():
    verdict = judged([opinion(FLAG, hate=0.2, spam=0.5), opinion(ALLOW, "other", hate=0.4)])

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
    verdict = judged(
        [opinion(each) for each in others], [failure()], terms(broken={"on_error": on_error})
    )

    assert (verdict.outcome, verdict.decided_by) == (expected, decided_by)
    assert verdict.failures == (failure(),)


def test_approvable_failure_does_not_approve_another():
    verdict = judged(
        [],
        [failure("lenient"), failure("other")],
        terms(lenient={"on_error": "approve"}, other={"on_error": "next"}),
    )

    assert verdict.outcome is HOLD


def test_unconfigured_failure_approves_nothing():
    assert judged([], [failure()]).outcome is HOLD


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
def test_answer_without_signal_never_approves(on_error, others, expected, decided_by):
    verdict = judged(
        [opinion(each) for each in others],
        [failure(fault=Fault.NO_OPINION)],
        terms(broken={"on_error": on_error}),
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
    verdict = judged(
        [opinion(each) for each in others],
        [failure(fault=fault)],
        terms(broken={"on_unknown": rule}),
    )

    assert (verdict.outcome, verdict.decided_by) == (expected, decided_by)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("error_rule", ["next", "hold", "reject", "approve"])
def test_deciding_step_of_the_longest_provider_name_fits_its_column(fault, error_rule):
    name = "n" * registry.MAX_NAME_LENGTH

    verdict = judged(
        [],
        [failure(name, fault)],
        terms(**{name: {"on_error": error_rule, "on_unknown": "hold"}}),
    )

    limit = ModerationLog._meta.get_field("decided_by").max_length
    assert len(verdict.decided_by) <= limit


def ruled(**effects):
    return CompiledPolicy(rules=[effects])


@pytest.mark.parametrize(
    "found, effect, expected",
    [
        (match(), Effect(outcome=BLOCK), BLOCK),
        (match(), Effect(outcome=FLAG, aimed=BLOCK), FLAG),
        (match(usage=Usage.AIMED), Effect(outcome=FLAG, aimed=BLOCK), BLOCK),
        (match(usage=Usage.AIMED), Effect(outcome=ALLOW, aimed=HOLD), HOLD),
        (match(), Effect(outcome=ALLOW, aimed=HOLD), ALLOW),
        (match(usage=Usage.ABOUT), Effect(outcome=FLAG, about=HOLD, aimed=BLOCK), HOLD),
        (match(usage=Usage.ABOUT), Effect(outcome=FLAG, aimed=BLOCK), FLAG),
        (match(usage=Usage.JOKED), Effect(outcome=FLAG, aimed=BLOCK), HOLD),
        (match(usage=Usage.QUOTED), Effect(outcome=BLOCK), HOLD),
        (match(usage=Usage.QUOTED), Effect(outcome=FLAG), FLAG),
        (match(usage=Usage.REPORTED), Effect(outcome=BLOCK), HOLD),
        (match(usage=Usage.REPORTED), Effect(outcome=BLOCK, quoted=FLAG), FLAG),
        (match(usage=Usage.REPORTED), Effect(outcome=ALLOW, aimed=BLOCK), ALLOW),
        (match(usage=Usage.OWN), Effect(outcome=BLOCK), FLAG),
        (match(usage=Usage.EXPLETIVE), Effect(outcome=HOLD), HOLD),
        (match(usage=Usage.EXPLETIVE), Effect(outcome=FLAG, expletive=ALLOW), ALLOW),
        (match(usage=Usage.FOREIGN), Effect(outcome=BLOCK), FLAG),
        (match(), Effect(outcome=BLOCK, when=lambda *_: False), ALLOW),
        (match(rule="unknown/word"), Effect(outcome=BLOCK), ALLOW),
    ],
)
def test_policy_defines_what_follows_from_a_match(found, effect, expected):
    verdict = judged([opinion(matches=[found])], policy=ruled(house=effect))

    assert verdict.outcome is expected
    assert set(verdict.categories) == (set() if expected is ALLOW else {Category.HARASSMENT})


def test_rule_that_decided_is_named():
    verdict = judged(
        [opinion(matches=[match(severity=0.7)])], policy=ruled(house=Effect(outcome=BLOCK))
    )

    assert verdict.basis == Basis(
        ground=Ground.RULE,
        provider="any",
        rule="house/word",
        category=Category.HARASSMENT,
        score=0.7,
    )
    assert (verdict.category, verdict.score) == (Category.HARASSMENT, 0.7)


def test_first_table_with_a_rule_and_single_rules_come_first():
    own = {"house": Effect(outcome=FLAG)}
    general = {"house": Effect(outcome=BLOCK), "pack": Effect(outcome=HOLD)}
    general["pack/mild"] = Effect(outcome=ALLOW)
    policy = CompiledPolicy(rules=[own, general])

    outcomes = [
        judged([opinion(matches=[match(rule)])], policy=policy).outcome
        for rule in ("house/word", "pack/word", "pack/mild")
    ]

    assert outcomes == [FLAG, HOLD, ALLOW]


LADDER = Threshold(flag=0.5, hold=0.75, block=0.95)


@pytest.mark.parametrize(
    "score, expected, threshold",
    [
        (0.49, ALLOW, None),
        (0.5, FLAG, 0.5),
        (0.75, HOLD, 0.75),
        (0.95, BLOCK, 0.95),
        (1, BLOCK, 0.95),
    ],
)
def test_score_beyond_a_threshold_has_its_outcome(score, expected, threshold):
    verdict = judged([opinion(harassment=score)], policy=CompiledPolicy(any_threshold=LADDER))

    assert (verdict.outcome, verdict.basis.threshold) == (expected, threshold)


def test_row_of_a_category_replaces_the_default_row():
    policy = CompiledPolicy(
        any_threshold=LADDER, thresholds={Category.SELF_HARM: Threshold(hold=0.5)}
    )

    assert judged([opinion(self_harm=1.0)], policy=policy).outcome is HOLD
    assert judged([opinion(hate=1.0)], policy=policy).outcome is BLOCK


def test_scores_without_thresholds_have_no_effect():
    verdict = judged([opinion(harassment=1.0)])

    assert (verdict.outcome, verdict.categories) == (ALLOW, {})


def test_recommendation_stands_in_place_of_thresholds_unless_it_is_ignored():
    signals = [opinion(ALLOW, harassment=1.0)]
    strict = CompiledPolicy(any_threshold=LADDER)
    ignoring = CompiledPolicy(any_threshold=LADDER, providers={"any": ProviderTerms(follows=False)})

    assert judged(signals, policy=strict).outcome is ALLOW
    assert judged(signals, policy=ignoring).outcome is BLOCK


def test_shadow_provider_is_logged_without_effect():
    shadow = terms(any={"is_shadow": True}, broken={"is_shadow": True, "on_error": "reject"})

    verdict = judged([opinion(BLOCK), opinion(ALLOW, "other")], [failure()], shadow)

    assert (verdict.outcome, len(verdict.signals)) == (ALLOW, 2)
    assert judged([opinion(ALLOW)], policy=shadow).decided_by == "unjudged"


def test_exempt_role_passes_but_never_a_bot():
    policy = CompiledPolicy(exempt_roles=frozenset({"MODERATOR"}))
    signals = [opinion(BLOCK)]

    assert judged(signals, policy=policy, role="MODERATOR").decided_by == "exempt"
    assert judged(signals, policy=policy, role="MODERATOR").outcome is ALLOW
    assert judged(signals, policy=policy, role="MODERATOR", is_bot=True).outcome is BLOCK
    assert judged(signals, policy=policy, role="MEMBER").outcome is BLOCK
