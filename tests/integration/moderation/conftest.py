"""Fixtures of the moderation tests."""

import threading
import uuid

import pytest
from django.db import connections, transaction

from moderado.core.events import connect
from moderado.moderation.events import CaseDecided
from moderado.moderation.models import Case
from moderado.moderation.services.recording import record
from moderado.moderation.types import Content, Outcome, Verdict
from moderado.wiring import wire


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
    """Open a case, as for a held message."""

    def hold(*, outcome=Outcome.HOLD, score=0.6, **fields):
        content = make_content(**fields)
        with transaction.atomic():
            record([(content, Verdict(outcome=outcome, score=score, decided_by="blocklist"))])
        return Case.objects.get(subject_id=content.subject_id, revision=content.revision)

    return hold


@pytest.fixture
def decided():
    """Every published CaseDecided, at the moment of publication."""
    published = []
    connect(after_commit={}, inside={CaseDecided: [published.append]})
    yield published
    wire()


@pytest.fixture
def at_once():
    """Run `work` in so many threads at once, each with its own connection; return the results.

    They commit: use `pytest.mark.django_db(transaction=True)`.
    """

    def run(number, work):
        ready, found = threading.Barrier(number), []

        def one():
            own = connections["default"] = _unpooled()
            try:
                own.ensure_connection()
                ready.wait(30)
                found.append(work())
            finally:
                own.close()

        threads = [threading.Thread(target=one) for _ in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(found) == number
        return found

    return run


def _unpooled():
    """A connection like a worker's: the web's pool is smaller than the number of threads."""
    own = connections.create_connection("default")
    options = {**own.settings_dict["OPTIONS"], "pool": False}
    own.settings_dict = {**own.settings_dict, "OPTIONS": options}
    return own
