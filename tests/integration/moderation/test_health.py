"""Circuit breaker and rest period of a provider: shared by all workers, on the database's clock."""

import uuid
from datetime import timedelta

import pytest
import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from moderado.core.metrics import BREAKERS
from moderado.moderation.models import ProviderBudget, ProviderCall, ProviderHealth
from moderado.moderation.services import ledger
from moderado.moderation.services.screening import prepare
from moderado.moderation.types import Content, Failure, Fault, Outcome, Signal

pytestmark = pytest.mark.django_db

REMOTE = {"BACKEND": "tests.providers.Remote"}
KEYED = {"BACKEND": "tests.providers.Keyed"}
GOOD = Signal(provider="remote", recommendation=Outcome.ALLOW)


@pytest.fixture(autouse=True)
def _configured(settings):
    settings.MODERATION_PROVIDERS = [REMOTE]


def failed(fault=Fault.UNKNOWN, **fields):
    return Failure(provider="remote", error="Failed", fault=fault, **fields)


def content():
    return Content(subject_type="message", subject_id=uuid.uuid4(), revision=1, text="oi")


def reserved(number=1):
    """Return the calls that may be made, and the errors of the others."""
    with transaction.atomic():
        prepared = prepare([content() for _ in range(number)])
    calls = [call for each in prepared for call in each.calls]
    return calls, [each for one in prepared for each in one.answers]


def ended(*answers):
    """Settle the calls with this result."""
    calls, _ = reserved(len(answers))
    assert len(calls) == len(answers)
    ledger.settle(zip(calls, answers, strict=True))


def opened():
    ended(*[failed()] * 5)


def time_passes():
    """Let the ten seconds of an open breaker pass."""
    ProviderHealth.objects.update(open_until=F("open_until") - timedelta(seconds=10))


def is_open():
    return ProviderHealth.objects.filter(open_until__isnull=False).exists()


def errors(failures):
    return {each.error for each in failures}


def test_healthy_provider_reads_one_row_and_writes_none(django_assert_num_queries):
    with django_assert_num_queries(5):  # savepoint, calls before, health, insert, release
        calls, _ = reserved(50)

    with django_assert_num_queries(50 + 3):  # savepoint, calls, an update of no row, release
        ledger.settle([(call, GOOD) for call in calls])

    assert not ProviderHealth.objects.exists()


@pytest.mark.parametrize("fault", [Fault.UNKNOWN, Fault.NOT_DONE, Fault.EXHAUSTED])
@pytest.mark.proves("R42")
def test_breaker_opens_at_5_failures_of_20_calls(fault):
    ended(*[failed(fault)] * 4)
    ended(*[GOOD] * 15)
    assert reserved()[0]

    ended(failed(fault))

    calls, kept = reserved(3)
    assert (calls, errors(kept)) == ([], {"breaker_open"})
    assert {each.fault for each in kept} == {Fault.NOT_ASKED}
    assert {each.retry_after for each in kept} == {None}  # ON_ERROR applies at once


def test_failures_beyond_the_last_20_calls_are_forgotten():
    ended(*[failed()] * 4)
    ended(*[GOOD] * 17)  # the first of the four is now the 21st

    ended(failed())

    assert not is_open()


def test_20_successes_clear_the_record():
    ended(*[failed()] * 4)

    ended(*[GOOD] * 30)

    assert ProviderHealth.objects.get().outcomes == 0


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.NO_OPINION])
def test_no_opinion_and_busy_answers_open_no_breaker(fault):
    ended(*[failed(fault)] * 30)

    assert not is_open()


def test_calls_not_made_are_no_failures(settings):
    settings.MODERATION_PROVIDERS = [REMOTE | {"BUDGET": 0}]
    reserved(10)
    assert not ProviderHealth.objects.exists()

    settings.MODERATION_PROVIDERS = [REMOTE]
    opened()
    until = ProviderHealth.objects.get().open_until
    reserved(10)

    assert ProviderHealth.objects.get().open_until == until


def test_open_breaker_reserves_and_counts_no_call(settings):
    settings.MODERATION_PROVIDERS = [REMOTE | {"BUDGET": 100}]
    opened()

    reserved(10)

    assert ProviderCall.objects.count() == 5
    assert ProviderBudget.objects.get().calls == 5


@pytest.mark.proves("R42")
def test_open_breaker_allows_one_probe_after_10_s():
    opened()
    time_passes()

    calls, kept = reserved(10)
    later, kept_later = reserved(10)

    assert (len(calls), len(kept), later, len(kept_later)) == (1, 9, [], 10)


def test_successful_probe_closes_the_breaker():
    opened()
    time_passes()
    (probe,), _ = reserved()

    ledger.settle([(probe, GOOD)])

    assert len(reserved(10)[0]) == 10
    ended(*[failed()] * 4)
    assert not is_open()  # outcomes from before it opened are forgotten


@pytest.mark.parametrize("fault", [Fault.NO_OPINION, Fault.BUSY])
def test_any_answer_to_the_probe_closes_the_breaker(fault):
    opened()
    time_passes()
    (probe,), _ = reserved()

    ledger.settle([(probe, failed(fault))])

    assert not is_open()


def test_failed_probe_reopens_the_breaker_for_10_s():
    opened()
    time_passes()
    (probe,), _ = reserved()
    ProviderHealth.objects.update(open_until=Now() + timedelta(seconds=1))  # the call took 9 s

    ledger.settle([(probe, failed())])

    rest = ProviderHealth.objects.annotate(rest=F("open_until") - Now()).get().rest
    assert 9 < rest.total_seconds() <= 10
    assert reserved()[0] == []


def test_lost_probe_is_followed_by_another():
    opened()
    time_passes()
    reserved()
    time_passes()

    assert len(reserved(5)[0]) == 1


def test_late_answers_do_not_change_an_open_breaker():
    early, _ = reserved(2)
    opened()
    until = ProviderHealth.objects.get().open_until

    ledger.settle(zip(early, [GOOD, failed()], strict=True))

    assert ProviderHealth.objects.get().open_until == until


def test_keyed_call_is_not_repeated_while_the_breaker_is_open(settings):
    settings.MODERATION_PROVIDERS = [KEYED]
    one = content()
    with transaction.atomic():
        prepare([one])
    ProviderHealth.objects.create(provider="keyed", open_until=Now() + timedelta(seconds=10))

    with transaction.atomic():
        (prepared,) = prepare([one])

    assert (prepared.calls, errors(prepared.answers)) == ([], {"breaker_open"})


def test_each_provider_has_its_own_breaker(settings):
    opened()
    settings.MODERATION_PROVIDERS = [REMOTE, KEYED]

    calls, kept = reserved()

    assert [call.configured.name for call in calls] == ["keyed"]
    assert [each.provider for each in kept] == ["remote"]


def test_opening_and_closing_are_logged_once_each():
    def counted(event):
        return BREAKERS.labels(provider="remote", event=event)._value.get()

    before = counted("opened"), counted("closed")
    with structlog.testing.capture_logs() as lines:
        opened()
        time_passes()
        (probe,), _ = reserved()
        ledger.settle([(probe, GOOD)])

    assert [each["event"] for each in lines] == ["breaker_opened", "breaker_closed"]
    assert (counted("opened"), counted("closed")) == (before[0] + 1, before[1] + 1)


@pytest.mark.proves("R40")
def test_rest_period_stops_all_calls_to_the_provider():
    ended(failed(Fault.BUSY, retry_after=3.0))

    calls, kept = reserved(2)

    assert (calls, errors(kept)) == ([], {"rate_limited"})
    assert {each.fault for each in kept} == {Fault.NOT_ASKED}
    assert all(2 < each.retry_after <= 3 for each in kept)
    assert ProviderCall.objects.count() == 1


def test_provider_is_called_again_after_its_rest_period():
    ended(failed(Fault.BUSY, retry_after=3.0))
    ProviderHealth.objects.update(rests_until=Now() - timedelta(seconds=1))

    assert reserved()[0]


def test_longest_rest_period_applies():
    ended(*(failed(Fault.BUSY, retry_after=seconds) for seconds in (2.0, 30.0, 5.0)))
    early, _ = reserved()

    assert early == []
    assert ProviderHealth.objects.filter(rests_until__gt=Now() + timedelta(seconds=25)).exists()


def test_resting_provider_is_not_probed():
    early, _ = reserved()
    opened()
    ledger.settle([(early[0], failed(Fault.BUSY, retry_after=30.0))])
    time_passes()

    assert errors(reserved()[1]) == {"breaker_open"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.proves("R42")
def test_exactly_one_of_32_workers_probes(at_once):
    opened()
    time_passes()

    found = at_once(32, lambda: reserved(3)[0])

    assert sum(len(calls) for calls in found) == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_failures_are_all_counted(at_once):
    calls, _ = reserved(4)

    at_once(4, lambda: ledger.settle([(calls.pop(), failed())]))

    assert ProviderHealth.objects.get().outcomes.bit_count() == 4
