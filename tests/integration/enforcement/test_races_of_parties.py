"""Restricting a case, becoming a party or reversing a ruling meets another act at that moment."""

import pytest

from moderado.enforcement.models import Appeal, Ruling
from moderado.enforcement.services import rulings
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_report
from moderado.enforcement.services.claiming import claim_case
from moderado.enforcement.services.reports import report
from moderado.enforcement.types import Actor, AppealOutcome
from moderado.moderation.models import Case
from tests.factories import make_member, make_room, make_staff, make_user
from tests.integration.enforcement.races import in_both_orders
from tests.integration.enforcement.steps import say
from tests.integration.enforcement.test_appeals_again import settle
from tests.rulings import make_ruling

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("obedient_provider"),
]

DANGER = "child_safety"


class World:
    """A text with a blind case, and a moderator who sees no restricted case."""

    def __init__(self, text="FLAG oi"):
        self.room = make_room()
        self.message = say(make_member(self.room).user, self.room, text)
        Case.objects.filter(subject_id=self.message.id).update(is_blind=True, categories=[])
        self.staff, self.other = make_staff(), make_staff()

    @property
    def case(self):
        return Case.objects.get(subject_id=self.message.id, state="open")

    def reports(self, category=DANGER):
        return report(
            reporter_id=make_user().id, subject_type="message", subject_id=self.message.id,
            category=category,
        )[0]  # fmt: skip

    def actor(self, user=None):
        return Actor(id=(user or self.staff).id, scope_ids=None)


def built(worlds, acts):
    def build():
        world = World()
        worlds.append(world)
        return acts(world)

    return build


def check_restricted(worlds):
    for world in worlds:
        assert DANGER in world.case.categories
        assert world.case.claimed_by is None


@pytest.mark.proves("S127")
def test_report_of_danger_and_claim():
    worlds = []

    def acts(world):
        case_id = world.case.id
        return lambda: claim_case(actor=world.actor(), case_id=case_id), world.reports

    assert in_both_orders(built(worlds, acts)) == (("done", "done"), ("not_found", "done"))
    check_restricted(worlds)


@pytest.mark.proves("S127")
def test_report_of_danger_and_ruling():
    worlds = []

    def acts(world):
        case_id = world.case.id
        rule = lambda: make_ruling(actor_id=world.staff.id, case_id=case_id, content="allow")  # noqa: E731
        return rule, world.reports

    assert in_both_orders(built(worlds, acts)) == (("done", "done"), ("not_found", "done"))
    check_restricted(worlds)


@pytest.mark.proves("S127")
@pytest.mark.parametrize("act", ["undo", "reverse"])
def test_report_of_danger_and_undoing_or_reversal(act):
    worlds = []

    def acts(world):
        made = make_ruling(actor_id=world.staff.id, case_id=world.case.id, content="allow")
        if act == "undo":
            take_back = lambda: rulings.undo(actor=world.actor(), ruling_id=made.id)  # noqa: E731
        else:
            take_back = lambda: rulings.reverse(  # noqa: E731
                actor=world.actor(world.other), ruling_id=made.id, reason="-"
            )
        return take_back, world.reports

    assert in_both_orders(built(worlds, acts)) == (("done", "done"), ("done", "done"))
    check_restricted(worlds)


def reported(world):
    """A report that a settled ruling took no action on, and that ruling."""
    found = world.reports("hate")
    made = make_ruling(actor_id=world.staff.id, case_id=found.case_id, content="allow")
    settle()
    return found, made


@pytest.mark.proves("R142")
def test_appeal_of_no_action_and_reversal_that_takes_none():
    worlds = []

    def acts(world):
        found, made = reported(world)
        return (
            lambda: appeal_report(user_id=found.reporter_id, report_id=found.id, text="x"),
            lambda: rulings.reverse(actor=world.actor(world.other), ruling_id=made.id, reason="-"),
        )

    assert in_both_orders(built(worlds, acts)) == (("done", "done"), ("done", "done"))
    settle()
    assert Appeal.objects.count() == 2
    for appeal in Appeal.objects.all():
        assert (appeal.state, appeal.appealed.reverses is None) == ("open", False)


@pytest.mark.proves("R142")
@pytest.mark.parametrize("is_same", [True, False])
def test_decision_of_an_appeal_and_reversal(is_same):
    worlds = []

    def acts(world):
        found, made = reported(world)
        appeal, _ = appeal_report(user_id=found.reporter_id, report_id=found.id, text="x")
        decider = world.other if is_same else make_staff()
        return (
            lambda: decide_appeal(
                actor=world.actor(decider), appeal_id=appeal.id,
                outcome=AppealOutcome.UPHELD, reason="-",
            ),
            lambda: rulings.reverse(
                actor=world.actor(world.other), ruling_id=made.id, reason="-"
            ),
        )  # fmt: skip

    before, after = in_both_orders(built(worlds, acts))
    assert before == ("done", "done")
    assert after == ("own_ruling" if is_same else "done", "done")
    assert Ruling.objects.filter(reverses__isnull=False).count() == 2
