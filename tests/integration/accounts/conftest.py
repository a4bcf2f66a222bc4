"""Fixtures of the account tests."""

import pytest

from moderado.accounts.events import SessionEnded
from moderado.core import events


@pytest.fixture
def ended(monkeypatch):
    """The ids of published SessionEnded events, in order."""
    heard = []
    monkeypatch.setitem(events._after_commit, SessionEnded, (heard.append,))
    return heard
