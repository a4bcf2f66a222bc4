"""Fixtures that several folders of tests share."""

from math import inf
from random import randrange

import pytest

from moderado.core import slices
from moderado.moderation.services import policy_findings
from tests.factories import make_member, make_room
from tests.providers import Obedient


@pytest.fixture
def obedient_provider(settings):
    """The provider answers with the verdict named in the text: BLOCK, HOLD, FLAG, or ALLOW."""
    Obedient.asked.clear()
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Obedient"}]


@pytest.fixture(autouse=True)
def _whole_slices(monkeypatch):
    """A slice of long work does all there is to do, however slow the machine is."""
    monkeypatch.setattr(slices, "SLICE", inf)


@pytest.fixture
def no_identity_sentences(monkeypatch):
    """Policies are checked without sentences about identities: not the point, and slow."""
    monkeypatch.setattr(policy_findings, "identity_sentences", tuple)


@pytest.fixture
def few_identity_sentences(monkeypatch):
    """Policies are checked with some sentences about identities: 2,184 are slow."""
    sentences = policy_findings.identity_sentences()[::100]
    monkeypatch.setattr(policy_findings, "identity_sentences", lambda: sentences)


@pytest.fixture
def network():
    """The prefix of unused IPv6 addresses: 48 bits."""
    return f"2001:{randrange(0x10000):x}:{randrange(0x10000):x}"


@pytest.fixture
def room():
    """A public room with mode `pre`."""
    return make_room()


@pytest.fixture
def alice(room):
    """A member of the room."""
    return make_member(room).user


@pytest.fixture
def bob(room):
    """Another member of the room."""
    return make_member(room).user
