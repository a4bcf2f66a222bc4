from functools import partial

import pytest

from moderado.chat.models import Membership
from moderado.core.events import Event, connect
from moderado.wiring import wire
from tests.factories import make_member


@pytest.fixture(autouse=True)
def _obedient_provider(obedient_provider):
    """All tests of this folder use it."""


@pytest.fixture
def heard():
    """Every published event, in order, once its transaction commits."""
    published = []
    wire(after_commit={kind: [published.append] for kind in Event.__subclasses__()})
    yield published
    wire()


@pytest.fixture
def published():
    """The events in the order of publication, before their transaction commits."""
    so_far = []
    connect(after_commit={}, inside={kind: [so_far.append] for kind in Event.__subclasses__()})
    yield so_far
    wire()


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """A block that runs on_commit hooks at its end."""
    return partial(django_capture_on_commit_callbacks, execute=True)


@pytest.fixture
def admin(room):
    """An administrator of the room."""
    return make_member(room, role=Membership.Role.ADMIN).user
