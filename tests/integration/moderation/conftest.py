import uuid

import pytest

from moderado.moderation.models import Case
from moderado.moderation.services.screening import record
from moderado.moderation.types import Content, Outcome, Verdict


def make_content(**fields):
    defaults = {
        "subject_type": "message",
        "subject_id": uuid.uuid4(),
        "revision": 1,
        "text": "talvez ofensivo",
        "scope_id": uuid.uuid4(),
    }
    return Content(**(defaults | fields))


@pytest.fixture
def held():
    """Opens a case, as a held message does."""

    def hold(*, outcome=Outcome.HOLD, score=0.6, **fields):
        content = make_content(**fields)
        record([(content, Verdict(outcome=outcome, score=score, rung="blocklist"))])
        return Case.objects.get(subject_id=content.subject_id, revision=content.revision)

    return hold


@pytest.fixture
def decided(monkeypatch):
    """Every CaseDecided that was published."""
    published = []
    monkeypatch.setattr("moderado.moderation.services.review.publish", published.append)
    return published
