import pytest

from moderado.core.events import Event, connect
from moderado.wiring import wire


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
