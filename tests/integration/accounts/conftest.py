"""What the tests of accounts share."""

import pytest

from moderado.accounts.events import SessionEnded
from moderado.core import events


@pytest.fixture
def ended(monkeypatch):
    """The sessions whose end has been told, in order."""
    heard = []
    monkeypatch.setitem(events._after_commit, SessionEnded, (heard.append,))
    return heard
