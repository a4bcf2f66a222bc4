"""Sanctions get another end: who may do so, what the person reads, and what happens meanwhile."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from moderado.accounts.models import User
from moderado.core import clock
from moderado.core.errors import ApplicationError, Forbidden, Invalid
from moderado.core.row_by_row import row_by_row
from moderado.enforcement.models import AuditLine, Sanction
from moderado.enforcement.selectors.appeals import appeals_for
from moderado.enforcement.selectors.decisions import decision_about
from moderado.enforcement.selectors.sanctions import view_of
from moderado.enforcement.services import sanctions
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.exportable import records_of
from moderado.enforcement.services.imposing import impose_sanction
from moderado.enforcement.services.rulings import undo
from moderado.enforcement.services.sanction_ends import change_end
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.enforcement.types import Actor, AppealOutcome
from tests.factories import make_member, make_room, make_staff, make_user
from tests.integration.enforcement.races import in_both_orders
from tests.integration.enforcement.test_races import MUTE, World

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R310")]

HOUR = timedelta(hours=1)


def impose(user, kind="mute", actor=None, room=None, term=HOUR):
    with transaction.atomic():
        return apply_sanction(
            actor_id=(actor or make_staff()).id, user_id=user.id, kind=kind,
            scope_id=room and room.id, term=term, reason="spam",
        )  # fmt: skip


def end(sanction, actor, term=2 * HOUR, *, reason="hate", rooms=None, imposing=None):
    return change_end(
        actor_id=actor.id, scope_ids=rooms, imposing_scope_ids=imposing,
        sanction_id=sanction.id, until=None if term is None else clock.now() + term, reason=reason,
    )  # fmt: skip


def refusal(act):
    with pytest.raises(ApplicationError) as found:
        act()
    return found.value.code


def test_person_reads_the_new_end_and_why_in_their_language():
    ana, staff = make_user(language="pt-br"), make_staff()
    mute = impose(ana)
    first_end = mute.ends_at

    shorter = end(mute, staff, timedelta(minutes=5), reason="não foi tão grave")
    assert shorter.ends_at < first_end == shorter.first_ends_at
    assert shorter.lengthened_at is None
    longer = end(mute, staff, reason="hate")
    assert longer.first_ends_at == first_end

    said = view_of(longer, language="en").explanation
    assert "A moderator has changed its end, for this reason: hate against a group." in said
    view = decision_about(ana.id, mute.id).view
    assert view.sanctions[0].ends_at == longer.ends_at
    assert view.explanation.count("mudou quando") == 1
    lines = AuditLine.objects.filter(action="sanction_end_changed").order_by("id")
    assert [line.details["before"] for line in lines] == [
        first_end.isoformat(), shorter.ends_at.isoformat(),
    ]  # fmt: skip
    exported = records_of(user_id=ana.id)["sanctions"][0]
    assert (exported["end_reason"], exported["first_ends_at"]) == ("hate", first_end)
    endless = end(mute, staff, None, reason="reviewed")
    assert endless.ends_at is None
    said = view_of(endless, language="en").explanation
    assert "A moderator has changed its end. " in said
    assert "It ends" not in said


def test_same_end_changes_nothing():
    mute, staff = impose(make_user(), term=None), make_staff()
    assert end(mute, staff, None).end_changed_at is None
    assert not AuditLine.objects.exists()


@pytest.mark.parametrize("term", [-HOUR, timedelta(0), timedelta(days=3_661)])
def test_ends_that_are_past_or_too_late_are_refused(term):
    mute = impose(make_user())
    with pytest.raises(Invalid):
        end(mute, make_staff(), term)
    assert Sanction.objects.get().ends_at == mute.ends_at


@pytest.mark.parametrize("kind", ["warning", "strike"])
def test_warnings_and_strikes_keep_their_end(kind):
    given = impose(make_user(), kind)
    assert refusal(lambda: end(given, make_staff())) == "end_fixed"


def test_nobody_changes_the_end_of_their_own_sanction():
    person = make_staff()
    mute = impose(person)
    assert refusal(lambda: end(mute, person, timedelta(minutes=1))) == "own_case"


def test_ended_sanctions_stay_ended():
    over, lifted = impose(make_user()), impose(make_user())
    Sanction.objects.filter(pk=over.pk).update(ends_at=Now())
    with transaction.atomic():
        sanctions.lift_sanction(actor_id=None, sanction_id=lifted.id, reason="mistake")
    for each in (over, lifted):
        assert refusal(lambda each=each: end(each, make_staff())) == "sanction_ended"


def test_lengthening_needs_the_right_to_impose():
    room, other = make_room(), make_room()
    ana, bia = make_member(room).user, make_member(room, role="MODERATOR").user
    mute, of_server = impose(ana, room=room), impose(ana)
    with pytest.raises(Forbidden):
        end(mute, make_staff(), imposing=[])
    assert end(mute, make_staff(), timedelta(minutes=9), imposing=[]).lengthened_at is None
    assert end(mute, bia, rooms=[room.id], imposing=[room.id]).lengthened_by == [bia.id]
    assert refusal(lambda: end(of_server, bia, rooms=[room.id])) == "no_such_sanction"
    assert refusal(lambda: end(mute, bia, rooms=[other.id])) == "no_such_sanction"


def test_moderators_of_a_room_lengthen_only_whom_they_outrank():
    room = make_room()
    theirs, bia = make_member(room), make_member(room, role="MODERATOR").user
    mute = impose(theirs.user, room=room)
    theirs.role = "ADMIN"
    theirs.save()
    code = refusal(lambda: end(mute, bia, rooms=[room.id], imposing=[room.id]))
    assert code == "forbidden"
    assert Sanction.objects.get().ends_at == mute.ends_at


def test_staff_lengthen_no_sanction_of_one_with_more_rights():
    person, staff = make_user(), make_staff()
    mute = impose(person)
    User.objects.filter(pk=person.pk).update(is_staff=True, is_superuser=True)
    assert refusal(lambda: end(mute, staff)) == "forbidden"
    assert end(mute, staff, timedelta(minutes=5)).lengthened_at is None


@pytest.mark.usefixtures("obedient_provider")
def test_moderators_of_a_room_change_no_end_of_an_escalated_case():
    world = World()
    bia = make_member(world.room, role="MODERATOR").user
    ruling = world.rule(world.say(), measures=[MUTE])
    mute, rooms = Sanction.objects.get(ruling=ruling), [world.room.id]
    assert mute.scope_id == world.room.id

    ruling.case.escalated_at = clock.now()
    ruling.case.save()
    for term in (timedelta(minutes=5), 2 * HOUR):
        change = partial(end, mute, bia, term, rooms=rooms, imposing=rooms)
        assert refusal(change) == "case_escalated"
    ruling.case.escalated_at = None
    ruling.case.save()
    assert change().lengthened_by == [bia.id]


def test_words_of_moderators_of_a_room_are_judged(obedient_provider):
    room = make_room()
    bia = make_member(room, role="MODERATOR").user
    mute = impose(make_member(room).user, room=room)
    with pytest.raises(Invalid):
        end(mute, bia, reason="BLOCK bobo", rooms=[room.id], imposing=[room.id])


def test_time_to_appeal_begins_anew_and_who_lengthened_does_not_decide(settings):
    ana, first, second, third = make_user(), make_staff(), make_staff(), make_staff()
    mute = impose(ana, actor=first)
    long_ago = timedelta(days=settings.ENV.appeal_days + 1)
    Sanction.objects.update(created_at=F("created_at") - long_ago)
    assert not decision_about(ana.id, mute.id).view.appealable
    end(mute, second)
    assert decision_about(ana.id, mute.id).view.appealable
    assert view_of(Sanction.objects.get(), language="en").appealable

    appeal, _ = appeal_decision(user_id=ana.id, decision_id=mute.id, text="Why longer?")

    actors = [Actor(id=each.id, scope_ids=None) for each in (first, second, third)]
    assert [appeals_for(each).count() for each in actors] == [0, 0, 1]
    decides = [
        lambda each=each: decide_appeal(
            actor=each, appeal_id=appeal.id, outcome=AppealOutcome.OVERTURNED, reason="looked"
        )
        for each in actors
    ]
    assert [refusal(each) for each in decides[:2]] == ["own_ruling", "own_ruling"]
    assert refusal(lambda: end(mute, third, 3 * HOUR)) == "sanction_appealed"
    end(mute, third, timedelta(minutes=5))  # shorter is no harm
    decides[2]()
    assert Sanction.objects.get().lifted_at is not None


@pytest.mark.usefixtures("obedient_provider")
def test_sanction_of_a_ruling_is_undone_and_appealed_with_it():
    world = World()
    undone = world.rule(world.say(), measures=[MUTE])
    end(Sanction.objects.get(ruling=undone), world.second)
    undo(actor=Actor(id=world.first.id, scope_ids=None), ruling_id=undone.id)
    assert Sanction.objects.get().lifted_at is not None

    ruling = world.settled(world.say(), measures=[MUTE])
    mute = Sanction.objects.get(ruling=ruling)
    again = make_staff()
    end(mute, again)
    appeal = world.appeals(ruling.id)
    by = [Actor(id=each.id, scope_ids=None) for each in (world.first, again, world.second)]
    assert [appeals_for(each).count() for each in by] == [0, 0, 1]
    assert refusal(lambda: world.decides(appeal, AppealOutcome.UPHELD, again)) == "own_ruling"
    assert refusal(lambda: end(mute, world.second, 3 * HOUR)) == "sanction_appealed"


@pytest.mark.usefixtures("obedient_provider")
def test_reporter_does_not_lengthen_what_the_report_led_to():
    world, reporter = World(mode="post"), make_staff()
    make_member(world.room, user=reporter)
    message = world.say("bom dia")
    world.reports(message, reporter)
    mute = Sanction.objects.get(ruling=world.rule(message, measures=[MUTE]))

    assert refusal(lambda: end(mute, reporter)) == "own_report"
    assert end(mute, reporter, timedelta(minutes=5)).lengthened_at is None


def test_imposing_that_is_sent_again_finds_the_sanction_with_another_end():
    ana, staff = make_user(), make_staff()
    asked = {
        "actor_id": staff.id, "scope_ids": None, "user_id": ana.id, "kind": "mute",
        "scope_id": None, "term": HOUR, "reason": "spam",
    }  # fmt: skip
    first, _ = impose_sanction(**asked)
    end(first, make_staff())
    assert impose_sanction(**asked) == (first, False)


def mute_of_one_hour():
    world = World()
    return world, impose(world.author, actor=world.first, room=world.room)


@pytest.mark.django_db(transaction=True)
def test_two_moderators_change_the_end_one_after_the_other():
    def build():
        world, mute = mute_of_one_hour()
        return lambda: end(mute, world.first), lambda: end(mute, world.second, 3 * HOUR)

    assert in_both_orders(build) == (("done", "done"), ("done", "done"))
    for sanction in Sanction.objects.all():
        assert sanction.first_ends_at == sanction.starts_at + HOUR
    counts = [len(each.lengthened_by) for each in Sanction.objects.order_by("id")]
    assert counts == [2, 1]  # the second time, the other one has shortened it


@pytest.mark.django_db(transaction=True)
def test_new_end_and_lifting_have_one_winner():
    def build():
        world, mute = mute_of_one_hour()

        def lift():
            with transaction.atomic():
                sanctions.lift_sanction(
                    actor_id=world.second.id, sanction_id=mute.id, reason="mistake"
                )

        return lambda: end(mute, world.first), lift

    assert in_both_orders(build) == (("done", "done"), ("sanction_ended", "done"))
    assert not Sanction.objects.filter(lifted_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_lengthening_and_appeal_do_not_pass_each_other():
    def build():
        world, mute = mute_of_one_hour()
        return lambda: end(mute, world.second), lambda: world.appeals(mute.id)

    assert in_both_orders(build) == (("done", "done"), ("sanction_appealed", "done"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("obedient_provider")
def test_lengthening_and_appeal_of_a_ruling_do_not_pass_each_other():
    def build():
        world = World()
        ruling = world.settled(world.say(), measures=[MUTE])
        mute = Sanction.objects.get(ruling=ruling)
        return lambda: end(mute, world.second), lambda: world.appeals(ruling.id)

    assert in_both_orders(build) == (("done", "done"), ("sanction_appealed", "done"))


def test_sanction_that_was_lengthened_at_its_end_does_not_expire(monkeypatch):
    mute = impose(make_user())
    Sanction.objects.update(ends_at=Now())

    def lengthened_meanwhile(task, ids, work):
        found = list(ids)  # a change that began before the end commits after this
        Sanction.objects.update(ends_at=Now() + HOUR)
        return row_by_row(task, found, work)

    monkeypatch.setattr(sanctions, "row_by_row", lengthened_meanwhile)

    assert sanctions.expire_sanctions() == 0
    mute.refresh_from_db()
    assert mute.expired_at is None
