"""Commitments of cases and calls: kept by triggers, so that the server's role cannot change them.

All statements run with the triggers, as those of the server's role do.
"""

import uuid
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction

from moderado.moderation.commitments import canonical, commitment
from moderado.moderation.models import Case, CaseCommitment, ErasableText, ProviderCall
from moderado.moderation.services import text_moves
from moderado.moderation.services.deciding import undo_decision
from moderado.moderation.services.log_verification import verify_log
from moderado.moderation.services.recording import record
from moderado.moderation.services.texts import Kind, erase_texts, put_text
from moderado.moderation.types import Outcome, Verdict
from tests import rulings
from tests.factories import make_user
from tests.integration.moderation.conftest import make_content

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S167")]

EARLIER = import_module("moderado.moderation.migrations.0031_earlier_case_commitments")
SALT = b"s" * 16
OTHER = canonical({"text": "nunca foi escrito"})


@pytest.fixture
def case():
    content = make_content(text="o texto", subject_type="text")
    record([(content, Verdict(outcome=Outcome.HOLD))])
    return Case.objects.get()


@pytest.fixture
def call(case):
    row = ProviderCall.objects.create(
        subject_type="text", subject_id=case.subject_id, revision=1, provider="p", state="answered"
    )
    row.commitment = put_text(Kind.CALL, row.id, subject_of(case), {"raw": {"said": "isto"}})
    row.save()
    return row


def subject_of(case):
    return SimpleNamespace(
        subject_type=case.subject_type, subject_id=case.subject_id, author_id=None
    )


def rule(case):
    return rulings.rule(actor_id=make_user().id, case_id=case.id, outcome=Outcome.BLOCK)


def undo(case):
    undo_decision(Case.objects.get(pk=case.pk), actor_id=make_user().id, lease=None)


def rewrite(row):
    """Store another text of a record, with the commitment to it."""
    ErasableText.objects.filter(pk=row.pk).update(salt=SALT, content=OTHER)
    type(row).objects.filter(pk=row.pk).update(commitment=commitment(SALT, OTHER))


def faults():
    return [(fault.what, fault.id, fault.state) for fault in verify_log().faults]


def before_the_triggers():
    """Take the commitments of all cases away, as if the triggers were new."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM moderation_casecommitment")
        cursor.execute("SET session_replication_role = DEFAULT")


def keep_earlier():
    EARLIER.keep_earlier(None, SimpleNamespace(connection=connection))


def test_openings_rulings_reversals_and_erasures_verify(case):
    rule(case)
    undo(case)
    rule(case)
    assert verify_log().is_sound
    assert CaseCommitment.objects.count() == 4

    erase_texts(subject_ids=[case.subject_id])

    found = verify_log()
    assert (found.is_sound, found.texts["case"]) == (True, {"erased": 1})


@pytest.mark.parametrize("ruled", [False, True], ids=["open", "ruled"])
@pytest.mark.parametrize("earlier", [False, True], ids=["new", "earlier"])
def test_rewritten_text_of_a_case_is_found(case, ruled, earlier):
    if ruled:
        rule(case)
    if earlier:
        before_the_triggers()
        keep_earlier()
    assert verify_log().is_sound

    rewrite(case)

    assert faults() == [("case", str(case.id), "altered")]


def test_note_that_is_moved_into_a_case_without_a_ruling_is_found(case):
    Case.objects.update(note="nunca foi escrita")

    text_moves.move_texts(budget=5)

    assert faults() == [("case", str(case.id), "altered")]


@pytest.mark.parametrize("record_of", ["case", "call"])
def test_commitment_cannot_be_taken_away(request, record_of):
    row = request.getfixturevalue(record_of)

    with pytest.raises(IntegrityError), transaction.atomic():
        type(row).objects.update(commitment=None)


def test_text_of_a_call_cannot_be_rewritten(call):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        rewrite(call)


@pytest.mark.parametrize("change", ["commitment = NULL", "commitment = 'x'"])
def test_commitment_that_the_owner_of_the_tables_changes_is_found(case, change):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"UPDATE moderation_case SET {change}")  # noqa: S608  (from above)
        cursor.execute("SET session_replication_role = DEFAULT")

    assert faults() == [("case", str(case.id), "altered")]


@pytest.mark.parametrize("record_of", ["case", "call"])
def test_deleted_record_is_found(request, record_of):
    row = request.getfixturevalue(record_of)
    id_ = str(row.id)

    row.delete()

    assert faults() == [(record_of, id_, "missing")]


def test_deleted_case_cannot_come_back_with_another_text(case):
    id_ = case.id
    case.delete()
    case.id, case.commitment = id_, commitment(SALT, OTHER)

    with pytest.raises(IntegrityError, match="one_case_commitment"), transaction.atomic():
        case.save(force_insert=True)


def test_earlier_cases_are_kept_once_and_verify_after_further_rulings(case, monkeypatch):
    monkeypatch.setattr(EARLIER, "BATCH", 1)
    unmoved = Case.objects.create(
        subject_type="text", subject_id=uuid.uuid4(), revision=1, origin="hold", text="antigo"
    )
    rule(case)
    before_the_triggers()
    assert faults() == [("case", str(case.id), "altered")]

    keep_earlier()
    keep_earlier()

    assert verify_log().texts["case"] == {"intact": 1, "unmoved": 1}
    undo(case)
    text_moves.move_texts(budget=5)
    assert verify_log().texts["case"] == {"intact": 2}
    assert list(
        CaseCommitment.objects.order_by("id").values_list("case_id", "number", "lines_before")
    ) == [(case.id, 0, 1), (case.id, 1, 0), (unmoved.id, 1, 0)]


@pytest.mark.parametrize(
    "change", ["UPDATE {} SET number = 7", "DELETE FROM {}"], ids=["changed", "deleted"]
)
def test_kept_commitments_cannot_be_changed(case, change):
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format("moderation_casecommitment"))
