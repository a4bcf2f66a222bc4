"""The ledger: calls are reserved before they are made, answered once, paid for at most once."""

import asyncio
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import DateField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Now
from django.utils import timezone
from msgspec import structs

from moderado.moderation import registry
from moderado.moderation.models import ProviderBudget, ProviderCall
from moderado.moderation.services import ledger
from moderado.moderation.services.screening import (
    Prepared,
    call_provider,
    conclude,
    is_remote,
    prepare,
)
from moderado.moderation.types import Category, Content, Match, Outcome, Reason, Signal, Usage
from tests.providers import Keyed, Remote

pytestmark = pytest.mark.django_db

ALLOW, FLAG, HOLD, BLOCK = Outcome
OBEDIENT = {"BACKEND": "tests.providers.Obedient"}
REMOTE = {"BACKEND": "tests.providers.Remote"}
KEYED = {"BACKEND": "tests.providers.Keyed"}


@pytest.fixture(autouse=True)
def _configured(settings, monkeypatch):
    monkeypatch.setattr(Remote, "asked", [])
    monkeypatch.setattr(Remote, "waiting", [])
    monkeypatch.setattr(Keyed, "keys", [])
    settings.MODERATION_PROVIDERS = [REMOTE]


def content(text="oi", **fields):
    return Content(
        **{"subject_type": "message", "subject_id": uuid.uuid4(), "revision": 1, **fields},
        text=text,
    )


def begun(*contents) -> list[Prepared]:
    with transaction.atomic():
        return prepare(contents)


def judged(one, seconds=5):
    """Run one content through every step of a worker."""
    (prepared,) = begun(one)
    for call in prepared.calls:
        answer = asyncio.run(asyncio.wait_for(call_provider(call), seconds))
        ledger.settle([(call, answer)])
        prepared.answers.append(answer)
    return conclude(prepared)


def states():
    return sorted(ProviderCall.objects.values_list("attempt", "state"))


def test_remote_and_local_signals_make_one_verdict(settings):
    settings.MODERATION_PROVIDERS = [REMOTE, OBEDIENT]

    verdict = judged(content("HOLD"))

    assert is_remote()
    assert verdict.outcome is HOLD
    assert {each.provider for each in verdict.signals} == {"remote", "obedient"}


def test_locally_blocked_content_is_not_sent(settings):
    settings.MODERATION_PROVIDERS = [REMOTE, OBEDIENT]

    verdict = judged(content("BLOCK"))

    assert (verdict.outcome, verdict.decided_by) == (BLOCK, "obedient")
    assert (Remote.asked, states()) == ([], [])


def test_remote_failure_leaves_the_decision_to_local_rules(settings):
    settings.MODERATION_PROVIDERS = [REMOTE, OBEDIENT]

    verdict = judged(content("FAIL"))

    assert (verdict.outcome, verdict.decided_by) == (ALLOW, "obedient")
    assert verdict.failures[0].provider == "remote"


def test_remote_failure_without_other_providers_is_held():
    verdict = judged(content("FAIL"))

    assert (verdict.outcome, verdict.reason) == (HOLD, Reason.UNJUDGED)


def test_call_ends_at_its_time_out(settings):
    settings.MODERATION_PROVIDERS = [REMOTE | {"TIMEOUT": 0.05, "ON_ERROR": "hold"}, OBEDIENT]

    verdict = judged(content("WAIT"))

    assert (verdict.outcome, verdict.decided_by) == (HOLD, "remote:hold")
    assert verdict.failures[0].error == "TimeoutError"
    assert states() == [(1, "unknown")]


def test_call_is_reserved_before_it_is_made():
    (prepared,) = begun(content())

    assert (states(), Remote.asked) == ([(1, "reserved")], [])
    assert len(prepared.calls) == 1


def test_answered_call_is_never_repeated():
    one = content("HOLD this")
    first = judged(one)

    again = judged(one)

    assert (again.outcome, again.decided_by) == (first.outcome, first.decided_by)
    assert again.signals[0].scores == first.signals[0].scores
    assert Remote.asked == ["HOLD this"]
    assert states() == [(1, "answered")]


def test_another_revision_is_another_call():
    one = content()
    judged(one)

    judged(content("changed", subject_id=one.subject_id, revision=2))

    assert Remote.asked == ["oi", "changed"]


def test_call_of_a_dead_worker_is_not_repeated():
    one = content()
    begun(one)

    verdict = judged(one)

    assert (verdict.outcome, verdict.failures[0].error) == (HOLD, "outcome_unknown")
    assert (Remote.asked, states()) == ([], [(1, "unknown")])


def test_keyed_call_is_repeated_with_the_same_key(settings):
    settings.MODERATION_PROVIDERS = [KEYED]
    one = content()
    (died,) = begun(one)
    asyncio.run(call_provider(died.calls[0]))

    verdict = judged(one)

    assert verdict.outcome is ALLOW
    assert Keyed.keys == [str(died.calls[0].id)] * 2
    assert states() == [(1, "answered")]


@pytest.mark.proves("R41")
def test_timed_out_keyed_call_is_repeated_with_the_same_key(settings):
    settings.MODERATION_PROVIDERS = [KEYED | {"TIMEOUT": 0.05}]
    one = content("WAIT")

    first = judged(one)
    settings.MODERATION_PROVIDERS = [KEYED]
    again = judged(structs.replace(one, text="oi"))

    assert first.failures[0].retry_after == 1
    assert again.outcome is ALLOW
    assert len(set(Keyed.keys)) == 1
    assert states() == [(1, "answered")]


def test_refused_repeat_leaves_the_first_call_unknown(settings):
    settings.MODERATION_PROVIDERS = [KEYED]
    one = content("BUSY")
    begun(one)

    judged(one)
    judged(one)

    assert len(set(Keyed.keys)) == 1  # a new key could mean a second bill
    assert states() == [(1, "unknown")]


def test_keyed_call_is_not_repeated_when_configured(settings):
    settings.MODERATION_PROVIDERS = [KEYED | {"ON_UNKNOWN": "next"}, OBEDIENT]
    one = content()
    begun(one)

    verdict = judged(one)

    assert (verdict.outcome, verdict.decided_by, Keyed.keys) == (ALLOW, "obedient", [])


@pytest.mark.parametrize("backend", [REMOTE, KEYED])
@pytest.mark.parametrize("died", [True, False])
def test_unknown_call_is_held_when_configured(settings, backend, died):
    settings.MODERATION_PROVIDERS = [backend | {"ON_UNKNOWN": "hold"}, OBEDIENT]
    one = content("oi" if died else "FAIL")
    if died:
        begun(one)

    verdict = judged(one)

    name = backend["BACKEND"].rsplit(".")[-1].lower()
    assert (verdict.outcome, verdict.decided_by) == (HOLD, f"{name}:unknown:hold")
    assert states() == [(1, "unknown")]


@pytest.mark.proves("R40")
def test_exhausted_quota_is_not_retried():
    one = content("SPENT")

    first, again = judged(one), judged(one)

    assert [each.failures[0].error for each in (first, again)] == ["quota_exhausted"] * 2
    assert first.failures[0].retry_after is None
    assert (Remote.asked, states()) == (["SPENT"], [(1, "failed")])


@pytest.mark.proves("R43")
def test_answer_without_opinion_is_not_retried(settings):
    settings.MODERATION_PROVIDERS = [REMOTE, OBEDIENT]
    one = content("ODD")

    first, again = judged(one), judged(one)

    assert [(each.outcome, each.decided_by) for each in (first, again)] == [
        (HOLD, "remote:no_opinion:hold")
    ] * 2
    assert (Remote.asked, states()) == (["ODD"], [(1, "refused")])


def test_call_certainly_not_made_is_retried():
    one = content("BUSY")

    first = judged(one)
    judged(one)

    assert first.failures[0].retry_after == 0
    assert states() == [(1, "failed"), (2, "failed")]


def test_late_answer_is_recorded():
    one = content()
    (slow,) = begun(one)
    judged(one)  # by another worker, which marks the call as unknown

    ledger.settle([(slow.calls[0], asyncio.run(call_provider(slow.calls[0])))])

    assert states() == [(1, "answered")]
    assert judged(one).outcome is ALLOW


def test_spent_budget_stops_calls(settings):
    settings.MODERATION_PROVIDERS = [REMOTE | {"BUDGET": 3}]

    prepared = begun(*(content(str(n)) for n in range(5)))

    assert sum(len(each.calls) for each in prepared) == 3
    refused = [each.answers[0] for each in prepared if each.answers]
    assert [each.error for each in refused] == ["budget_spent"] * 2
    assert ProviderCall.objects.count() == 3


def test_budget_renews_each_day(settings):
    settings.MODERATION_PROVIDERS = [REMOTE | {"BUDGET": 1}]
    yesterday = timezone.now().date() - timedelta(days=1)
    ProviderBudget.objects.create(provider="remote", day=yesterday, calls=1)

    (prepared,) = begun(content())

    assert prepared.calls


@pytest.mark.django_db(transaction=True)
@pytest.mark.proves("R44")
def test_32_workers_never_exceed_the_budget(settings, at_once):
    settings.MODERATION_PROVIDERS = [REMOTE | {"BUDGET": 100}]

    prepared = at_once(32, lambda: [each for _ in range(4) for each in begun(content())])

    granted = [call for some in prepared for each in some for call in each.calls]
    refused = [each for some in prepared for one in some for each in one.answers]
    assert (len(granted), len(refused)) == (100, 28)
    assert {each.error for each in refused} == {"budget_spent"}
    assert ProviderCall.objects.count() == 100
    assert ProviderBudget.objects.get().calls == 100


@pytest.mark.proves("R44")
def test_content_over_budget_follows_on_error(settings):
    settings.MODERATION_PROVIDERS = [REMOTE | {"BUDGET": 1}, OBEDIENT]

    verdicts = [judged(content("FLAG")), judged(content("FLAG"))]

    assert Remote.asked == ["FLAG"]
    assert [verdict.outcome for verdict in verdicts] == [FLAG, FLAG]
    assert [verdict.decided_by for verdict in verdicts] == ["remote", "obedient"]


@pytest.mark.proves("R27")
def test_budget_day_and_answer_time_use_the_database_clock(settings, clock):
    settings.MODERATION_PROVIDERS = [REMOTE | {"BUDGET": 5}]
    clock.shift(timedelta(days=2))

    judged(content())

    today = Cast(RawSQL("statement_timestamp() AT TIME ZONE 'UTC'", []), DateField())
    assert ProviderBudget.objects.filter(day=today).exists()
    assert ProviderCall.objects.filter(settled_at__lte=Now()).exists()


def test_ledger_stores_the_whole_answer():
    answer = Signal(
        provider="remote",
        recommendation=HOLD,
        scores={Category.HATE: 0.5},
        matches=(
            Match(
                start=0,
                end=2,
                rule="r/w",
                category=Category.HATE,
                severity=0.4,
                usage=Usage.AIMED,
                reading="leet",
            ),
        ),
        model="m-1",
        cost=0.002,
        raw={"id": "x"},
        latency=0.1,
    )
    (prepared,) = begun(one := content())
    (call,) = prepared.calls
    ledger.settle([(call, answer)])

    (again,) = begun(one)

    assert again.answers == [answer]
    assert (ProviderCall.objects.get().cost, ProviderCall.objects.get().model) == (0.002, "m-1")


@pytest.mark.parametrize("budget", [-1, 1.5, "10", True])
def test_invalid_budget_is_refused(budget):
    _, wrong = registry.build([REMOTE | {"BUDGET": budget}])

    assert "BUDGET" in wrong[0]


def test_use_of_a_word_that_a_newer_release_stored_is_read_as_plain():
    """While servers are updated one by one, releases read each other's answers."""
    (prepared,) = begun(one := content())
    match = Match(start=0, end=2, rule="r", category=Category.HATE, usage=Usage.AIMED)
    ledger.settle([(prepared.calls[0], Signal(provider="remote", matches=(match,)))])
    call = ProviderCall.objects.get()
    call.response["matches"][0]["usage"] = "a_use_of_next_year"
    call.save()

    (again,) = begun(one)

    (signal,) = again.answers
    assert signal.matches == (replace(match, usage=Usage.PLAIN),)


def test_answer_that_an_older_release_stored_is_used():
    (prepared,) = begun(one := content())
    ledger.settle([(prepared.calls[0], Signal(provider="remote", recommendation=HOLD))])
    ProviderCall.objects.update(
        response={
            "outcome": "BLOCK",
            "model": "m-1",
            "categories": {"hate": 0.9},
            "spans": [[0, 2, "r", "hate"]],
            "cost": 0.1,
            "latency": 0.2,
            "raw": {},
        }
    )

    (again,) = begun(one)

    assert again.answers == [
        Signal(
            provider="remote",
            model="m-1",
            recommendation=Outcome.BLOCK,
            scores={Category.HATE: 0.9},
            matches=(Match(start=0, end=2, rule="r", category=Category.HATE),),
            cost=0.1,
            latency=0.2,
        )
    ]
