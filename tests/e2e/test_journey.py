"""The main use case on the real server, through a client written from the protocol alone."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission

from moderado.accounts.models import User
from moderado.realtime.infra.db_calls import run_in_db_thread
from tests import processes
from tests.e2e import stack
from tests.e2e.stack import Stack
from tests.enforcement_journey import EnforcementJourney
from tests.factories import MODERATING, REPORTING, SANCTIONING
from tests.journey import PASSWORD, Journey

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def server(django_db_setup, tmp_path_factory) -> Iterator[Stack]:
    with stack.running(tmp_path_factory.mktemp("server"), sweep=False) as running:
        yield running


@pytest.fixture
def server_with_beat(server) -> Iterator[Stack]:
    """The people of a ruling learn of it by the beat."""
    with processes.beat(server.folder / "beat.log"):
        yield server


async def test_two_users_chat_and_are_moderated(server):
    journey = Journey(server.url)

    await journey.walk()

    # No log contains a text, token or address.
    logs = server.logs()
    assert "request_finished" in logs
    secrets = [journey.canary, PASSWORD, journey.ana.email, journey.bia.email, "bom dia"]
    secrets += [*journey.ana.tokens.values(), *journey.bia.tokens.values(), "token=", "ticket="]
    assert [secret for secret in secrets if secret in logs] == []


@pytest.mark.long
async def test_journey_can_be_repeated(server):
    await Journey(server.url).walk()


@pytest.mark.slow
async def test_report_ruling_appeal_and_reversal_by_rest_alone(server_with_beat):
    permissions = Permission.objects.filter(codename__in=MODERATING + SANCTIONING + REPORTING)

    def promote(user_id: str) -> None:
        User.objects.filter(pk=user_id).update(is_staff=True)
        User.objects.get(pk=user_id).user_permissions.set(permissions)

    await EnforcementJourney(server_with_beat.url, promote=run_in_db_thread(promote)).walk()
