"""Fixtures of the security tests."""

import pytest

from tests.faults.conftest import start_cluster, template
from tests.integration.conftest import no_identity_sentences, obedient_provider
from tests.integration.realtime.conftest import cast, server, timing
from tests.security.scene import Scene

__all__ = [
    "cast",
    "no_identity_sentences",
    "obedient_provider",
    "server",
    "start_cluster",
    "template",
    "timing",
]


@pytest.fixture(params=["private", "public"])
def is_private(request):
    return request.param == "private"


@pytest.fixture(autouse=True)
def _obedient_provider(obedient_provider, no_identity_sentences):
    """All tests of this folder use them: each scene enables two versions of a policy."""


@pytest.fixture
def scene(transactional_db, is_private):
    """A scene that is committed: one long transaction would delay tests in other databases."""
    return Scene(is_private=is_private)
