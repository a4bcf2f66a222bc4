"""Acts about one case, ruling, appeal, sanction or account at the same moment have one effect."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from moderado.chat.models import Message
from moderado.chat.services import erasing
from moderado.chat.services.editing import edit_message
from moderado.chat.services.posting import post_message
from moderado.chat.services.removing import delete_message
from moderado.chat.services.screening import screen_waiting
from moderado.core import clock
from moderado.enforcement.models import Appeal, Erasure, Report, Ruling, Sanction
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.services import erasures, rulings
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_decision, appeal_report
from moderado.enforcement.services.imposing import lift_by_hand
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.sanctions import expire_sanctions
from moderado.enforcement.services.suspensions import suspend_reporting
from moderado.enforcement.types import Actor, AppealOutcome, MeasureScope, SanctionKind
from moderado.moderation.models import Case, ErasableText, ModerationLog
from moderado.moderation.services.log_verification import verify_log
from moderado.moderation.services.texts import erase_texts
from tests.everything import tables_with
from tests.factories import make_member, make_rejected_reports, make_room, make_staff, make_user
from tests.integration.enforcement.races import in_both_orders, overtake
from tests.integration.enforcement.steps import complain, settle
from tests.rulings import make_ruling

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("obedient_provider")]

UPHELD, OVERTURNED = AppealOutcome.UPHELD, AppealOutcome.OVERTURNED
MUTE = Measure(kind=SanctionKind.MUTE, scope=MeasureScope.ROOM, term=timedelta(hours=1))


class World:
    """A room with an author, a reader and two moderators of the server."""

    def __init__(self, mode="pre"):
        self.room = make_room(moderation_mode=mode)
        self.author, self.reader = make_member(self.room).user, make_member(self.room).user
        self.first, self.second = make_staff(), make_staff()

    def say(self, text="FLAG bom dia"):
        view = post_message(author_id=self.author.id, room_id=self.room.id, text=text).view
        screen_waiting()
        return Message.objects.get(pk=view.id)

    def case(self, message):
        return Case.objects.get(subject_id=message.id, state="open")

    def rule(self, message, content="remove", actor=None, **fields):
        case_id, actor_id = self.case(message).id, (actor or self.first).id
        return make_ruling(actor_id=actor_id, case_id=case_id, content=content, **fields)

    def settled(self, message, content="remove", **fields):
        ruling = self.rule(message, content, **fields)
        settle()
        return ruling

    def reports(self, message, reporter=None):
        reporter = reporter or self.reader
        return complain(message, reporter)

    def appeals(self, decision_id):
        return appeal_decision(user_id=self.author.id, decision_id=decision_id, text="Why?")[0]

    def undo(self, ruling):
        return rulings.undo(actor=everywhere(self.first), ruling_id=ruling.id)

    def reverse(self, ruling):
        return rulings.reverse(actor=everywhere(self.second), ruling_id=ruling.id, reason="mistake")

    def decides(self, appeal, outcome, actor=None):
        actor = everywhere(actor or self.second)
        return decide_appeal(actor=actor, appeal_id=appeal.id, outcome=outcome, reason="looked")


def everywhere(user):
    return Actor(id=user.id, scope_ids=None)


def status(message):
    message.refresh_from_db()
    return message.status


@pytest.mark.proves("R95")
def test_one_of_two_moderators_decides_a_case():
    def build():
        world = World()
        message = world.say()
        case_id = world.case(message).id
        return (
            lambda: make_ruling(actor_id=world.first.id, case_id=case_id, content="remove"),
            lambda: make_ruling(actor_id=world.second.id, case_id=case_id, content="allow"),
        )

    assert in_both_orders(build) == (("done", "case_closed"), ("case_closed", "done"))
    assert Ruling.objects.count() == 2  # one in each world
    assert ModerationLog.objects.filter(decided_by="moderator").count() == 2


@pytest.mark.proves("R95")
def test_ruling_names_a_revision_that_an_edit_or_a_deletion_ends():
    made = []

    def build(end):
        world = World(mode="post")
        message = world.say()
        made.append(message)
        return lambda: world.rule(message), lambda: end(world, message)

    def edit(world, message):
        edit_message(actor_id=world.author.id, message_id=message.id, text="outra coisa")

    def delete(world, message):
        delete_message(actor_id=world.author.id, message_id=message.id)

    edited = in_both_orders(lambda: build(edit))
    deleted = in_both_orders(lambda: build(delete))

    assert edited == (("done", "done"), ("case_superseded", "done"))
    assert deleted == (("done", "done"), ("case_superseded", "done"))
    assert [status(message) for message in made[2:]] == ["REMOVED", "REMOVED"]
    assert not Case.objects.filter(state="open").exists()


@pytest.mark.proves("R95")
def test_ruling_is_undone_or_reversed():
    def build():
        world = World()
        ruling = world.rule(world.say(), measures=[MUTE])
        return lambda: world.undo(ruling), lambda: world.reverse(ruling)

    assert in_both_orders(build) == (("done", "ruling_replaced"), ("ruling_replaced", "done"))
    assert not Sanction.objects.filter(lifted_at=None).exists()


@pytest.mark.proves("R95")
def test_sanction_of_a_ruling_is_lifted_once_whoever_does_it():
    def build():
        world = World()
        ruling = world.rule(world.say(), measures=[MUTE])
        sanction = Sanction.objects.get(ruling=ruling)
        return lambda: world.undo(ruling), lambda: lift(world.second, sanction)

    assert in_both_orders(build) == (("done", "sanction_ended"), ("done", "done"))
    assert not Case.objects.exclude(state="open").exists()


def lift(moderator, sanction):
    lift_by_hand(
        actor_id=moderator.id, scope_ids=None, sanction_id=sanction.id, reason="long enough"
    )


@pytest.mark.proves("R95")
def test_sanction_ends_by_its_term_or_is_lifted_before():
    def build():
        world = World()
        ruling = world.rule(world.say(), measures=[MUTE])
        sanction = Sanction.objects.get(ruling=ruling)

        def expire():
            Sanction.objects.filter(pk=sanction.pk, lifted_at=None).update(ends_at=Now())
            expire_sanctions()

        return expire, lambda: lift(world.second, sanction)

    assert in_both_orders(build) == (("done", "sanction_ended"), ("done", "done"))
    ends = Sanction.objects.values_list("lifted_at", "expired_at")
    assert all((lifted is None) != (expired is None) for lifted, expired in ends)


@pytest.mark.proves("R96")
def test_appeal_of_a_ruling_that_is_reversed():
    made = []

    def build():
        world = World()
        ruling = world.settled(world.say())
        made.append(ruling)
        return lambda: world.appeals(ruling.id), lambda: world.reverse(ruling)

    assert in_both_orders(build) == (("done", "done"), ("not_appealable", "done"))
    appeal = Appeal.objects.get()
    assert (appeal.appealed, appeal.outcome) == (made[0], "overturned")


@pytest.mark.proves("R96")
def test_appeal_of_a_report_whose_ruling_is_reversed():
    def build():
        world = World()
        message = world.say("bom dia")
        found = world.reports(message)
        ruling = world.settled(message, "allow")
        appeal = {"user_id": world.reader.id, "report_id": found.id, "text": "Look again."}
        return lambda: appeal_report(**appeal), lambda: world.reverse(ruling)

    assert in_both_orders(build) == (("done", "done"), ("done", "done"))
    for appeal in Appeal.objects.all():  # the reversal takes no action either
        assert appeal.state == "open"
        assert appeal.appealed.reverses is not None


@pytest.mark.proves("R96")
def test_appeal_of_a_verdict_on_which_a_moderator_rules():
    def build():
        world = World()
        message = world.say("HOLD isto")
        (decision,) = decisions_about(world.author.id)
        return lambda: world.appeals(decision.view.id), lambda: world.rule(message, "allow")

    assert in_both_orders(build) == (("done", "done"), ("not_appealable", "done"))
    assert Appeal.objects.get().outcome == "overturned"
    assert not Case.objects.filter(state="open").exists()


@pytest.mark.proves("R96")
def test_appeal_at_the_end_of_its_time():
    world = World()
    ruling = world.settled(world.say())

    def end():
        Ruling.objects.update(created_at=Now() - timedelta(days=181))

    assert overtake(end, lambda: world.appeals(ruling.id)) == ("done", "appeal_expired")
    assert not Appeal.objects.exists()


@pytest.mark.proves("R96")
@pytest.mark.parametrize("other", [UPHELD, OVERTURNED])
def test_appeal_is_decided_once(other):
    worlds = []

    def build():
        world = World()
        worlds.append(world)
        appeal = world.appeals(world.settled(world.say(), measures=[MUTE]).id)
        third = make_staff()
        return lambda: world.decides(appeal, UPHELD), lambda: world.decides(appeal, other, third)

    before, after = in_both_orders(build)

    assert before[0] == after[1] == "done"
    assert {before[1], after[0]} == {"appeal_decided"}
    appeals = Appeal.objects.order_by("created_at")
    assert [each.outcome for each in appeals] == [UPHELD, other]
    lifted = Sanction.objects.order_by("created_at").values_list("lifted_at", flat=True)
    assert [bool(each) for each in lifted] == [False, other is OVERTURNED]


@pytest.mark.proves("R96")
def test_one_moderator_decides_an_appeal_once():
    world = World()
    appeal = world.appeals(world.settled(world.say()).id)

    results = overtake(lambda: world.decides(appeal, UPHELD), lambda: world.decides(appeal, UPHELD))

    assert results == ("done", "appeal_decided")


@pytest.mark.proves("R96")
def test_appeal_is_overturned_by_its_decision_or_by_a_reversal():
    def build():
        world = World()
        ruling = world.settled(world.say())
        appeal = world.appeals(ruling.id)
        return lambda: world.decides(appeal, OVERTURNED), lambda: world.reverse(ruling)

    before, after = in_both_orders(build)

    assert before == ("done", "ruling_replaced")
    assert after[1] == "done"
    assert after[0] in {"ruling_replaced", "appeal_decided"}
    assert set(Appeal.objects.values_list("outcome", flat=True)) == {"overturned"}
    assert set(Message.objects.values_list("status", flat=True)) == {"APPROVED"}


@pytest.mark.proves("R97")
def test_report_joins_a_case_or_opens_the_next_one():
    made = []

    def build():
        world = World()
        message = world.say()
        made.append(message)
        return lambda: world.reports(message), lambda: world.rule(message, "allow")

    assert in_both_orders(build) == (("done", "done"), ("done", "done"))
    settle()
    joined, next_one = Report.objects.order_by("created_at")
    assert (joined.state, joined.outcome) == ("decided", "no_action")
    assert (next_one.state, next_one.case.state) == ("open", "open")
    assert Case.objects.filter(subject_id=made[1].id).count() == 2


@pytest.mark.proves("R97")
def test_undone_ruling_and_a_report_end_with_one_open_case():
    made = []

    def build():
        world = World()
        message = world.say()
        ruling = world.rule(message, "allow")
        made.append(message)
        return lambda: world.reports(message), lambda: world.undo(ruling)

    assert in_both_orders(build) == (("done", "done"), ("done", "done"))
    for message in made:
        (case,) = Case.objects.filter(subject_id=message.id, state="open")
        assert case.reports.count() == 1
        assert "report" in {case.origin, *case.joined_origins}
    assert Case.objects.filter(state="closed").get().close_reason == "merged"


@pytest.mark.proves("R97")
def test_undone_ruling_and_a_report_of_a_person_end_with_one_open_case():
    people = []

    def build():
        world = World()
        about = {"subject_type": "person", "subject_id": world.author.id, "category": "hate"}
        found, _ = report(reporter_id=world.reader.id, **about)
        ruling = make_ruling(actor_id=world.first.id, case_id=found.case_id, content="allow")
        people.append(world.author)
        again = make_user()
        return lambda: report(reporter_id=again.id, **about), lambda: world.undo(ruling)

    assert in_both_orders(build) == (("done", "done"), ("done", "done"))
    for person in people:
        assert Case.objects.get(subject_id=person.id, state="open").reports.count() == 2


@pytest.mark.proves("R98")
def test_ruling_on_a_text_whose_author_is_erased():
    worlds = []

    def build():
        world = World()
        worlds.append(world)
        message = world.say(f"FLAG {canary(world)}")
        erasures.order_erasure(actor_id=None, user_id=world.author.id)
        return lambda: world.rule(message), lambda: erase(world.author)

    results = in_both_orders(build)
    for world in worlds:
        finish(world.author)

    assert results == (("done", "done"), ("case_superseded", "done"))
    for world in worlds:
        assert tables_with(canary(world)) == set()
    assert verify_log().is_sound


@pytest.mark.proves("R98")
def test_ruling_about_a_person_brings_no_erased_text_back():
    world = World()
    name = canary(world)
    type(world.author).objects.filter(pk=world.author.pk).update(name=name)
    about = {"subject_type": "person", "subject_id": world.author.id, "category": "hate"}
    found, _ = report(reporter_id=world.reader.id, **about)
    assert ErasableText.objects.filter(content__contains=name).exists()

    results = overtake(
        lambda: erase_texts(author_id=world.author.id),
        lambda: make_ruling(actor_id=world.first.id, case_id=found.case_id, content="allow"),
    )

    assert results == ("done", "done")
    assert not ErasableText.objects.filter(content__contains=name).exists()


@pytest.mark.proves("R98")
def test_message_that_is_stored_while_its_author_is_erased():
    world = World()
    text = canary(world)
    erasures.order_erasure(actor_id=None, user_id=world.author.id)

    def post():
        post_message(author_id=world.author.id, room_id=world.room.id, text=text)

    assert overtake(post, lambda: erase(world.author)) == ("done", "done")
    finish(world.author)

    assert tables_with(text) == set()
    assert Message.objects.get().status == "REMOVED"


def canary(world):
    return f"canary{world.author.id.hex[-12:]}"


def erase(author):
    """Run slices until the erasure ends, or waits for a transaction that is open."""
    while erasing.run_slice(author.id):
        pass


def finish(author):
    """Let the pause of an erasure that waited pass, and run the rest."""
    Erasure.objects.filter(user=author, state="running").update(lease_until=None)
    with transaction.atomic():
        pass
    erase(author)
    assert Erasure.objects.get(user=author).state == "done"


@pytest.mark.proves("S130")
def test_one_of_two_suspensions_from_reporting_takes_effect():
    member, staff = make_user(), make_staff()
    make_rejected_reports(member)

    def suspends():
        suspend_reporting(
            actor_id=staff.id, user_id=member.id, term=timedelta(days=1), reason="abuse"
        )

    assert overtake(suspends, suspends) == ("done", "already_suspended")


@pytest.mark.proves("R144")
def test_erasure_is_withdrawn_by_its_account_and_ordered_at_once(settings):
    settings.ERASURE_GRACE_DAYS = 3
    made = []

    def build():
        person = make_user()
        Erasure.objects.create(
            user=person, requested_by=person, due_at=clock.now() + timedelta(days=3)
        )
        made.append(person)
        return (
            lambda: erasures.cancel_erasure(user_id=person.id),
            lambda: erasures.order_erasure(actor_id=None, user_id=person.id),
        )

    cancelled_first, ordered_first = in_both_orders(build)

    assert cancelled_first == ("done", "done")
    assert ordered_first == ("erasure_ordered", "done")
    for person in made:
        standing = Erasure.objects.get(user=person, state="waiting")
        assert standing.due_at <= clock.now()
        assert standing.requested_by is None
