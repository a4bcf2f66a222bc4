"""The main job on the real server, as strangers' programs do it."""

from collections.abc import Iterator

import pytest

from tests.e2e import stack
from tests.e2e.stack import Stack
from tests.journey import PASSWORD, Journey

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def server(django_db_setup, tmp_path_factory) -> Iterator[Stack]:
    with stack.running(tmp_path_factory.mktemp("server")) as running:
        yield running


async def test_two_users_chat_and_are_moderated(server):
    journey = Journey(server.url)

    await journey.walk()

    # Nothing that was said or known stands in any log.
    logs = server.logs()
    assert "request_finished" in logs
    secrets = [journey.canary, PASSWORD, journey.ana.email, journey.bia.email, "bom dia"]
    secrets += [*journey.ana.tokens.values(), *journey.bia.tokens.values(), "token=", "ticket="]
    assert [secret for secret in secrets if secret in logs] == []


async def test_journey_can_be_repeated(server):
    await Journey(server.url).walk()
