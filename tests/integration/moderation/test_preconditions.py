"""Services that need the transaction of their caller refuse to run outside one."""

import pytest

from moderado.core.database import NotInTransaction
from moderado.moderation.models import ModerationLog, ProviderCall, ProviderHealth
from moderado.moderation.providers.base import ConfiguredProvider
from moderado.moderation.services import health, ledger, recording, screening
from moderado.moderation.types import Failure, Fault, Outcome, Verdict
from tests.integration.moderation.conftest import make_content
from tests.providers import Remote

pytestmark = pytest.mark.django_db(transaction=True)


def test_calls_are_reserved_only_in_a_transaction():
    with pytest.raises(NotInTransaction):
        ledger.reserve([(make_content(), ConfiguredProvider(provider=Remote()))])

    assert not ProviderCall.objects.exists()


def test_health_is_recorded_only_in_a_transaction():
    failure = Failure(provider="remote", error="TimeoutError", fault=Fault.UNKNOWN)

    with pytest.raises(NotInTransaction):
        health.record("remote", [failure], probed=None)

    assert not ProviderHealth.objects.exists()


def test_content_is_prepared_only_in_a_transaction():
    with pytest.raises(NotInTransaction):
        screening.prepare([make_content()])


def test_verdicts_are_recorded_only_in_a_transaction():
    with pytest.raises(NotInTransaction):
        recording.record([(make_content(), Verdict(outcome=Outcome.HOLD))])

    assert not ModerationLog.objects.exists()
