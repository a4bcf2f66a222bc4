import pytest

from moderado.core import events
from moderado.core.events import Event, connect
from moderado.wiring import wire
from tests.factories import make_member, make_room
from tests.providers import Obedient


@pytest.fixture(autouse=True)
def _obedient_provider(settings):
    """The machine's opinion is read off the text, so that tests say what they mean."""
    Obedient.asked.clear()
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Obedient"}]


@pytest.fixture
def heard(monkeypatch):
    """Every event published, in order, as if its transaction had committed at once."""
    published = []
    monkeypatch.setattr(events, "_after_commit", _Everything(published))
    return published


class _Everything(dict):
    """A routing table that notes the events of every kind."""

    def __init__(self, published):
        self._published = published

    def get(self, kind, default=()):
        return (self._published.append,)


@pytest.fixture
def published():
    """Every event at the moment it is published, before its transaction commits."""
    events_so_far = []
    kinds = Event.__subclasses__()
    connect(after_commit={}, inside={kind: [events_so_far.append] for kind in kinds})
    yield events_so_far
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
