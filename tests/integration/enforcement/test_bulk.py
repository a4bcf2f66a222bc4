"""One ruling for many cases: counted, resumed after an interruption, and reversed as one."""

import uuid

import pytest

from moderado.accounts.models import User
from moderado.chat.models import Membership
from moderado.core.errors import Invalid
from moderado.enforcement.errors import RulingReplaced
from moderado.enforcement.models import AuditLine, BulkRuling, Ruling
from moderado.enforcement.selectors.cases import CaseFilter
from moderado.enforcement.services import bulk
from moderado.enforcement.services.rulings import Proposal
from moderado.enforcement.types import Actor, ContentOutcome
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.types import Outcome
from tests.factories import make_member, make_room, make_staff, make_user
from tests.rulings import claim, rule, staff_actor

pytestmark = pytest.mark.django_db

FLAGS = CaseFilter(origin="flag")
PROPOSAL = Proposal(content=ContentOutcome.REMOVE, reason="raid")


@pytest.fixture
def ana():
    return staff_actor("view_case", "bulk_rule", "reverse_ruling")


@pytest.fixture
def flagged(held):
    return [held(outcome=Outcome.FLAG, subject_type="user_name") for _ in range(5)]


def start(actor, **fields):
    started, _is_new = bulk.start_bulk(actor=actor, wanted=FLAGS, proposal=PROPOSAL, **fields)
    return started


def run():
    bulk.run_unfinished(seconds=60)


def test_matching_cases_are_counted_and_decided_with_a_log_line_each(held, flagged, ana):
    other = held(outcome=Outcome.HOLD)
    assert bulk.count_matching(actor=ana, wanted=FLAGS) == 5
    started = start(ana)

    run()

    started.refresh_from_db()
    assert (started.state, started.matched, started.decided, started.skipped) == ("done", 5, 5, 0)
    assert Case.objects.filter(state="decided").count() == 5
    assert ModerationLog.objects.filter(actor=ana.id).count() == 5
    other.refresh_from_db()
    assert other.state == "open"


@pytest.mark.proves("S92")
def test_restricted_cases_are_in_no_count_that_others_read(flagged):
    Case.objects.filter(pk=flagged[0].pk).update(categories=["child_safety"])
    trusted = make_staff("view_case", "bulk_rule", "view_restricted_case")
    actor = Actor(id=trusted.id, scope_ids=None, sees_restricted=True)
    assert bulk.count_matching(actor=actor, wanted=FLAGS) == 4, "what would be decided"
    started = start(actor)

    run()

    started.refresh_from_db()
    assert (started.matched, started.decided, started.skipped) == (4, 4, 0)
    assert AuditLine.objects.get(action="bulk_started").details["cases"] == 4


def test_cases_of_others_are_skipped(flagged, ana):
    claim(actor_id=make_user().id, case_id=flagged[0].id)
    started = start(ana)

    run()

    started.refresh_from_db()
    assert (started.decided, started.skipped) == (4, 1)


def test_cases_that_others_decide_meanwhile_are_counted_as_skipped(flagged, ana):
    started = start(ana)
    rule(actor_id=make_staff().id, case_id=flagged[0].id, outcome=Outcome.ALLOW)

    run()

    started.refresh_from_db()
    assert (started.matched, started.decided, started.skipped) == (5, 4, 1)


@pytest.mark.proves("S132")
def test_case_whose_subject_has_ended_is_closed(held, flagged, ana):
    ended = held(outcome=Outcome.FLAG)  # of a message that there is not
    started = start(ana)

    run()

    started.refresh_from_db()
    ended.refresh_from_db()
    assert (started.state, started.decided, started.skipped) == ("done", 5, 1)
    assert (ended.state, ended.close_reason) == ("closed", "deleted")
    assert bulk.count_matching(actor=ana, wanted=FLAGS) == 0


def test_later_cases_are_left_out(held, flagged, ana):
    start(ana)
    later = held(outcome=Outcome.FLAG)

    run()

    later.refresh_from_db()
    assert later.state == "open"


@pytest.mark.proves("S68")
def test_interrupted_bulk_goes_on_behind_its_last_case(flagged, ana, monkeypatch):
    started = start(ana)
    act, calls = bulk._act, []

    def dies(*given):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        act(*given)

    monkeypatch.setattr(bulk, "_act", dies)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert Ruling.objects.count() == 2

    run()

    started.refresh_from_db()
    assert (started.state, started.decided) == ("done", 5)
    assert Ruling.objects.count() == 5


@pytest.mark.proves("S68", "R187")
def test_bulk_is_reversed_as_one(flagged, ana):
    started = start(ana)
    run()

    bulk.reverse_bulk(actor=ana, bulk_id=started.id, reason="mistake")
    lines = AuditLine.objects.filter(subject_id=started.id).order_by("id")
    assert lines.last().action == "bulk_reversal_started"
    run()

    started.refresh_from_db()
    assert started.state == "reversed"
    assert lines.last().action == "bulk_reversed"
    assert Ruling.objects.filter(reverses__isnull=False).count() == 5
    assert set(Case.objects.values_list("outcome", flat=True)) == {"ALLOW"}
    with pytest.raises(RulingReplaced):
        bulk.reverse_bulk(actor=ana, bulk_id=started.id, reason="again")


@pytest.mark.proves("S68")
@pytest.mark.parametrize("lost", ["right", "account"])
def test_bulk_stops_when_staff_lose_the_right(flagged, ana, monkeypatch, lost):
    started = start(ana)
    act = bulk._act

    def loses(*given):
        act(*given)
        user = User.objects.get(pk=ana.id)
        if lost == "right":
            user.user_permissions.clear()
        else:
            User.objects.filter(pk=ana.id).update(is_active=False)

    monkeypatch.setattr(bulk, "_act", loses)

    run()

    started.refresh_from_db()
    assert (started.state, started.decided, started.skipped) == ("stopped", 1, 0)
    assert Case.objects.filter(state="open").count() == 4


@pytest.mark.proves("S68")
def test_bulk_of_a_moderator_goes_on_in_the_rooms_that_are_left(held):
    rooms = [make_room(), make_room()]
    mira = make_user()
    for room in rooms:
        make_member(room, user=mira, role="MODERATOR")
        held(outcome=Outcome.FLAG, subject_type="user_name", scope_id=room.id)
    started = start(Actor(id=mira.id, scope_ids=[room.id for room in rooms]))
    Membership.objects.filter(user=mira, room=rooms[0]).delete()

    run()

    started.refresh_from_db()
    assert (started.state, started.decided, started.skipped) == ("done", 1, 1)
    assert Case.objects.get(state="open").scope_id == rooms[0].id

    bulk.reverse_bulk(actor=Actor(id=mira.id, scope_ids=None), bulk_id=started.id, reason="-")
    Membership.objects.filter(user=mira).delete()
    run()
    started.refresh_from_db()
    assert started.state == "stopped"


def test_bulk_needs_a_reason(ana):
    with pytest.raises(Invalid):
        bulk.start_bulk(
            actor=ana,
            wanted=CaseFilter(author_id=uuid.uuid4()),
            proposal=Proposal(content=ContentOutcome.ALLOW, reason=" "),
        )
    assert BulkRuling.objects.count() == 0
