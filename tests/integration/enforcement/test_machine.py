"""Every order of acts keeps what enforcement promises: a short run, and a long one."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from moderado.chat.events import RoomsChanged
from moderado.core import events
from tests.integration.enforcement.machine import Enforcement

pytestmark = pytest.mark.django_db

SHORT = settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(SHORT, max_examples=300, stateful_step_count=50, derandomize=False, database=None)


@pytest.fixture(autouse=True)
def _obedient_provider(settings, monkeypatch):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Obedient"}]
    monkeypatch.setitem(events._inside, RoomsChanged, (Enforcement.heard.append,))


@pytest.mark.proves("R99")
def test_every_order_of_acts_keeps_the_promises():
    run_state_machine_as_test(Enforcement, settings=SHORT)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.proves("R99")
def test_every_order_of_many_acts_keeps_the_promises():
    run_state_machine_as_test(Enforcement, settings=LONG)
