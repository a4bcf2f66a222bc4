"""Texts beside the log: stored, moved from a previous release, erased, and verified."""

import json
import uuid
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from moderado.enforcement.selectors.cases import get_case
from moderado.enforcement.types import Actor
from moderado.moderation.models import (
    BlockedText,
    Case,
    ErasableText,
    LogSeal,
    ModerationLog,
    ProviderCall,
    SubjectRevision,
)
from moderado.moderation.selectors import get_log
from moderado.moderation.selectors import rulings as ruled_texts
from moderado.moderation.services import sealing, text_moves
from moderado.moderation.services.log_verification import Verification, verify_log
from moderado.moderation.services.recording import record
from moderado.moderation.services.sealing import DIGESTED, seal_log
from moderado.moderation.services.texts import erase_texts
from moderado.moderation.texts import TextState, texts_of, with_texts
from moderado.moderation.types import Outcome, Signal, Verdict
from tests import rulings
from tests.factories import make_user
from tests.integration.moderation.conftest import make_content

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S66")]

SECRET = "o texto que precisa sumir"
NOW = timedelta(seconds=-2)  # seals lines of this very moment, too
STAFF = Actor(id=uuid.uuid4(), scope_ids=None)
NOTE = {"outcome": "BLOCK", "reason": "ofensa", "note": f"ela disse: {SECRET}"}


def answered(**fields):
    """Return a verdict whose provider wrote something about the text."""
    signal = Signal(provider="judge", model="m", raw={"rationale": f"diz {SECRET}", "at": 1e-07})
    return Verdict(outcome=Outcome.HOLD, score=0.6, decided_by="judge", signals=(signal,), **fields)


def judged(verdict=None, **fields):
    content = make_content(text=SECRET, subject_type="text", **fields)  # of no context
    record([(content, verdict or answered())])
    return content


def ruled(content, **ruling):
    case = Case.objects.get(subject_id=content.subject_id)
    moderator = make_user()
    return rulings.rule(
        actor_id=moderator.id, case_id=case.id, scope_ids=None, **{**NOTE, **ruling}
    )


@contextmanager
def tampering():
    """Change rows as the owner of the tables can."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield cursor
        cursor.execute("SET session_replication_role = DEFAULT")


def previous_release(content, raw):
    """Write a log line and a case as the release before the side table does."""
    line = ModerationLog.objects.create(
        subject_type=content.subject_type,
        subject_id=content.subject_id,
        revision=content.revision,
        scope_id=content.scope_id,
        verdict=Outcome.HOLD,
        raw=raw,
    )
    case = Case.objects.create(
        subject_type=content.subject_type,
        subject_id=content.subject_id,
        revision=content.revision,
        scope_id=content.scope_id,
        origin="hold",
        text=content.text,
    )
    return line, case


def answered_call(content):
    return ProviderCall.objects.create(
        subject_type=content.subject_type,
        subject_id=content.subject_id,
        revision=1,
        provider="judge",
        state="answered",
        response={"scores": {"hate": 0.25}, "outcome": "HOLD", "raw": {"rationale": SECRET}},
    )


def everything():
    """Return all that is stored in the tables of moderation, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table.startswith("moderation_"):
                cursor.execute(f"SELECT t::text FROM {table} t")  # noqa: S608  (our table)
                found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def states(found: Verification):
    return {kind: dict(counted) for kind, counted in found.texts.items()}


def test_texts_leave_the_line_the_case_and_the_call():
    content = judged()
    ruled(content)

    assert SECRET not in str(ModerationLog.objects.values())
    assert SECRET not in str(Case.objects.values())
    (machine, ruling) = with_texts(ModerationLog.objects.order_by("id"))
    assert machine.texts.content["raw"]["judge"]["answer"]["rationale"] == f"diz {SECRET}"
    assert ruling.texts.content["raw"]["note"] == NOTE["note"]
    case = get_case(actor=STAFF, case_id=Case.objects.get().id)
    assert (case.text, case.reason, case.note) == (SECRET, NOTE["reason"], NOTE["note"])
    assert {row.author_id for row in ErasableText.objects.all()} == {content.author_id}


def test_line_without_texts_has_no_row():
    judged(Verdict(outcome=Outcome.ALLOW))

    (line,) = with_texts(ModerationLog.objects.all())
    assert (line.commitment, line.texts.state) == (None, TextState.NONE)
    assert not ErasableText.objects.exists()


def test_verdicts_with_texts_take_two_statements(django_assert_num_queries):
    pairs = [(make_content(), answered()) for _ in range(50)]

    with django_assert_num_queries(2):
        record(pairs)
    with django_assert_num_queries(1):
        record([(content, Verdict(outcome=Outcome.ALLOW)) for content, _ in pairs])


def test_second_case_of_a_revision_leaves_no_text():
    content = judged(Verdict(outcome=Outcome.HOLD))
    record([(content, Verdict(outcome=Outcome.HOLD))])

    assert ErasableText.objects.get().id == Case.objects.get().id


def test_erased_texts_are_gone_and_the_log_verifies():
    author = make_user()
    content = judged(author_id=author.id)
    other = judged(author_id=make_user().id)
    ruled(content)
    seal_log(settle=NOW)
    assert verify_log().is_sound

    erased = erase_texts(subject_ids=[content.subject_id])

    assert (erased.log, erased.case, erased.call) == (2, 1, 0)
    assert everything().count(SECRET) == 2  # of the other message
    found = verify_log()
    assert found.is_sound
    assert dict(found.lines) == {"intact": 3, "unsealed": 0}
    assert states(found)["log"] == {"erased": 2, "intact": 1}
    assert states(found)["case"] == {"erased": 1, "intact": 1}
    case = get_case(actor=STAFF, case_id=Case.objects.get(subject_id=content.subject_id).id)
    assert (case.text, case.texts.state) == ("", TextState.ERASED)
    line = ModerationLog.objects.filter(subject_id=content.subject_id).first()
    assert get_log(log_id=line.id, scope_ids=None).texts.state is TextState.ERASED
    assert ModerationLog.objects.filter(subject_id=other.subject_id).count() == 1
    assert ruled_texts() == []
    assert erase_texts(subject_ids=[content.subject_id]).log == 0


def test_texts_of_an_account_are_erased():
    author, other = make_user(), make_user()
    mine, theirs = judged(author_id=author.id), judged(author_id=other.id)
    BlockedText.objects.create(scope_id=mine.scope_id, author_id=author.id, digest=b"x" * 16)
    names = {
        revision: SubjectRevision.objects.create(
            subject_type="user_name",
            subject_id=author.id,
            revision=revision,
            author=author,
            text=f"nome {revision}",
            status=status,
        )
        for revision, status in enumerate(("REJECTED", "APPROVED", "APPROVED", "PENDING"), 1)
    }

    erased = erase_texts(author_id=author.id)

    assert (erased.log, erased.case, erased.names) == (1, 1, 2)
    assert not ErasableText.objects.filter(author_id=author.id).exists()
    assert texts_of(Case.objects.filter(subject_id=theirs.subject_id))
    assert everything().count(SECRET) == 2
    assert not BlockedText.objects.exists()
    kept = [SubjectRevision.objects.get(pk=row.pk).text for row in names.values()]
    assert kept == ["", "", "nome 3", "nome 4"]  # what is shown or waits is left to its owner
    assert verify_log().is_sound


def test_ruling_after_the_erasure_keeps_its_note():
    content = judged()
    erase_texts(subject_ids=[content.subject_id])

    case = ruled(content, note="sem o texto")

    assert (case.text, case.note, case.texts.state) == ("", "sem o texto", TextState.ERASED)
    assert verify_log().is_sound


@pytest.mark.parametrize(
    "raw, left",
    [
        ({"openai": {"answer": {"said": SECRET}}}, {"openai": {}}),
        ({"case": "c-1", "reason": "ofensa", "note": SECRET}, {"case": "c-1"}),
    ],
    ids=["answers", "ruling"],
)
def test_texts_of_a_previous_release_are_read_and_moved(raw, left):
    content = make_content(text=SECRET)
    line, case = previous_release(content, raw)
    call = answered_call(content)
    before = texts_of([line, case, call])
    assert states(verify_log()) == {kind: {"unmoved": 1} for kind in ("log", "case", "call")}

    seal_log(settle=NOW)

    line, case, call = (type(row).objects.get(pk=row.pk) for row in (line, case, call))
    after = texts_of([line, case, call])
    assert after[line.pk].content == before[line.pk].content == {"raw": raw}
    assert after[call.pk].content == before[call.pk].content
    assert after[case.pk].content == {"text": SECRET}
    assert (line.raw, case.text) == (left, "")
    assert call.response == {"scores": {"hate": 0.25}, "outcome": "HOLD"}
    found = verify_log()
    assert found.is_sound
    assert states(found) == {kind: {"intact": 1} for kind in ("log", "case", "call")}
    assert found.lines["intact"] == 1


def test_ruling_of_a_previous_release_on_a_moved_case_is_merged():
    content = judged()
    Case.objects.update(reason="ofensa", note="nota antiga", state="decided")
    ModerationLog.objects.create(
        subject_type=content.subject_type,
        subject_id=content.subject_id,
        revision=content.revision,
        scope_id=content.scope_id,
        verdict=Outcome.BLOCK,
        raw={"case": str(Case.objects.get().id), "reason": "ofensa", "note": "nota antiga"},
    )
    assert with_texts(Case.objects.all())[0].note == "nota antiga"

    assert text_moves.move_texts(budget=5)

    (case,) = with_texts(Case.objects.all())
    assert (case.text, case.reason, case.note) == (SECRET, "ofensa", "nota antiga")
    assert Case.objects.filter(note="", reason="").count() == 1
    assert verify_log().is_sound
    erase_texts(subject_ids=[content.subject_id])
    assert "nota antiga" not in everything()


def test_erasure_finds_what_was_not_moved_yet():
    content = make_content(text=SECRET)
    previous_release(content, {"openai": {"said": SECRET}})
    answered_call(content)

    erased = erase_texts(subject_ids=[content.subject_id])

    assert (erased.log, erased.case, erased.call) == (1, 1, 1)
    assert SECRET not in everything()
    assert verify_log().is_sound


def test_moving_is_resumed_where_it_stopped(monkeypatch):
    monkeypatch.setattr(text_moves, "BATCH", 2)
    monkeypatch.setattr(sealing, "BATCH", 2)
    monkeypatch.setattr(sealing, "BUDGET", 0.0)
    for _ in range(5):
        previous_release(make_content(), {"openai": {"said": SECRET}})

    runs = 1
    while not seal_log(settle=NOW):
        runs += 1

    assert runs == 3
    assert [len(seal.entries) // 48 for seal in LogSeal.objects.order_by("number")] == [2, 2, 1]
    assert not Case.objects.exclude(text="").exists()
    assert verify_log().is_sound


def test_only_the_move_of_texts_may_change_a_line():
    line, _ = previous_release(make_content(), {"openai": {"said": SECRET}})
    moved = {"raw": {"openai": {}}, "commitment": b"x" * 32}

    def refused(**fields):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            ModerationLog.objects.filter(pk=line.pk).update(**fields)

    refused(**moved)  # the side table does not have the text
    row = ErasableText.objects.create(
        id=line.pk,
        kind="log",
        subject_type="message",
        subject_id=line.subject_id,
        salt=b"s" * 16,
        content=json.dumps({"raw": {"openai": {"said": "outra coisa"}}}),
    )
    refused(**moved)
    ErasableText.objects.filter(pk=row.pk).update(content=json.dumps({"raw": line.raw}))
    refused(**moved | {"raw": {}})  # the provider's name is lost
    refused(**moved | {"verdict": "ALLOW"})
    refused(commitment=b"x" * 32)
    ModerationLog.objects.filter(pk=line.pk).update(**moved)
    refused(**moved)  # once


def test_young_lines_are_not_sealed_yet():
    judged()

    seal_log()

    assert not LogSeal.objects.exists()
    assert verify_log().lines == {"unsealed": 1}


def test_every_column_of_a_line_is_digested():
    columns = {field.attname for field in ModerationLog._meta.concrete_fields}
    assert set(DIGESTED) == columns, "add the column to `sealing.DIGESTED`"


@pytest.mark.parametrize(
    "change, lines, faults",
    [
        ("UPDATE moderation_moderationlog SET verdict = 'ALLOW' WHERE id = %s",
         {"altered": 1}, ["altered"]),
        ("UPDATE moderation_moderationlog SET commitment = NULL WHERE id = %s",
         {"altered": 1}, ["altered"]),
        ("DELETE FROM moderation_moderationlog WHERE id = %s", {"missing": 1}, ["missing"]),
        ("UPDATE moderation_erasabletext SET content = '{}' WHERE id = %s", {}, ["altered"]),
        ("UPDATE moderation_erasabletext SET content = NULL, salt = NULL WHERE id = %s",
         {}, ["altered"]),
        ("DELETE FROM moderation_erasabletext WHERE id = %s", {}, ["missing"]),
    ],
    ids=["line", "commitment", "lost_line", "text", "emptied_text", "lost_text"],
)  # fmt: skip
def test_altered_and_lost_lines_and_texts_are_found(change, lines, faults):
    for _ in range(3):
        judged()
    seal_log(settle=NOW)
    line = ModerationLog.objects.order_by("id")[1]
    assert verify_log().is_sound

    with tampering() as cursor:
        cursor.execute(change, [line.pk])

    found = verify_log()
    assert not found.is_sound
    assert [(fault.id, fault.state) for fault in found.faults] == [(str(line.pk), faults[0])]
    assert {state: n for state, n in found.lines.items() if n and state != "intact"} == lines


def test_added_lines_and_altered_lost_and_new_seals_are_found():
    judged()
    seal_log(settle=NOW)
    judged()
    seal_log(settle=NOW)
    judged()
    seal_log(settle=NOW)
    head = verify_log().head
    assert verify_log(head=head[1]).is_sound
    early = uuid.UUID(int=ModerationLog.objects.order_by("id").first().pk.int + 1)
    ModerationLog.objects.create(
        id=early, subject_type="message", subject_id=early, revision=1, verdict="ALLOW"
    )
    assert [(fault.id, fault.state) for fault in verify_log().faults] == [(str(early), "added")]

    with tampering() as cursor:
        cursor.execute("DELETE FROM moderation_moderationlog WHERE id = %s", [early])
        cursor.execute("DELETE FROM moderation_logseal WHERE number = 2")
    assert [(fault.what, fault.id) for fault in verify_log().faults] == [("seal", "2-2")]
    with tampering() as cursor:
        cursor.execute("DELETE FROM moderation_logseal")
    seal_log(settle=NOW)
    assert verify_log().is_sound
    assert not verify_log(head=head[1]).is_sound

    with tampering() as cursor:
        cursor.execute("UPDATE moderation_logseal SET last_id = after_id")
    assert verify_log().seals == {"altered": 1}


def test_seals_cannot_be_changed():
    judged()
    seal_log(settle=NOW)

    for change in ("UPDATE moderation_logseal SET number = 7", "DELETE FROM moderation_logseal"):
        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)


def test_command_reports_and_fails():
    content = judged()
    seal_log(settle=NOW)
    erase_texts(subject_ids=[content.subject_id])
    out = StringIO()

    call_command("log", "verify", "--json", stdout=out)

    found = json.loads(out.getvalue())
    assert (found["verified"], found["head"]["number"], found["faults"]) == (True, 1, [])
    assert found["texts"]["log"] == {"erased": 1}
    with tampering() as cursor:
        cursor.execute("DELETE FROM moderation_erasabletext")
    with pytest.raises(CommandError):
        call_command("log", "verify", stdout=out)
    line = ModerationLog.objects.get()
    assert f"log {line.pk}: missing" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_open_transaction_holds_the_seal_back(at_once):
    def sealed_beside():
        with transaction.atomic():
            judged()  # a younger line, stored earlier
        seal_log(settle=timedelta(0))
        return LogSeal.objects.count()

    with transaction.atomic():
        judged()
        (beside,) = at_once(1, sealed_beside)
    assert beside == 0
    seal_log(settle=NOW)
    assert len(LogSeal.objects.get().entries) == 2 * 48
    assert verify_log().is_sound
