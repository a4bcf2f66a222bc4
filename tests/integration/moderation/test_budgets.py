"""Budgets of tokens and money: counted before the call, corrected by the answer, shared by all."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import F

from moderado.moderation import registry
from moderado.moderation.models import ProviderBudget, ProviderCall
from moderado.moderation.policies.compile import compile_policy
from moderado.moderation.policies.documents import read_json
from moderado.moderation.providers.base import Budget
from moderado.moderation.services import ledger
from moderado.moderation.services.screening import call_provider
from moderado.moderation.types import Failure
from tests.integration.moderation.conftest import make_content
from tests.providers import Priced

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
SHADOW = ProviderCall.Purpose.SHADOW


@pytest.fixture(autouse=True)
def _configured(settings, monkeypatch):
    monkeypatch.setattr(Priced, "asked", [])
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Priced"}]


def provider(**budget):
    document = read_json({"name": "p", "providers": [{"use": "priced", "budget": budget}]})
    configured = registry.configured_providers()
    return compile_policy([document], version="1", configured=configured).providers[0]


def reserved(configured, *texts, **options):
    with transaction.atomic():
        wanted = [(make_content(text=text), configured) for text in texts]
        return ledger.reserve(wanted, **options)


def errors(known):
    return [each.error if isinstance(each, Failure) else "" for each in known]


def made(call):
    answer = asyncio.run(call_provider(call))
    ledger.settle([(call, answer)])
    return answer


def minute_of_the_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT date_trunc('minute', statement_timestamp())")
        return cursor.fetchone()[0]


def within_one_minute(scene):
    """Return what a scene returned that began and ended in the same minute of the database."""
    while True:
        began, result = minute_of_the_database(), scene()
        if minute_of_the_database() == began:
            return result
        ProviderBudget.objects.all().delete()  # it began at the very end of a minute: again


def spent(name="priced"):
    return ProviderBudget.objects.get(provider=name).cost


def test_policy_names_budgets_of_calls_tokens_and_money():
    configured = provider(calls_per_day="5000", tokens_per_minute=9000, cost_per_day="2.00")

    assert configured.budget == Budget(
        calls_per_day=5000, tokens_per_minute=9000, cost_per_day=Decimal("2.00")
    )


@pytest.mark.parametrize(
    "budget",
    [{}, {"cost_per_day": "-1"}, {"cost_per_day": "NaN"}, {"tokens_per_minute": "many"},
     {"cost_per_call": "1"}],
)  # fmt: skip
def test_budget_without_a_limit_or_with_a_wrong_one_is_a_mistake(budget):
    with pytest.raises(ValueError, match="budget"):
        provider(**budget)


def test_money_is_exact_in_a_stored_document():
    document = read_json(
        {"name": "p", "providers": [{"use": "priced", "budget": {"cost_per_day": "0.10"}}]}
    )

    stored = document.model_dump(mode="json", exclude_defaults=True)

    assert stored["providers"][0]["budget"] == {"cost_per_day": "0.10"}
    assert read_json(stored) == document


@pytest.mark.proves("R90")
def test_call_that_may_exceed_the_money_is_not_made():
    configured = provider(cost_per_day="0.60")

    known = reserved(configured, "a", "b", "c")

    assert errors(known) == ["", "", "cost_budget_spent"]
    assert spent() == Decimal("0.5")
    assert ProviderCall.objects.count() == 2


@pytest.mark.proves("R90")
def test_answer_replaces_the_bound_by_what_was_paid():
    configured = provider(cost_per_day="0.60")
    (call,) = reserved(configured, "a")

    made(call)

    assert spent() == Decimal("0.1")
    assert errors(reserved(configured, "b", "c", "d")) == ["", "", "cost_budget_spent"]


@pytest.mark.proves("R90")
@pytest.mark.parametrize(
    "text, counted",
    [
        ("FAIL", "0.25"),  # may have been carried out
        ("ODD", "0.25"),  # answered without an opinion
        ("BUSY 1", "0"),
        ("SPENT", "0"),
    ],
)
def test_call_that_may_have_been_paid_counts_as_its_bound(text, counted):
    (call,) = reserved(provider(cost_per_day="1"), text)

    made(call)

    assert spent() == Decimal(counted)


def test_late_answer_corrects_the_bound_once():
    (call,) = reserved(provider(cost_per_day="1"), "a")
    ledger.settle([(call, Failure(provider="priced", error="TimeoutError"))])
    assert spent() == Decimal("0.25")

    made(call)
    made(call)

    assert spent() == Decimal("0.1")


def test_money_of_the_day_includes_what_was_paid_before_the_budget_existed():
    (paid,) = reserved(registry.configured_providers()[0], "a")
    made(paid)

    known = reserved(provider(cost_per_day="0.30"), "b")

    assert errors(known) == ["cost_budget_spent"]
    assert spent() == Decimal("0.1")


def test_policy_names_the_price_of_a_provider_that_names_none(settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Remote"}]
    use = {"use": "remote", "budget": {"cost_per_day": "1", "cost_per_call": "0.4"}}
    document = read_json({"name": "p", "providers": [use]})
    compiled = compile_policy([document], version="1", configured=registry.configured_providers())

    known = reserved(compiled.providers[0], "a", "b", "c")

    assert errors(known) == ["", "", "cost_budget_spent"]


@pytest.mark.proves("R90")
def test_tokens_of_a_minute_are_limited_text_by_text():
    configured = provider(tokens_per_minute=10)

    known = reserved(configured, "x" * 6, "y" * 6, "z" * 4)

    assert errors(known) == ["", "token_budget_spent", ""]


@pytest.mark.parametrize("minutes, left", [(1, "some"), (2, "all")])
def test_tokens_return_as_the_minute_passes(minutes, left):
    configured = provider(tokens_per_minute=100)

    def scene():
        reserved(configured, "x" * 100)
        ProviderBudget.objects.update(minute=F("minute") - minutes * MINUTE)
        return errors(reserved(configured, "y" * 100))

    assert within_one_minute(scene) == (["token_budget_spent"] if left == "some" else [""])


@pytest.mark.proves("R90")
@pytest.mark.parametrize(
    "minutes, days",
    [(1, 0), (-1, -1)],
    ids=["another worker moved the window on", "midnight"],
)
def test_tokens_count_across_the_turn_of_a_minute_and_of_a_day(minutes, days):
    configured = provider(tokens_per_minute=100)

    def scene():
        reserved(configured, "x" * 100)
        row = ProviderBudget.objects.get()
        moved = {"day": row.day + timedelta(days=days), "minute": row.minute + minutes * MINUTE}
        ProviderBudget.objects.update(**moved)
        return errors(reserved(configured, "y" * 100))

    assert within_one_minute(scene) == ["token_budget_spent"]


@pytest.mark.proves("R90")
@pytest.mark.django_db(transaction=True)
def test_two_claimers_at_once_never_exceed_money_or_tokens(at_once):
    money, tokens = provider(cost_per_day="2.00"), provider(tokens_per_minute=48)

    paid = at_once(2, lambda: [reserved(money, "a", "b", "c") for _ in range(4)])
    asked = at_once(2, lambda: [reserved(tokens, "x" * 4, "y" * 4) for _ in range(4)])

    granted = [error for some in paid for known in some for error in errors(known)].count("")
    weighed = [error for some in asked for known in some for error in errors(known)].count("")
    assert (granted, weighed) == (8, 10)
    assert spent() == Decimal("4.50")


@pytest.mark.proves("R90")
def test_shadow_calls_have_a_budget_of_their_own():
    configured = provider(cost_per_day="0.25")

    first = reserved(configured, "a", purpose=SHADOW)
    deciding = reserved(configured, "a")
    second = reserved(configured, "b", purpose=SHADOW)

    assert errors(first + deciding + second) == ["", "", "cost_budget_spent"]
    assert (spent(), spent("shadow:priced")) == (Decimal("0.25"), Decimal("0.25"))


@pytest.mark.proves("R90")
def test_failures_of_shadow_calls_do_not_open_the_breaker_of_deciding_ones():
    configured = provider(calls_per_day=100)
    for call in reserved(configured, *["FAIL"] * 6, purpose=SHADOW):
        made(call)

    assert errors(reserved(configured, "a", purpose=SHADOW)) == ["breaker_open"]
    assert errors(reserved(configured, "a")) == [""]
