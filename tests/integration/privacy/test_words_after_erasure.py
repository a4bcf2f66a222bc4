"""What staff and reporters still do once an account is erased; and who withdraws an erasure."""

from datetime import timedelta

import pytest
from django.utils import timezone

from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.services import accounts
from moderado.chat.errors import NoSuchRoom
from moderado.chat.services import erasing
from moderado.chat.services.posting import post_message
from moderado.chat.services.rooms import create_room
from moderado.enforcement.errors import AccountErased, ErasureOrdered
from moderado.enforcement.models import CaseNote, Ruling, Sanction
from moderado.enforcement.selectors.cases import CaseFilter
from moderado.enforcement.services import bulk, erasures, rulings
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_decision, appeal_report
from moderado.enforcement.services.claiming import write_note
from moderado.enforcement.services.holds import add_hold, release_hold
from moderado.enforcement.services.imposing import impose_sanction, lift_by_hand
from moderado.enforcement.services.purges import reverse_purge, start_purge
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.sanction_ends import change_end
from moderado.enforcement.services.settling import settle_rulings
from moderado.enforcement.services.suspensions import lift_suspension, suspend_reporting
from moderado.enforcement.types import Actor, AppealOutcome, ContentOutcome
from moderado.moderation.models import Case
from moderado.moderation.services.subject_screening import screen_waiting
from tests.everything import tables_with
from tests.factories import (
    PASSWORD,
    make_member,
    make_rejected_reports,
    make_room,
    make_staff,
    make_suspension,
    make_user,
)
from tests.integration.enforcement.steps import say
from tests.integration.privacy.test_erasure import request
from tests.integration.privacy.words import CANARY
from tests.rulings import make_ruling

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def erase(user):
    erasures.order_erasure(actor_id=None, user_id=user.id)
    while erasing.run_slice(user.id):
        continue


class Scene:
    """A person about whom much was decided, and staff who write about them."""

    def __init__(self):
        self.room = make_room()
        self.person = make_member(self.room).user
        self.staff = make_staff(
            "add_sanction", "lift_sanction", "reverse_ruling", "purge_messages", "suspend_reporting"
        )
        self.actor = Actor(id=self.staff.id, scope_ids=None)
        self.reporter = make_user()
        message = say(self.person, self.room, "oi")
        self.report, _ = report(
            reporter_id=self.reporter.id, subject_type="message", subject_id=message.id,
            category="hate",
        )  # fmt: skip
        self.about_person, _ = report(
            reporter_id=self.reporter.id, subject_type="person", subject_id=self.person.id,
            category="hate",
        )  # fmt: skip
        self.ruling = make_ruling(
            actor_id=self.staff.id, case_id=self.report.case_id, content="allow", reason="spam"
        )
        make_ruling(
            actor_id=self.staff.id, case_id=self.about_person.case_id, content="allow",
            reason="spam",
        )  # fmt: skip
        Ruling.objects.update(undo_until=timezone.now() - DAY)
        settle_rulings()
        self.appeal, _ = appeal_report(
            user_id=self.reporter.id, report_id=self.report.id, text="Look again."
        )
        self.sanction, _ = impose_sanction(
            actor_id=self.staff.id, scope_ids=None, user_id=self.person.id, kind="mute",
            scope_id=None, term=DAY, reason="spam",
        )  # fmt: skip
        self.suspension = make_suspension(self.person)
        self.purge, _ = start_purge(
            actor=self.actor, user_id=self.person.id, since=timezone.now(), scope_id=None,
            reason="spam", public_note="", counts=[], newest=None,
        )  # fmt: skip


def another():
    """Staff who have made no decision that is appealed."""
    return Actor(
        id=make_staff("view_case", "view_appeal", "reverse_ruling", "decide_appeal").id,
        scope_ids=None,
    )


def note(scene, words):
    write_note(actor=another(), case_id=scene.report.case_id, text=words)


def reverse(scene, words):
    rulings.reverse(actor=another(), ruling_id=scene.ruling.id, reason=words)


def impose(scene, words):
    impose_sanction(
        actor_id=scene.staff.id, scope_ids=None, user_id=scene.person.id, kind="warning",
        scope_id=None, term=None, reason="hate", public_note=words,
    )  # fmt: skip


def lift(scene, words):
    lift_by_hand(
        actor_id=scene.staff.id, scope_ids=None, sanction_id=scene.sanction.id, reason=words
    )


def change_the_end(scene, words):
    change_end(
        actor_id=scene.staff.id, scope_ids=None, imposing_scope_ids=None,
        sanction_id=scene.sanction.id, until=None, reason=words,
    )  # fmt: skip


def suspend(scene, words):
    make_rejected_reports(scene.person)
    scene.suspension.delete()
    suspend_reporting(actor_id=scene.staff.id, user_id=scene.person.id, term=DAY, reason=words)


def restore(scene, words):
    lift_suspension(actor_id=scene.staff.id, suspension_id=scene.suspension.id, reason=words)


def purge(scene, words):
    start_purge(
        actor=scene.actor, user_id=scene.person.id, since=timezone.now() - DAY, scope_id=None,
        reason="hate", public_note=words, counts=[], newest=None,
    )  # fmt: skip


def bring_back(scene, words):
    reverse_purge(actor=scene.actor, purge_id=scene.purge.id, reason=words)


def decide(scene, words):
    decide_appeal(
        actor=another(), appeal_id=scene.appeal.id,
        outcome=AppealOutcome.UPHELD, reason="spam", public_note=words,
    )  # fmt: skip


def appeal(scene, words):
    appeal_report(user_id=scene.reporter.id, report_id=scene.about_person.id, text=words)


@pytest.mark.proves("S133")
def test_no_words_are_written_about_an_account_that_is_erased():
    scene = Scene()
    erase(scene.person)

    # The last one deletes the suspension that another one lifts.
    acts = (note, reverse, impose, change_the_end, lift, restore, purge, bring_back, decide, appeal)
    for write in (*acts, suspend):
        with pytest.raises(AccountErased):
            write(scene, CANARY)
        assert tables_with(CANARY) == set(), write.__name__


@pytest.mark.proves("S133")
def test_what_is_wrong_about_an_erased_account_is_undone_with_a_code():
    scene = Scene()
    erase(scene.person)

    lift(scene, "policy")
    reverse(scene, "reversed")

    assert Sanction.objects.get(kind="mute").lifted_at is not None
    assert scene.ruling.reversals.count() == 1


@pytest.mark.proves("S133")
def test_reversal_in_bulk_writes_no_words_about_the_erased():
    room = make_room()
    author, staff = make_member(room).user, make_staff("view_case", "bulk_rule", "reverse_ruling")
    actor = Actor(id=staff.id, scope_ids=None)
    say(author, room, "HOLD this")
    started, _ = bulk.start_bulk(
        actor=actor, wanted=CaseFilter(origin="hold"),
        proposal=rulings.Proposal(content=ContentOutcome.REMOVE, reason="spam"),
    )  # fmt: skip
    bulk.run_unfinished(seconds=60)
    erase(author)

    bulk.reverse_bulk(actor=actor, bulk_id=started.id, reason=CANARY)
    bulk.run_unfinished(seconds=60)

    started.refresh_from_db()
    assert (started.state, started.skipped) == ("reversed", 0)
    assert Ruling.objects.get(reverses__isnull=False).reason == "reversed"
    assert tables_with(CANARY) == set()


@pytest.mark.proves("S133")
def test_notes_about_what_a_legal_hold_keeps_are_written_and_erased_with_it():
    scene = Scene()
    hold = add_hold(
        actor_id=None, subject_type="user", subject_id=scene.person.id, author_id=scene.person.id,
        reference="A 1",
    )  # fmt: skip
    erase(scene.person)
    note(scene, CANARY)
    assert CaseNote.objects.get().text == CANARY

    release_hold(actor_id=None, hold_id=hold.id, reason="-")
    while erasing.run_slice(scene.person.id):
        continue

    assert tables_with(CANARY) == set()


@pytest.mark.proves("R144")
@pytest.mark.parametrize("asked_first", [False, True])
def test_erasure_that_an_operator_ordered_is_not_withdrawn_by_its_account(settings, asked_first):
    settings.ERASURE_GRACE_DAYS = 3
    person = make_user()
    if asked_first:
        request(person)
    erasures.order_erasure(actor_id=make_staff().id, user_id=person.id)

    with pytest.raises(ErasureOrdered):
        erasures.cancel_erasure(user_id=person.id)

    assert erasing.run_slice(person.id)


@pytest.mark.proves("S133")
def test_ruling_on_a_person_that_is_undone_after_the_erasure_opens_no_case():
    person, staff = make_user(), make_staff()
    found, _ = report(
        reporter_id=make_user().id, subject_type="person", subject_id=person.id, category="hate"
    )
    ruling = make_ruling(actor_id=staff.id, case_id=found.case_id, content="allow", reason="spam")
    erase(person)

    rulings.undo(actor=Actor(id=staff.id, scope_ids=None), ruling_id=ruling.id)

    assert (Case.objects.get().state, Case.objects.get().close_reason) == ("closed", "deleted")


@pytest.mark.proves("S133")
def test_ruling_on_a_name_that_is_reversed_after_the_erasure_opens_no_case():
    person = accounts.register(email="ana@example.org", name="HOLD Ana", password=PASSWORD)
    screen_waiting()
    ruling = make_ruling(
        actor_id=make_staff().id, case_id=Case.objects.get().id, content="remove", reason="spam"
    )
    erase(person)

    rulings.reverse(actor=another(), ruling_id=ruling.id, reason="reversed")

    assert not Case.objects.filter(state="open").exists()


def reports(scene):
    message = say(make_member(scene.room).user, scene.room, "oi")
    Sanction.objects.all().delete()
    scene.suspension.delete()
    return lambda: report(
        reporter_id=scene.person.id, subject_type="message", subject_id=message.id,
        category="hate", comment=CANARY,
    )  # fmt: skip


def appeals(scene):
    decision_id = scene.sanction.id
    return lambda: appeal_decision(user_id=scene.person.id, decision_id=decision_id, text=CANARY)


def appeals_no_action(scene):
    scene.person, report_id = scene.reporter, scene.about_person.id
    return lambda: appeal_report(user_id=scene.person.id, report_id=report_id, text=CANARY)


def renames(scene):
    return lambda: accounts.update_profile(user_id=scene.person.id, name=CANARY)


def creates(scene):
    Sanction.objects.all().delete()
    return lambda: create_room(creator_id=scene.person.id, name=CANARY)


def posts(scene):
    make_member(scene.room)  # so that the room stays
    Sanction.objects.all().delete()
    return lambda: post_message(author_id=scene.person.id, room_id=scene.room.id, text=CANARY)


@pytest.mark.proves("S133")
@pytest.mark.parametrize(
    "prepared",
    [(reports, renames, creates, posts), (appeals,), (appeals_no_action,)],
    ids=lambda each: each[0].__name__,
)
def test_request_that_was_admitted_before_the_erasure_stores_no_words(prepared):
    scene = Scene()
    acts = [prepare(scene) for prepare in prepared]
    erase(scene.person)

    for act in acts:
        with pytest.raises((NotAuthenticated, NoSuchRoom)):
            act()
        assert tables_with(CANARY) == set()
