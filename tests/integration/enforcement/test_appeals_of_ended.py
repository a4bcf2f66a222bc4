"""Appeals of what was taken back before another person decided them."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.utils import translation

from moderado.enforcement.events import PersonNotified
from moderado.enforcement.models import Appeal, Sanction
from moderado.enforcement.selectors.appeal_views import appeal_view
from moderado.enforcement.selectors.appeals import appeal_counts
from moderado.enforcement.selectors.decisions import decision_about
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.imposing import lift_by_hand
from moderado.enforcement.services.purges import reverse_purge
from moderado.enforcement.services.sanctions import apply_sanction, expire_sanctions
from moderado.enforcement.services.suspensions import lift_suspension
from moderado.enforcement.types import Actor, AppealOutcome
from tests.factories import make_staff, make_suspension, make_user
from tests.integration.enforcement.races import in_both_orders
from tests.integration.enforcement.test_purges import done, post, raider
from tests.integration.enforcement.test_strikes import house, strike

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.proves("R313"),
    pytest.mark.usefixtures("obedient_provider"),
]
FIXTURES = (house, raider)


def everywhere(user):
    return Actor(id=user.id, scope_ids=None)


def mute(user, actor):
    with transaction.atomic():
        return apply_sanction(
            actor_id=actor.id, user_id=user.id, kind="mute", scope_id=None,
            term=timedelta(hours=1), reason="spam",
        )  # fmt: skip


def appealed(user, decision_id):
    return appeal_decision(user_id=user.id, decision_id=decision_id, text="Why?")[0]


def lift(sanction, actor):
    return lift_by_hand(
        actor_id=actor.id, scope_ids=None, sanction_id=sanction.id, reason="mistake"
    )


def decide(appeal, actor, outcome=AppealOutcome.OVERTURNED):
    return decide_appeal(
        actor=everywhere(actor), appeal_id=appeal.id, outcome=outcome, reason="looked"
    )


def test_lifted_sanction_decides_its_appeal_and_the_person_hears_of_it(appeal_events):
    ana, first, second = make_user(language="en"), make_staff(), make_staff()
    given = mute(ana, first)
    appeal = appealed(ana, given.id)
    assert appeal_counts(everywhere(second)).open == 1

    lift(given, first)

    appeal.refresh_from_db()
    assert (appeal.outcome, appeal.decided_by) == ("overturned", first)
    assert appeal_counts(everywhere(second)).open == 0
    (told,) = (each for each in appeal_events if isinstance(each, PersonNotified))
    ended = "Your appeal has ended: the moderation has taken the decision back."
    assert told.body.explanation == ended
    with translation.override("en"):
        view = decision_about(ana.id, given.id).view
    assert (view.is_reversed, view.appealable) == (True, False)
    assert "has no effect any more" in view.explanation


def test_another_moderator_who_lifts_it_is_another_person():
    ana = make_user()
    given = mute(ana, make_staff())
    appeal = appealed(ana, given.id)
    lift(given, make_staff())
    appeal.refresh_from_db()
    assert "Outra pessoa" in appeal_view(appeal).explanation


def test_sanction_that_is_over_leaves_its_appeal_open():
    ana = make_user()
    given = mute(ana, make_staff())
    appeal = appealed(ana, given.id)
    Sanction.objects.update(ends_at=Now())
    assert expire_sanctions() == 1
    appeal.refresh_from_db()
    assert appeal.state == "open"
    decide(appeal, make_staff(), AppealOutcome.UPHELD)


def test_appeal_is_decided_with_its_words_by_who_overturns_it(appeal_events):
    ana, second = make_user(), make_staff()
    appeal = appealed(ana, mute(ana, make_staff()).id)
    decide_appeal(
        actor=everywhere(second), appeal_id=appeal.id, outcome=AppealOutcome.OVERTURNED,
        reason="looked", public_note="Sorry.",
    )  # fmt: skip
    notices = [each.body.public_note for each in appeal_events if isinstance(each, PersonNotified)]
    assert notices == ["Sorry."]
    assert Sanction.objects.get().lifted_by == second


def test_lifted_suspension_decides_its_appeal():
    ana, first = make_user(), make_staff()
    suspension = make_suspension(ana)
    appeal = appealed(ana, suspension.id)
    lift_suspension(actor_id=first.id, suspension_id=suspension.id, reason="mistake")
    appeal.refresh_from_db()
    assert (appeal.outcome, appeal.decided_by) == ("overturned", first)


def test_reversed_purge_decides_its_appeal(room, raider):
    post(raider, room)
    first = make_staff("purge_messages", "reverse_ruling")
    purge = done(everywhere(first), raider)
    appeal = appealed(raider, purge.id)
    reverse_purge(actor=everywhere(first), purge_id=purge.id, reason="mistake")
    appeal.refresh_from_db()
    assert (appeal.outcome, appeal.decided_by) == ("overturned", first)


@pytest.mark.usefixtures("house")
def test_appeal_of_what_a_revoked_strike_led_to_is_decided():
    ana, first = make_user(), make_staff()
    given = strike(ana, reason="hate", actor=first)
    followed = Sanction.objects.get(cause=given)
    appeal = appealed(ana, followed.id)
    lift(given, first)
    appeal.refresh_from_db()
    assert (appeal.outcome, appeal.decided_by) == ("overturned", None)


@pytest.mark.django_db(transaction=True)
def test_lifting_and_the_decision_of_the_appeal_have_one_winner():
    def build(outcome=AppealOutcome.OVERTURNED):
        ana, first = make_user(), make_staff()
        given = mute(ana, first)
        appeal, second = appealed(ana, given.id), make_staff()
        return lambda: lift(given, first), lambda: decide(appeal, second, outcome)

    assert in_both_orders(build) == (("done", "appeal_decided"), ("sanction_ended", "done"))
    upheld = in_both_orders(lambda: build(AppealOutcome.UPHELD))
    assert upheld == (("done", "appeal_decided"), ("done", "done"))
    outcomes = Appeal.objects.order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == ["overturned", "overturned", "overturned", "upheld"]
