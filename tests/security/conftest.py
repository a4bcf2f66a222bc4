"""Fixtures of the security tests."""

import pytest

from tests.faults.conftest import start_cluster, template
from tests.integration.conftest import obedient_provider
from tests.integration.realtime.conftest import cast, server, timing
from tests.security.scene import Scene

__all__ = ["cast", "obedient_provider", "server", "start_cluster", "template", "timing"]


@pytest.fixture(params=["private", "public"])
def is_private(request):
    return request.param == "private"


@pytest.fixture(autouse=True)
def _obedient_provider(obedient_provider):
    """All tests of this folder use it."""


@pytest.fixture
def scene(transactional_db, is_private):
    """A scene that is committed: one long transaction would delay tests in other databases."""
    return Scene(is_private=is_private)
