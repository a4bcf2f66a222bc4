"""A case ends with its subject, and a ruling without effect is refused."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from structlog.testing import capture_logs

from moderado.chat.events import AuthorNotified, Notice
from moderado.chat.models import Message, Room
from moderado.chat.services import deleted_rooms, screening, verdicts
from moderado.chat.services.editing import edit_message
from moderado.chat.services.names import propose_room_name
from moderado.chat.services.removing import delete_message
from moderado.chat.services.rooms import delete_room
from moderado.core.errors import ApplicationError
from moderado.moderation.errors import CaseSuperseded
from moderado.moderation.models import Case, ModerationLog, SubjectRevision
from moderado.moderation.services import subject_screening
from tests import rulings
from tests.factories import make_member, make_room, make_user
from tests.integration.chat.steps import edit, judge, post
from tests.processes import wait_until
from tests.texts import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R58")]


def ruling(case, outcome="ALLOW", actor=None):
    return rulings.rule(
        actor_id=(actor or make_user()).id,
        case_id=case.id,
        outcome=outcome,
        reason="reviewed",
        scope_ids=None,
    )


def open_cases(message):
    return [
        (case.revision, text_of(case))
        for case in Case.objects.filter(subject_id=message.id, state="open").order_by("revision")
    ]


def delete(message):
    delete_message(actor_id=message.author_id, message_id=message.id)


def delete_as_moderator(message):
    moderator = make_member(message.room, role="MODERATOR")
    delete_message(actor_id=moderator.user_id, message_id=message.id)


def replace(message):
    edit(message, "new words")


def replace_and_judge(message):
    replace(message)
    judge(message)


def delete_the_room(message):
    delete_room(actor_id=None, room_id=message.room_id)


@pytest.mark.parametrize(
    ("mode", "texts", "happens", "reason"),
    [
        ("pre", ["HOLD this"], delete, "deleted"),
        ("pre", ["FLAG this"], delete, "deleted"),
        ("pre", ["FLAG this"], delete_as_moderator, "deleted"),
        ("pre", ["bom dia", "HOLD this"], delete, "deleted"),
        ("post", ["FLAG this"], delete_as_moderator, "deleted"),
        ("pre", ["HOLD this"], replace, "replaced"),
        ("pre", ["bom dia", "HOLD this"], replace, "replaced"),
        ("pre", ["FLAG this"], replace_and_judge, "replaced"),
        ("post", ["FLAG this"], replace, "replaced"),
        ("pre", ["HOLD this"], delete_the_room, "room_deleted"),
        ("pre", ["bom dia", "HOLD this"], delete_the_room, "room_deleted"),
        ("post", ["FLAG this"], delete_the_room, "room_deleted"),
    ],
)
def test_case_is_closed_with_its_subject(alice, mode, texts, happens, reason):
    message = post(alice, make_room(moderation_mode=mode), texts[0])
    for text in texts[1:]:
        judge(message)
        edit(message, text)
    judge(message)
    case = Case.objects.get(state="open")
    rulings.claim(actor_id=make_user().id, case_id=case.id, scope_ids=None)

    happens(message)

    case.refresh_from_db()
    assert (case.state, case.close_reason, case.claimed_by) == ("closed", reason, None)
    assert case.closed_at is not None
    before = Message.objects.values().get(pk=message.pk)
    for act in (
        lambda: ruling(case, "ALLOW"),
        lambda: ruling(case, "BLOCK"),
        lambda: claimed(case),
    ):
        with pytest.raises(CaseSuperseded) as refusal:
            act()
        assert (refusal.value.code, refusal.value.reason) == ("case_superseded", reason)
    assert Message.objects.values().get(pk=message.pk) == before
    assert not ModerationLog.objects.filter(actor__isnull=False).exists()


def claimed(case):
    return rulings.claim(actor_id=make_user().id, case_id=case.id, scope_ids=None)


def test_case_of_the_visible_text_stays_open_while_its_edit_waits(alice, room):
    message = post(alice, room, "FLAG this")
    judge(message)
    edit(message, "HOLD that")
    judge(message)

    assert open_cases(message) == [(1, "FLAG this"), (2, "HOLD that")]
    ruling(Case.objects.get(revision=1), "BLOCK")
    message.refresh_from_db()
    assert (message.status, message.edit_status) == ("REJECTED", "HELD")
    assert open_cases(message) == [(2, "HOLD that")]


def test_case_of_a_text_that_returns_is_opened_again(alice):
    message = post(alice, make_room(moderation_mode="post"), "FLAG this")
    judge(message)
    edit(message, "BLOCK this")
    assert open_cases(message) == []

    judge(message)

    assert (message.text, message.status) == ("FLAG this", "APPROVED")
    assert open_cases(message) == [(1, "FLAG this")]
    ruling(Case.objects.get(state="open"), "BLOCK")
    message.refresh_from_db()
    assert message.status == "REJECTED"


def test_decided_case_stays_decided_when_its_text_is_deleted(alice, room):
    message = post(alice, room, "FLAG this")
    judge(message)
    case = ruling(Case.objects.get())

    delete(message)

    case.refresh_from_db()
    assert (case.state, case.close_reason) == ("decided", "")


@pytest.mark.parametrize("outcome", ["ALLOW", "BLOCK"])
def test_case_left_open_by_an_earlier_release_is_closed_by_a_ruling(alice, room, outcome):
    message = post(alice, room, "HOLD this")
    judge(message)
    Message.objects.update(status="REMOVED")
    case = Case.objects.get()

    with capture_logs() as logs, pytest.raises(CaseSuperseded):
        ruling(case, outcome)

    case.refresh_from_db()
    assert (case.state, case.close_reason, case.outcome) == ("closed", "deleted", "")
    assert [line["event"] for line in logs] == ["cases_closed", "ruling_refused"]
    assert not ModerationLog.objects.filter(actor__isnull=False).exists()


def test_ruling_that_took_effect_is_logged_with_its_revision(alice, room):
    message = post(alice, room, "HOLD this")
    judge(message)

    with capture_logs() as logs:
        ruling(Case.objects.get())

    (line,) = [each for each in logs if each["event"] == "case_decided"]
    assert (line["subject_id"], line["revision"], line["outcome"]) == (str(message.id), 1, "ALLOW")


RACES = 30


@pytest.mark.django_db(transaction=True)
def test_racing_rulings_deletions_and_edits_leave_nothing_half_done():
    """Each ruling has its effect or is refused; no case outlives its subject."""
    author, moderator = make_member(), make_user()
    messages = [post(author.user, author.room, f"HOLD {n}") for n in range(RACES)]
    judge(*messages)

    results = [race(message, moderator, allow=n % 2 == 0) for n, message in enumerate(messages)]

    rulings = Counter(result["rule"] for result in results)
    assert rulings["done"] + rulings["case_superseded"] == RACES
    assert not Case.objects.filter(state="open").exists()
    for message, result in zip(messages, results, strict=True):
        message.refresh_from_db()
        case, ruled = Case.objects.get(subject_id=message.id), result["rule"] == "done"
        logged = ModerationLog.objects.filter(subject_id=message.id, actor=moderator)
        assert result["delete"] == "done"
        assert message.status == "REMOVED"
        assert (case.state, case.revision) == ("decided" if ruled else "closed", 1)
        assert logged.exists() == ruled
        assert (message.published_at is not None) == (ruled and case.outcome == "ALLOW")


def race(message, moderator, allow):
    """Rule, delete and edit at the same moment; return what became of each."""
    case = Case.objects.get(subject_id=message.id)
    together, results = threading.Barrier(3, timeout=10), {}
    acts = {
        "rule": lambda: ruling(case, "ALLOW" if allow else "BLOCK", moderator),
        "delete": lambda: delete(message),
        "edit": lambda: edit_message(
            actor_id=message.author_id, message_id=message.id, text="new words"
        ),
    }

    def attempt(kind):
        together.wait()
        try:
            acts[kind]()
            results[kind] = "done"
        except ApplicationError as refusal:
            results[kind] = refusal.code
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(kind,)) for kind in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return results


def in_another_session(executor, work):
    def run():
        try:
            return work()
        finally:
            connection.close()

    return executor.submit(run)


def waits_for_lock():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return cursor.fetchone()[0] > 0


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1) as threads:
        yield threads


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("mode", "text"), [("pre", "HOLD this"), ("pre", "FLAG this"), ("post", "FLAG this")]
)
@pytest.mark.parametrize("is_deleted_first", [True, False])
def test_room_deleted_during_the_verdict_leaves_no_open_case(
    alice, monkeypatch, executor, mode, text, is_deleted_first
):
    room = make_room(moderation_mode=mode)
    post(alice, room, text)
    deletions = []

    def delete_meanwhile(*arguments):
        deletions.append(
            in_another_session(executor, lambda: delete_room(actor_id=None, room_id=room.id))
        )
        if is_deleted_first:
            deletions[0].result(10)
        else:
            wait_until(lambda: deletions[0].done() or waits_for_lock(), what="it waits", seconds=5)
        return arguments[0]

    place = (screening, "restrict") if is_deleted_first else (verdicts, "_measure")
    monkeypatch.setattr(*place, delete_meanwhile)
    judge()
    deletions[0].result(10)

    case, message = Case.objects.get(), Message.objects.get()
    assert (case.state, case.close_reason) == ("closed", "room_deleted")
    assert message.status != "HELD"


@pytest.mark.parametrize("texts", [["HOLD this"], ["bom dia", "HOLD this"]])
def test_author_of_a_held_text_learns_that_its_room_was_deleted(alice, room, texts, published):
    message = post(alice, room, texts[0])
    for text in texts[1:]:
        judge(message)
        edit(message, text)
    judge(message)
    published.clear()

    delete_the_room(message)

    message.refresh_from_db()
    status = message.edit_status or message.status
    reason = message.edit_reason or message.reason
    assert (status, reason) == ("REJECTED", "room_deleted")
    (notice,) = [event for event in published if isinstance(event, AuthorNotified)]
    assert (notice.notice, notice.revision) == (Notice.REJECTED, len(texts))
    line = ModerationLog.objects.filter(subject_id=message.id, revision=len(texts)).latest("id")
    assert (line.verdict, line.decided_by) == ("BLOCK", "room_deleted")


@pytest.mark.django_db(transaction=True)
def test_held_text_that_is_locked_when_its_room_is_deleted_is_refused_later(alice, room, executor):
    message = post(alice, room, "HOLD this")
    judge(message)

    with transaction.atomic():
        Message.objects.select_for_update().get(pk=message.pk)  # as an edit or a ruling does
        in_another_session(executor, lambda: delete_room(actor_id=None, room_id=room.id)).result(20)
    left = Case.objects.get().state
    deleted_rooms.close_left_cases()

    message.refresh_from_db()
    assert (left, Case.objects.get().state) == ("open", "closed")
    assert (message.status, message.reason) == ("REJECTED", "room_deleted")


@pytest.mark.parametrize("count", [1, 3])
def test_cases_left_open_in_deleted_rooms_are_closed(alice, monkeypatch, count):
    monkeypatch.setattr(deleted_rooms, "BATCH", 2)
    gone, kept = [make_room() for _ in range(count)], make_room()
    for room in (*gone, kept):
        judge(post(alice, room, "HOLD this"))
        with transaction.atomic():
            propose_room_name(room=room, name="HOLD that", author_id=alice.id)
        subject_screening.screen_waiting()
    Room.objects.exclude(pk=kept.pk).update(deleted_at=Now())  # as a release before the cases' end

    rounds = [deleted_rooms.close_left_cases() for _ in range(count)]

    assert sum(rounds) == count
    assert Case.objects.filter(state="open").count() == 2
    closed = Case.objects.filter(state="closed", close_reason="room_deleted")
    assert Counter(closed.values_list("subject_type", flat=True)) == {
        "message": count, "room_name": count,
    }  # fmt: skip
    assert not SubjectRevision.objects.filter(
        subject_id__in=[room.pk for room in gone], status="HELD"
    ).exists()
