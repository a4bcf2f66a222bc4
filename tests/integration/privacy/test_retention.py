"""Retention: what is older than the settings allow is erased, in batches, and reported."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from moderado.accounts.models import ApiKey
from moderado.chat.models import Message, Revision
from moderado.chat.services import retaining
from moderado.core import slices
from moderado.core.ids import first_id, new_id
from moderado.enforcement.models import (
    Appeal,
    BulkRuling,
    Purge,
    Report,
    ReportingSuspension,
    RetentionRun,
    Ruling,
    Sanction,
)
from moderado.enforcement.services import retention
from moderado.enforcement.services.holds import add_hold
from moderado.moderation.models import (
    Case,
    ErasableText,
    ModerationLog,
    ShadowResult,
    SuggestedScore,
)
from moderado.moderation.services.log_verification import verify_log
from moderado.moderation.services.texts import Kind, put_text
from tests.everything import tables_with
from tests.factories import make_member, make_message, make_staff, make_user
from tests.integration.privacy.test_erasure import of_room
from tests.integration.privacy.words import CANARY
from tests.refused_rows import refused

pytestmark = pytest.mark.django_db

OLD = datetime.now(UTC) - timedelta(days=100)
NEVER = dict.fromkeys(retention.KINDS, 0)


def old_id(number=1):
    return UUID(int=first_id(OLD).int | (7 << 76) | (2 << 62) | number)


def old_message(room, number=1, **fields):
    return make_message(room, id=old_id(number), **{"status": "APPROVED", "seq": 1, **fields})


def run():
    out = StringIO()
    call_command("retention", "run", "--json", stdout=out)
    return json.loads(out.getvalue())


def test_old_messages_leave_their_rooms_and_younger_ones_stay(room, bob, settings):
    settings.RETENTION_DAYS = NEVER | {"messages": 90}
    old, new = old_message(room), make_message(room, status="APPROVED", seq=2)
    room.seq = 2
    room.save()

    assert run() == {"messages": 1}

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, old.text, old.seq) == ("REMOVED", "", 3)
    assert old.client_id is not None, "a repeat is recognized for ever"
    assert new.text == "bom dia"
    room.refresh_from_db()
    assert [m.status for m in of_room(room, bob, after=2).messages] == ["REMOVED"]


def test_only_refused_texts_are_erased_by_their_setting(room, settings):
    settings.RETENTION_DAYS = NEVER | {"rejected": 90}
    shown, refused = old_message(room), old_message(room, 2, status="REJECTED", seq=0)

    assert run() == {"rejected": 1}

    shown.refresh_from_db()
    refused.refresh_from_db()
    assert (shown.text, refused.text, refused.status) == ("bom dia", "", "REMOVED")


def test_texts_of_ended_cases_and_answers_are_erased(room, settings):
    settings.RETENTION_DAYS = NEVER | {"cases": 90, "answers": 90}
    subject = old_message(room)
    for number, state in enumerate(("decided", "open"), start=1):
        Case.objects.create(
            id=old_id(number),
            subject_type="message",
            subject_id=subject.id,
            revision=number,
            origin="hold",
            state=state,
            decided_at=OLD if state == "decided" else None,
        )
    rows = [(Kind.CASE, 1), (Kind.CASE, 2), (Kind.CALL, 3), (Kind.LOG, 4)]
    ErasableText.objects.bulk_create(
        ErasableText(
            id=old_id(number),
            kind=kind,
            subject_type="message",
            subject_id=subject.id,
            salt=b"s",
            content="{}",
        )
        for kind, number in rows
    )

    assert run() == {"cases": 1, "answers": 2}

    left = ErasableText.objects.filter(erased_at=None).values_list("id", flat=True)
    assert list(left) == [old_id(2)], "the open case"


@pytest.mark.proves("R106")
def test_what_a_legal_hold_keeps_is_not_erased(room, settings):
    settings.RETENTION_DAYS = NEVER | {"messages": 90}
    held, theirs, free = (old_message(room, number) for number in (1, 2, 3))
    for kind, subject, author in (
        ("message", held.id, held.author_id),
        ("user", theirs.author_id, theirs.author_id),
    ):
        add_hold(
            actor_id=None,
            subject_type=kind,
            subject_id=subject,
            author_id=author,
            reference="A 1",
        )

    assert run() == {"messages": 1}

    assert set(Message.objects.exclude(text="").values_list("pk", flat=True)) == {
        held.id,
        theirs.id,
    }
    free.refresh_from_db()
    assert free.text == ""


@pytest.mark.proves("R130")
def test_longest_terms_of_the_settings_keep_texts_and_do_not_stop_the_run(room, settings):
    settings.RETENTION_DAYS = dict.fromkeys(retention.KINDS, 36_500) | {"rejected": 1}
    old_message(room)
    old_message(room, 2, status="REJECTED", seq=0)

    assert run() == dict.fromkeys(retention.KINDS, 0) | {"rejected": 1}

    assert set(Message.objects.values_list("text", flat=True)) == {"bom dia", ""}


@pytest.mark.proves("R136", "R143")
def test_message_that_cannot_be_erased_stops_nothing_behind_it(room, settings):
    settings.RETENTION_DAYS = NEVER | {"messages": 90, "cases": 90, "shadows": 90}
    first, *others = [old_message(room, number, seq=number) for number in range(1, 4)]

    with refused(first):
        assert run() == {"messages": 2, "cases": 0, "shadows": 0}
    assert [Message.objects.get(pk=each.pk).text for each in others] == ["", ""]
    assert run() == {"messages": 1, "cases": 0, "shadows": 0}


@pytest.mark.proves("R136")
def test_answer_that_cannot_be_erased_stops_no_other_and_no_batch_behind(settings, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    settings.RETENTION_DAYS = NEVER | {"answers": 90}
    first, *_ = ErasableText.objects.bulk_create(
        ErasableText(
            id=old_id(number), kind=Kind.CALL, subject_type="message", subject_id=new_id(),
            salt=b"s", content="{}",
        )
        for number in range(1, 6)
    )  # fmt: skip

    with refused(first):
        assert run() == {"answers": 4}
    assert run() == {"answers": 1}


@pytest.mark.proves("R136")
def test_refused_edit_that_cannot_be_erased_stops_no_other(room, settings):
    settings.RETENTION_DAYS = NEVER | {"rejected": 90}
    message = make_message(room, status="APPROVED", seq=1)
    first, second = Revision.objects.bulk_create(
        Revision(id=old_id(number), message=message, revision=number, text="x", status="REJECTED")
        for number in (2, 3)
    )
    refusal = old_message(room, status="REJECTED", seq=0)

    with refused(first):
        assert run() == {"rejected": 1}
    second.refresh_from_db()
    refusal.refresh_from_db()
    assert (second.text, refusal.text) == ("", "")
    run()
    first.refresh_from_db()
    assert first.text == ""


def test_run_continues_where_it_stopped(room, settings, monkeypatch):
    settings.RETENTION_DAYS = NEVER | {"messages": 90}
    for number in range(1, 6):
        old_message(room, number)
    monkeypatch.setattr(retaining, "BATCH", 2)
    monkeypatch.setattr(slices, "SLICE", 0)
    retention.start_run()
    retaining.run_slice()
    assert RetentionRun.objects.get().counts == {"messages": 2}
    assert retention.claim_run() is not None
    assert not retaining.run_slice(), "the lease of a worker that died"
    RetentionRun.objects.update(lease_until=None)

    while retaining.run_slice():
        pass

    assert RetentionRun.objects.get().counts == {"messages": 5}
    assert verify_log().is_sound


def test_beat_begins_one_run_a_day_and_none_without_settings(settings):
    settings.RETENTION_DAYS = NEVER
    retention.start_daily_run()
    assert not RetentionRun.objects.exists()
    settings.RETENTION_DAYS = NEVER | {"messages": 90}
    retention.start_daily_run()
    retention.start_daily_run()
    assert RetentionRun.objects.count() == 1
    RetentionRun.objects.update(
        ended_at=timezone.now(), created_at=timezone.now() - timedelta(days=2)
    )
    retention.start_daily_run()
    assert RetentionRun.objects.count() == 2


def test_old_verdicts_of_shadows_are_deleted(room, settings, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    settings.RETENTION_DAYS = NEVER | {"shadows": 90}
    verdict = {"subject_type": "message", "revision": 1, "decided": "ALLOW", "outcome": "HOLD"}
    ids = [*map(old_id, range(3)), new_id()]
    for each in ids:
        ShadowResult.objects.create(id=each, line_id=each, subject_id=each, **verdict)

    assert run() == {"shadows": 3}

    assert [each.id for each in ShadowResult.objects.all()] == ids[3:]


@pytest.mark.proves("S123")
def test_refused_edit_beside_a_shown_text_is_erased_by_the_age_of_its_verdict(room, settings):
    settings.RETENTION_DAYS = NEVER | {"rejected": 90}
    refused = {"edit_text": "recusada", "edit_revision": 2, "edit_status": "REJECTED"}
    aged, young, held = (old_message(room, number, **refused) for number in (1, 2, 3))
    for message, line_id in ((aged, old_id(4)), (young, new_id()), (held, old_id(5))):
        ModerationLog.objects.create(
            id=line_id, subject_type="message", subject_id=message.id, revision=2, verdict="BLOCK"
        )
    add_hold(
        actor_id=None, subject_type="message", subject_id=held.id, author_id=held.author_id,
        reference="A 1",
    )  # fmt: skip

    run()

    texts = dict(Message.objects.values_list("pk", "edit_text"))
    assert texts == {aged.id: "", young.id: "recusada", held.id: "recusada"}
    aged.refresh_from_db()
    assert (aged.text, aged.status, aged.edit_status) == ("bom dia", "APPROVED", "REJECTED")


LAWFUL = "spam"  # a code, which names no person


class Words:
    """What people wrote on an old case, and on old measures without a case."""

    def __init__(self, room):
        author, self.reporter, staff = make_member(room).user, make_user(), make_staff()
        self.author = author
        written = {"reason": f"porque {CANARY}", "public_note": CANARY}
        self.case = case = Case.objects.create(
            id=old_id(), subject_type="message", subject_id=new_id(), revision=1, origin="report",
            state="decided", decided_at=OLD, author=author,
        )  # fmt: skip
        ruling = Ruling.objects.create(
            case=case, subject_type="message", subject_id=case.subject_id, revision=1,
            author=author, content="remove", actor=staff, effective_at=OLD, undo_until=OLD,
            private_note=CANARY, **written,
        )  # fmt: skip
        Report.objects.create(
            reporter=self.reporter, subject_type="message", subject_id=case.subject_id,
            revision=1, category="hate", comment=CANARY, case=case, state="decided", ruling=ruling,
        )  # fmt: skip
        over = {"user": author, "ends_at": OLD, "lift_reason": f"pois {CANARY}", **written}
        changed = {"end_reason": f"mas {CANARY}", "kind": "mute", "actor": staff}
        by_hand = Sanction.objects.create(**changed, **over)
        Sanction.objects.create(ruling=ruling, **changed, **over)
        Sanction.objects.create(kind="warning", user=author, starts_at=OLD, **written)
        suspension = ReportingSuspension.objects.create(
            decided_reports=10, rejected_reports=10, actor=staff, **over
        )
        bulk = BulkRuling.objects.create(
            actor=staff, filter={}, ruling={**written, "private_note": CANARY, "content": "allow"},
            state="reversed", reversal_reason=f"pois {CANARY}", finished_at=OLD,
        )  # fmt: skip
        assert bulk.finished_at
        purge = Purge.objects.create(
            actor=staff, user=author, since=OLD, state="done", finished_at=OLD, **written
        )
        for kind, decision, more in (
            ("ruling", ruling, {"appealed": ruling}),
            ("sanction", by_hand, {}),
            ("suspension", suspension, {}),
            ("purge", purge, {}),
        ):
            Appeal.objects.create(
                appellant=author, decision_type=kind, decision_id=decision.id, text=CANARY,
                subject_type="message", subject_id=case.subject_id if more else new_id(),
                state="decided", decided_at=OLD, due_at=OLD, **written, **more,
            )  # fmt: skip


@pytest.mark.proves("R145")
def test_words_on_old_cases_and_measures_are_erased(room, settings):
    settings.RETENTION_DAYS = NEVER | {"cases": 90}
    Words(room)

    assert run() == {"cases": 0}, "of verdicts there were none"

    assert tables_with(CANARY) == set()


@pytest.mark.proves("R185")
def test_each_step_of_a_run_erases_one_batch_of_any_table(room, settings, monkeypatch):
    settings.RETENTION_DAYS = NEVER | {"rejected": 90, "cases": 90}
    Words(room)
    message = make_message(room, status="APPROVED", seq=1)
    edit = {"message": message, "text": CANARY, "status": "REJECTED"}
    Revision.objects.bulk_create(
        Revision(id=old_id(number), revision=number, **edit) for number in (2, 3)
    )
    monkeypatch.setattr(slices, "SLICE", 0)
    monkeypatch.setattr(retention, "BATCH", 1)
    monkeypatch.setattr(retaining, "BATCH", 1)
    retention.start_run()
    left, losses = _rows_with_words(), []

    while retaining.run_slice():
        before, left = left, _rows_with_words()
        losses.append(before - left)

    assert (max(losses), left) == (1, 0)


def _rows_with_words():
    by_hand = (
        Sanction.objects.filter(ruling=None),
        ReportingSuspension.objects.all(),
        Purge.objects.all(),
        Appeal.objects.exclude(decision_type="ruling"),
    )
    written = sum(rows.exclude(public_note="").count() for rows in by_hand)
    return written + Revision.objects.filter(text=CANARY).count()


@pytest.mark.proves("R145")
def test_words_that_are_still_needed_stay(room, settings):
    settings.RETENTION_DAYS = NEVER | {"cases": 90}
    words, now = Words(room), timezone.now()
    Sanction.objects.update(ends_at=now + timedelta(days=1))
    ReportingSuspension.objects.update(ends_at=now + timedelta(days=1))
    Purge.objects.update(finished_at=now)
    BulkRuling.objects.update(finished_at=now)
    Appeal.objects.filter(decision_type="purge").update(state="open")
    Appeal.objects.exclude(decision_type="purge").update(decided_at=now)
    Report.objects.update(comment="")
    Ruling.objects.update(reason=LAWFUL)

    run()

    assert tables_with(CANARY) == {
        "enforcement_sanction", "enforcement_reportingsuspension", "enforcement_purge",
        "enforcement_bulkruling", "enforcement_appeal",
    }  # fmt: skip
    assert Ruling.objects.get(case=words.case).reason == LAWFUL


@pytest.mark.proves("R145")
@pytest.mark.parametrize("held", ["author", "reporter"])
def test_words_of_persons_whom_a_legal_hold_keeps_stay(room, settings, held):
    settings.RETENTION_DAYS = NEVER | {"cases": 90}
    words = Words(room)
    person = getattr(words, held)
    add_hold(
        actor_id=None, subject_type="user", subject_id=person.id, author_id=person.id,
        reference="A 1",
    )  # fmt: skip

    run()

    kept = tables_with(CANARY)
    assert "enforcement_report" in kept
    assert ("enforcement_appeal" in kept) == (held == "author")


@pytest.mark.proves("R145")
def test_old_texts_with_suggested_scores_are_deleted(settings):
    settings.RETENTION_DAYS = NEVER | {"suggestions": 90}
    key = ApiKey.objects.create(name="forum", digest=b"1", scopes=[])
    given = {"api_key": key, "text": CANARY, "scores": {}, "languages": []}
    SuggestedScore.objects.create(id=old_id(), **given)
    young = SuggestedScore.objects.create(**given)

    assert run() == {"suggestions": 1}

    assert list(SuggestedScore.objects.all()) == [young]


@pytest.mark.proves("S123")
@pytest.mark.parametrize("kind", ["messages", "rejected", "cases"])
def test_what_an_open_appeal_is_about_is_kept_until_it_is_decided(room, settings, kind):
    settings.RETENTION_DAYS = NEVER | {kind: 90}
    message = old_message(room, status="REJECTED", seq=0)
    about = {"subject_type": "message", "subject_id": message.id}
    case = Case.objects.create(
        id=old_id(), revision=1, origin="hold", state="decided", decided_at=OLD,
        author_id=message.author_id, **about,
    )  # fmt: skip
    with transaction.atomic():
        case.commitment = put_text(Kind.CASE, case.id, case, {"text": "bom dia"})
        case.save()
    appeal = Appeal.objects.create(
        appellant_id=message.author_id, decision_type="ruling", decision_id=new_id(), text="-",
        due_at=timezone.now(), **about,
    )  # fmt: skip

    assert run() == {kind: 0}
    assert Message.objects.get().text == "bom dia"
    assert ErasableText.objects.get().content is not None
    Appeal.objects.filter(pk=appeal.pk).update(state="decided")

    assert run() == {kind: 1}
