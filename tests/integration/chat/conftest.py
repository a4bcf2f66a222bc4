import pytest

from moderado.core.events import Event, connect
from moderado.wiring import wire
from tests.factories import make_member, make_room
from tests.providers import Obedient


@pytest.fixture(autouse=True)
def _obedient_provider(settings):
    """The provider answers with the verdict named in the text: BLOCK, HOLD, FLAG, or ALLOW."""
    Obedient.asked.clear()
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Obedient"}]


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
def room():
    return make_room()


@pytest.fixture
def alice(room):
    return make_member(room).user


@pytest.fixture
def bob(room):
    return make_member(room).user
