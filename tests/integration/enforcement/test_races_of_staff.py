"""Acts of staff in pairs, in both orders: the loser gets a reason, or the answer of a repeat.

Each function of `RACES` yields two acts in a new world, is sent whether the first one was first,
and checks the state in the end. The later act begins before the other one commits
(`races.overtake`). `late_first` and `late_second` are the results of an act that comes later.
"""

import logging
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from moderado.chat.models import Message, Room
from moderado.chat.services import room_measures
from moderado.chat.services.purge_requests import start_purge
from moderado.chat.services.removing import delete_message
from moderado.chat.services.rooms import delete_room
from moderado.core import clock
from moderado.core.metrics import ROW_FAILURES
from moderado.enforcement.models import (
    AuditLine,
    BulkRuling,
    CaseNote,
    Notice,
    NoticeMail,
    Purge,
    Queue,
    Report,
    ReportingSuspension,
)
from moderado.enforcement.notice_codes import digest_of
from moderado.enforcement.selectors.cases import CaseFilter
from moderado.enforcement.selectors.reports import current_suspension
from moderado.enforcement.services import bulk, claiming, hash_bank, notices, queues
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.purges import reverse_purge
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.rulings import Proposal
from moderado.enforcement.services.snoozes import end_snoozes
from moderado.enforcement.services.suspensions import lift_suspension
from moderado.enforcement.types import Actor, AppealOutcome, ContentOutcome
from moderado.moderation.models import BankedText, Case
from tests.factories import (
    ENFORCING,
    MODERATING,
    make_member,
    make_notice,
    make_room,
    make_staff,
    make_suspension,
)
from tests.integration.enforcement.races import alone, overtake
from tests.integration.enforcement.steps import say
from tests.integration.enforcement.test_purges import run as run_purges
from tests.rulings import claim, make_ruling

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("obedient_provider"),
    pytest.mark.proves("R215"),
]

DONE, TAKEN, CLOSED, ENDED = "done", "case_taken", "case_closed", "case_superseded"
CODE = "ABCD-EFGH"
LONG = "uma frase bastante longa que uma ordem mandou remover"
RIGHTS = (*MODERATING, *ENFORCING)
HOUR = timedelta(hours=1)
FREEZE = room_measures.freeze_room


class World:
    """A held message in a room; two moderators of the server, and one of the room."""

    def __init__(self):
        self.room = make_room()
        self.author, self.reader = make_member(self.room).user, make_member(self.room).user
        self.first, self.second = make_staff(*RIGHTS), make_staff(*RIGHTS)
        self.local = make_member(self.room, role="moderator").user
        self.author_says(f"HOLD {LONG}")
        self.since = clock.now() - HOUR
        self.name = f"Queue {self.room.name}"

    def author_says(self, text):
        self.message = say(self.author, self.room, text)
        self.case = Case.objects.get(subject_id=self.message.id)

    def now(self):
        self.case.refresh_from_db()
        return self.case

    # Acts about the case

    def claims(self, user):
        scopes = {self.room.id} if user == self.local else None
        return lambda: claim(actor_id=user.id, case_id=self.case.id, scope_ids=scopes)

    def snoozes(self, user, hours=1):
        until = clock.now() + hours * HOUR
        return lambda: claiming.snooze_case(actor=of(user), case_id=self.case.id, until=until)

    def escalates(self, user):
        return lambda: claiming.escalate_case(actor=of(user), case_id=self.case.id)

    def notes(self, user, text="Ligar para a escola"):
        return lambda: claiming.write_note(actor=of(user), case_id=self.case.id, text=text)

    def rules(self, user, content="remove"):
        given = {"actor_id": user.id, "case_id": self.case.id, "content": content}
        return lambda: make_ruling(**given)

    def deletes(self):
        given = {"actor_id": self.author.id, "message_id": self.message.id}
        return lambda: delete_message(**given)

    def reports(self):
        about = {"subject_type": "message", "subject_id": self.message.id, "category": "hate"}
        return lambda: report(reporter_id=self.reader.id, **about)

    def confirms(self):
        """Confirm one notice about the message."""
        notice = Notice.objects.filter(reference=str(self.message.id)).first()
        if notice is None:
            notice, _ = make_notice(reference=str(self.message.id))
        Notice.objects.filter(pk=notice.pk).update(code_digest=digest_of(notice.pk, CODE))
        return lambda: notices.confirm_notice(protocol=notice.protocol, code=CODE)

    # Acts about the bank, queues, suspensions, rooms, many cases and many messages

    def banks(self, user, order="Ofício 7"):
        given = {"actor_id": user.id, "message_id": self.message.id, "order": order}
        return lambda: hash_bank.bank_message(**given)

    def unbanks(self, user):
        if not BankedText.objects.filter(subject_id=self.message.id).exists():
            self.banks(self.first)()
        entry = BankedText.objects.get(subject_id=self.message.id)
        return lambda: hash_bank.unbank(actor_id=user.id, banked_id=entry.pk)

    def queue(self):
        return Queue.objects.get_or_create(name=self.name)[0]

    def creates_queue(self):
        return saves(self.first, None, name=self.name)

    def changes_queue(self, user, **fields):
        return saves(user, self.queue().pk, **fields)

    def deletes_queue(self, user):
        queue_id = self.queue().pk
        return lambda: queues.delete_queue(actor_id=user.id, queue_id=queue_id)

    def renames_another(self):
        other = Queue.objects.create(name=f"{self.name} (2)")
        return saves(self.second, other.pk, name=self.name)

    def suspension(self):
        return current_suspension(self.reader.id) or make_suspension(self.reader)

    def lifts(self, user):
        given = {"suspension_id": self.suspension().id, "reason": "long enough"}
        return lambda: lift_suspension(actor_id=user.id, **given)

    def appeals(self):
        given = {"user_id": self.reader.id, "decision_id": self.suspension().id, "text": "Why?"}
        return lambda: appeal_decision(**given)

    def decides(self, user, outcome):
        appeal, _ = self.appeals()()
        given = {"appeal_id": appeal.id, "outcome": outcome, "reason": "looked"}
        return lambda: decide_appeal(actor=of(user), **given)

    def measures(self, user, measure, hours=1, **fields):
        until = clock.now() + hours * HOUR if hours else None
        given = {"actor_id": user.id, "scope_ids": None, "room_id": self.room.id, **fields}
        return lambda: measure(until=until, **given)

    def deletes_room(self):
        return lambda: delete_room(actor_id=None, room_id=self.room.id)

    def room_now(self):
        return Room.objects.get(pk=self.room.pk)

    def rules_in_bulk(self, user, reason="raid"):
        wanted = CaseFilter(scope_id=self.room.id)
        proposal = Proposal(content=ContentOutcome.REMOVE, reason=reason)
        return lambda: bulk.start_bulk(actor=of(user), wanted=wanted, proposal=proposal)

    def reverses_bulk(self, user):
        mine = BulkRuling.objects.filter(filter__scope_id=str(self.room.id)).first()
        started = mine or self.rules_in_bulk(self.first)()[0]
        given = {"bulk_id": started.pk, "reason": "mistake"}
        return lambda: bulk.reverse_bulk(actor=of(user), **given)

    def purges(self, user, reason="raid"):
        given = {"user_id": self.author.id, "since": self.since, "reason": reason}
        return lambda: start_purge(actor=of(user), **given)

    def reverses_purge(self, user):
        started = Purge.objects.filter(user=self.author).first() or self.purges(self.first)()[0]
        given = {"purge_id": started.pk, "reason": "mistake"}
        return lambda: reverse_purge(actor=of(user), **given)


def of(user):
    return Actor(id=user.id, scope_ids=None)


def saves(user, queue_id, **fields):
    return lambda: queues.save_queue(actor_id=user.id, queue_id=queue_id, groups=None, **fields)


def lines(action):
    return AuditLine.objects.filter(action=action).count()


RACES = []


def race(*, late_first=DONE, late_second=DONE):
    """Enter a function into the table."""

    def enter(build):
        RACES.append(pytest.param(build, late_first, late_second, id=build.__name__))
        return build

    return enter


@race(late_first=TAKEN, late_second=TAKEN)
def claim_and_claim(world):
    is_first = yield world.claims(world.first), world.claims(world.second)
    assert world.now().claimed_by == (world.first if is_first else world.second)


@race(late_second=TAKEN)
def claim_and_snooze(world):
    yield world.claims(world.first), world.snoozes(world.second)
    assert (world.now().claimed_by, world.case.snoozed_until) == (world.first, None)


@race()
def claim_and_end_of_snoozes(world):
    world.snoozes(world.second)()
    Case.objects.filter(pk=world.case.pk).update(snoozed_until=Now())
    yield world.claims(world.first), end_snoozes
    assert (world.now().claimed_by, world.case.snoozed_until) == (world.first, None)


@race()
def snooze_and_snooze(world):
    is_first = yield world.snoozes(world.first, hours=1), world.snoozes(world.second, hours=3)
    left = world.now().snoozed_until - clock.now()
    assert (left > 2 * HOUR) == is_first
    assert lines("case_snoozed") == 2


@race()
def snooze_and_escalate(world):
    is_first = yield world.snoozes(world.first), world.escalates(world.second)
    assert world.now().escalated_at is not None
    assert (world.case.snoozed_until is None) == is_first


@race(late_first="case_escalated", late_second=TAKEN)
def claim_of_the_room_and_escalate(world):
    is_first = yield world.claims(world.local), world.escalates(world.first)
    assert world.now().claimed_by == (world.local if is_first else None)
    assert (world.case.escalated_at is None) == is_first


@race(late_first=TAKEN, late_second=CLOSED)
def ruling_and_claim(world):
    is_first = yield world.rules(world.first), world.claims(world.second)
    assert world.now().state == ("decided" if is_first else "open")


@race(late_second=CLOSED)
def ruling_and_snooze(world):
    yield world.rules(world.first), world.snoozes(world.second)
    assert world.now().state == "decided"


@race(late_second=CLOSED)
def ruling_and_escalate(world):
    yield world.rules(world.first), world.escalates(world.second)
    assert world.now().state == "decided"


@race()
def ruling_and_note(world):
    yield world.rules(world.first), world.notes(world.second)
    assert world.now().state == "decided"
    assert CaseNote.objects.count() == 1


@race(late_second=ENDED)
def deletion_and_snooze(world):
    yield world.deletes(), world.snoozes(world.first)
    assert world.now().state == "closed"


@race(late_second=ENDED)
def deletion_and_escalate(world):
    yield world.deletes(), world.escalates(world.first)
    assert world.now().state == "closed"


@race()
def note_and_its_repeat(world):
    yield world.notes(world.first), world.notes(world.first)
    assert (CaseNote.objects.count(), lines("case_note_written")) == (1, 1)


@race()
def note_and_note_of_another(world):
    yield world.notes(world.first), world.notes(world.second)
    assert (CaseNote.objects.count(), lines("case_note_written")) == (2, 2)


@race()
def confirmation_and_its_repeat(world):
    yield world.confirms(), world.confirms()
    notice = Notice.objects.get()
    assert (notice.state, notice.case) == ("open", world.case)
    assert NoticeMail.objects.filter(kind="receipt").count() == 1


@race()
def confirmation_and_report(world):
    world.author_says(f"FLAG {LONG}")  # and everyone sees it
    yield world.confirms(), world.reports()
    assert Notice.objects.get().case == Report.objects.get().case == world.case
    assert {"notice", "report"} <= set(world.now().joined_origins)


@race()
def confirmation_and_ruling(world):
    is_first = yield world.confirms(), world.rules(world.first)
    notice = Notice.objects.get()
    assert (notice.case == world.case) == is_first
    assert (notice.case.state == "open") != is_first, "the next case, or the one that was decided"


@race()
def confirmation_and_deletion(world):
    yield world.confirms(), world.deletes()
    assert Notice.objects.get().case is not None
    assert world.now().state == "closed"


@race()
def text_is_banked_for_one_order(world):
    yield world.banks(world.first), world.banks(world.second)
    assert (BankedText.objects.count(), lines("text_banked")) == (1, 1)


@race()
def text_is_banked_for_two_orders(world):
    yield world.banks(world.first), world.banks(world.second, order="Ofício 8")
    assert (BankedText.objects.count(), lines("text_banked")) == (2, 2)


@race(late_first="not_found", late_second="not_found")
def unbank_and_unbank(world):
    yield world.unbanks(world.first), world.unbanks(world.second)
    assert (BankedText.objects.count(), lines("text_unbanked")) == (0, 1)


@race()
def bank_and_unbank(world):
    unbanks = world.unbanks(world.first)
    is_first = yield world.banks(world.second), unbanks
    assert BankedText.objects.count() == (0 if is_first else 1)


@race()
def bank_and_deletion(world):
    yield world.banks(world.first), world.deletes()
    assert BankedText.objects.count() == 1


@race(late_first="queue_exists", late_second="queue_exists")
def queue_is_created_twice(world):
    yield world.creates_queue(), world.creates_queue()
    assert (Queue.objects.filter(name=world.name).count(), lines("queue_created")) == (1, 1)


@race(late_first="queue_exists", late_second="queue_exists")
def queue_is_created_and_another_gets_its_name(world):
    renames = world.renames_another()
    yield world.creates_queue(), renames
    assert Queue.objects.filter(name=world.name).count() == 1


@race()
def queue_is_changed_in_two_fields(world):
    position = world.changes_queue(world.first, position=7)
    yield position, world.changes_queue(world.second, target_seconds=60)
    queue = world.queue()
    assert (queue.position, queue.target_seconds) == (7, 60)


@race(late_first="not_found")
def queue_is_changed_and_deleted(world):
    yield world.changes_queue(world.first, position=7), world.deletes_queue(world.second)
    assert not Queue.objects.filter(name=world.name).exists()
    assert lines("queue_deleted") == 1


@race(late_first="not_found", late_second="not_found")
def queue_is_deleted_twice(world):
    yield world.deletes_queue(world.first), world.deletes_queue(world.second)
    assert lines("queue_deleted") == 1


@race()
def queue_is_deleted_and_its_case_decided(world):
    Queue.objects.filter(pk=world.queue().pk).update(measures=["remove"], position=0)
    yield world.deletes_queue(world.first), world.rules(world.second)
    assert world.now().state == "decided"


@race()
def suspension_is_lifted_twice(world):
    is_first = yield world.lifts(world.first), world.lifts(world.second)
    suspension = ReportingSuspension.objects.get()
    assert suspension.lifted_by == (world.first if is_first else world.second)
    assert lines("suspension_lifted") == 1


@race(late_second="not_appealable")
def suspension_is_lifted_and_appealed(world):
    yield world.lifts(world.first), world.appeals()


@race(late_second="appeal_decided")
def suspension_is_lifted_and_its_appeal_decided(world):
    decides = world.decides(world.second, AppealOutcome.OVERTURNED)
    yield world.lifts(world.first), decides
    assert current_suspension(world.reader.id) is None
    assert lines("suspension_lifted") == 1


@race()
def room_is_frozen_by_two(world):
    thaws = world.measures(world.second, FREEZE, hours=0)
    is_first = yield world.measures(world.first, FREEZE), thaws
    assert (world.room_now().frozen_until is None) == is_first


@race()
def three_measures_of_a_room(world):
    slow = world.measures(world.first, room_measures.slow_room, seconds=30)
    yield slow, world.measures(world.second, room_measures.let_newcomers_wait)
    room = world.room_now()
    assert (room.slow_mode_seconds, room.newcomers_after is None) == (30, False)


@race(late_first="no_such_room")
def measure_and_deletion_of_the_room(world):
    yield world.measures(world.first, FREEZE), world.deletes_room()
    assert world.room_now().deleted_at is not None


@race()
def bulk_ruling_and_its_repeat(world):
    yield world.rules_in_bulk(world.first), world.rules_in_bulk(world.first)
    assert (BulkRuling.objects.count(), lines("bulk_started")) == (1, 1)


@race()
def bulk_rulings_of_two(world):
    """Both are accepted. One of them decides the case, and the other one counts it as skipped."""
    yield world.rules_in_bulk(world.first), world.rules_in_bulk(world.second)
    bulk.run_unfinished(seconds=60)
    assert sorted(BulkRuling.objects.values_list("state", "decided", "skipped")) == [
        ("done", 0, 1), ("done", 1, 0),
    ]  # fmt: skip


@pytest.mark.proves("R218")
def test_worker_leaves_a_bulk_ruling_to_the_one_that_continues_it(caplog):
    world = World()
    started, _ = world.rules_in_bulk(world.first)()

    def locks():
        BulkRuling.objects.select_for_update(no_key=True).get(pk=started.pk)

    assert overtake(locks, lambda: bulk.run_unfinished(seconds=60)) == (DONE, DONE)
    assert world.now().state == "open"
    assert "row_failed" not in caplog.text

    bulk.run_unfinished(seconds=60)
    assert world.now().state == "decided"


@pytest.mark.proves("R221")
@pytest.mark.parametrize("model", [Case, Message])
def test_ruling_in_bulk_leaves_a_locked_row_to_the_next_run(caplog, model):
    world = World()
    world.rules_in_bulk(world.first)()
    row_id = world.case.pk if model is Case else world.message.id
    failures = ROW_FAILURES.labels(task="run_bulk_rulings")._value.get()

    def runs():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 1")  # millisecond
            try:
                bulk.run_unfinished(seconds=60)
            finally:
                cursor.execute("RESET lock_timeout")  # others get this connection from the pool

    with caplog.at_level(logging.INFO), transaction.atomic():
        model.objects.select_for_update().get(pk=row_id)
        assert alone(runs) == DONE
    assert world.now().state == "open"
    assert "row_failed" not in caplog.text
    assert "row_locked" in caplog.text
    assert ROW_FAILURES.labels(task="run_bulk_rulings")._value.get() == failures

    bulk.run_unfinished(seconds=60)
    assert world.now().state == "decided"


@race(late_first="ruling_replaced", late_second="ruling_replaced")
def bulk_ruling_is_reversed_by_two(world):
    reverses = world.reverses_bulk(world.first)
    yield reverses, world.reverses_bulk(world.second)
    assert lines("bulk_reversal_started") == 1


@race()
def purge_and_its_repeat(world):
    yield world.purges(world.first), world.purges(world.first)
    assert (Purge.objects.count(), lines("purge_started")) == (1, 1)


@race()
def purges_of_two(world):
    """Both are accepted; the author gets one notice: of the one that removed something."""
    yield world.purges(world.first), world.purges(world.second)
    run_purges()
    assert sorted(Purge.objects.values_list("state", "removed")) == [("done", 0), ("done", 1)]
    assert Purge.objects.filter(told_at=None).count() == 1


@race(late_first="ruling_replaced", late_second="ruling_replaced")
def purge_is_reversed_by_two(world):
    reverses = world.reverses_purge(world.first)
    yield reverses, world.reverses_purge(world.second)
    assert lines("purge_reversal_started") == 1


@pytest.mark.parametrize("is_first", [True, False], ids=["in order", "in reverse"])
@pytest.mark.parametrize(("acts", "late_first", "late_second"), RACES)
def test_two_acts_of_staff_at_one_moment(acts, late_first, late_second, is_first):
    steps = acts(World())
    first, second = next(steps)

    if is_first:
        assert overtake(first, second) == (DONE, late_second)
    else:
        assert overtake(second, first) == (DONE, late_first)

    with pytest.raises(StopIteration):
        steps.send(is_first)
