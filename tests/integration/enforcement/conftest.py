"""Fixtures of the enforcement tests."""

import pytest

from moderado.enforcement.services import appeal_outcomes
from tests.factories import make_member
from tests.integration.chat.conftest import heard as heard
from tests.integration.moderation.conftest import at_once as at_once
from tests.integration.moderation.conftest import decided as decided
from tests.integration.moderation.conftest import held as held


@pytest.fixture
def author(room):
    """A member of the room whose content is decided about."""
    return make_member(room).user


@pytest.fixture
def appeal_events(monkeypatch):
    """The events that outcomes of appeals publish."""
    published = []
    monkeypatch.setattr(appeal_outcomes, "publish", published.append)
    return published
