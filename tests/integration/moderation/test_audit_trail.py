"""The database keeps the moderation log append-only."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from moderado.moderation.models import ModerationLog
from moderado.moderation.types import Outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    return ModerationLog.objects.create(
        subject_type="message", subject_id=uuid.uuid4(), revision=1, verdict=Outcome.BLOCK
    )


def refused(statement):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        statement()
    return True


def test_log_line_cannot_be_updated(line):
    line.verdict = Outcome.ALLOW

    assert refused(line.save)
    line.refresh_from_db()
    assert line.verdict == Outcome.BLOCK


def test_log_line_cannot_be_deleted(line):
    assert refused(line.delete)
    assert ModerationLog.objects.filter(pk=line.pk).exists()


@pytest.mark.parametrize(
    "table, trigger",
    [
        ("moderation_moderationlog", "moderation_log_never_emptied"),
        ("moderation_logseal", "moderation_seals_never_emptied"),
        ("moderation_casecommitment", "moderation_case_commitments_never_emptied"),
        ("enforcement_auditline", "audit_never_emptied"),
        ("enforcement_accessrecord", "access_never_emptied"),
        ("enforcement_accessseal", "access_seals_never_emptied"),
        ("enforcement_pastoutcome", "past_outcomes_never_emptied"),
    ],
)
def test_records_cannot_be_truncated(line, table, trigger):
    def empty():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            # As everywhere but in the test database; rolled back with the transaction.
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
            cursor.execute(f"TRUNCATE {table} CASCADE")

    assert refused(empty)
    assert ModerationLog.objects.filter(pk=line.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_test_database_can_be_truncated(line):
    assert ModerationLog.objects.filter(pk=line.pk).exists()
