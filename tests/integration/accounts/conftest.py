"""Fixtures of the account tests."""

import pytest

from moderado.accounts.events import SessionEnded
from moderado.core.events import connect
from moderado.wiring import wire


@pytest.fixture
def ended():
    """The ids of published SessionEnded events, in order."""
    heard = []
    connect(after_commit={SessionEnded: [heard.append]})
    yield heard
    wire()
