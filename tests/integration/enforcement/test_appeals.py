"""The people affected appeal a decision once; another person decides it."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from moderado.chat.models import Message
from moderado.core.errors import Forbidden, Invalid, NotFound
from moderado.enforcement.errors import (
    AlreadyAppealed,
    AppealDecided,
    AppealExpired,
    CaseEscalated,
    DecidedByRuling,
    NotAppealable,
    OwnReport,
    OwnRuling,
)
from moderado.enforcement.models import Appeal, AuditLine, Report, Ruling, Sanction
from moderado.enforcement.selectors.appeals import appeals_for
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeal_reminders import remind_of_appeals
from moderado.enforcement.services.appeals import appeal_decision, appeal_report
from moderado.enforcement.services.exportable import records_of
from moderado.enforcement.services.imposing import lift_by_hand
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.rulings import Proposal, reverse, rule, undo
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.enforcement.types import (
    Actor,
    AppealOutcome,
    ContentOutcome,
    MeasureScope,
    SanctionBasis,
    SanctionKind,
)
from moderado.moderation.errors import OwnCase
from moderado.moderation.models import Case
from tests.factories import make_member, make_room, make_staff, make_user
from tests.integration.enforcement.steps import complain, say, settle
from tests.rulings import staff_actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("obedient_provider")]

OVERTURNED, UPHELD = AppealOutcome.OVERTURNED, AppealOutcome.UPHELD


def ruled(message, actor, content=ContentOutcome.REMOVE, **fields):
    reporter = make_user()
    found = complain(message, reporter)
    ruling = rule(
        actor=actor,
        case_id=found.case_id,
        proposal=Proposal(content=content, reason="hate", **fields),
    )
    settle()
    return ruling, Report.objects.get(pk=found.pk)


def decide(appeal, outcome, actor=None, **fields):
    return decide_appeal(
        actor=actor or staff_actor(), appeal_id=appeal.id, outcome=outcome, reason="-", **fields
    )


def test_overturning_restores_the_message_and_lifts_the_sanction(author, room, appeal_events):
    message = say(author, room, "bom dia")
    first = staff_actor()
    mute = Measure(kind=SanctionKind.MUTE, scope=MeasureScope.ROOM, term=timedelta(days=1))
    ruling, found = ruled(message, first, measures=[mute])
    (decision,) = decisions_about(author.id)
    assert (decision.view.id, decision.view.by, decision.view.outcome) == (
        ruling.id,
        "moderation",
        "removed",
    )
    assert (decision.view.appealable, decision.view.sanctions[0].kind) == (True, "mute")
    appeal, created = appeal_decision(user_id=author.id, decision_id=ruling.id, text="Why?")

    with pytest.raises(OwnRuling):
        decide(appeal, UPHELD, first)
    decided = decide(appeal, OVERTURNED, public_note="Sorry.")
    settle()

    assert created
    assert (decided.outcome, decided.public_note) == ("overturned", "Sorry.")
    message.refresh_from_db()
    assert message.status == Message.Status.APPROVED
    assert Sanction.objects.get().lifted_at is not None
    found.refresh_from_db()
    assert found.outcome == "no_action"
    assert {(each.user_id, each.notice.value) for each in appeal_events} == {
        (author.id, "decision_reversed"),
        (author.id, "appeal_decided"),
    }
    shown = next(each.view for each in decisions_about(author.id) if each.view.id == ruling.id)
    assert (shown.is_reversed, shown.appealable, shown.appeal.outcome) == (
        True,
        False,
        "overturned",
    )
    with pytest.raises(AppealDecided):
        decide(appeal, UPHELD)


@pytest.mark.proves("S157")
def test_appeal_is_made_once_in_time_and_only_of_own_decisions(author, room, settings):
    ruling, _ = ruled(say(author, room, "bom dia"), staff_actor())
    appealing = {"user_id": author.id, "decision_id": ruling.id}
    with pytest.raises(Invalid):
        appeal_decision(**appealing, text="x" * 2001)
    with pytest.raises(NotFound):
        appeal_decision(user_id=make_user().id, decision_id=ruling.id, text="-")
    Ruling.objects.update(created_at=timezone.now() - timedelta(days=181))
    with pytest.raises(AppealExpired):
        appeal_decision(**appealing, text="-")
    Ruling.objects.update(created_at=timezone.now())

    first, _ = appeal_decision(**appealing, text="na\u0303o")  # as some keyboards write it

    assert appeal_decision(**appealing, text="na\u0303o ") == (first, False)
    with pytest.raises(AlreadyAppealed):
        appeal_decision(**appealing, text="b")
    assert decide(first, UPHELD).told_at


@pytest.mark.parametrize(
    "word, content, outcome, status",
    [
        ("BLOCK", ContentOutcome.ALLOW, "overturned", "APPROVED"),
        ("BLOCK", ContentOutcome.REMOVE, "upheld", "REJECTED"),
        ("HOLD", ContentOutcome.ALLOW, "overturned", "APPROVED"),
    ],
)
def test_automatic_verdict_is_appealed_to_a_person(
    author, appeal_events, word, content, outcome, status
):
    message = say(author, make_room(), f"{word} this")
    (decision,) = decisions_about(author.id)
    assert (decision.view.type, decision.view.by) == ("verdict", "machine")
    assert decision.view.explanation
    appeal, _ = appeal_decision(user_id=author.id, decision_id=decision.view.id, text="Quoted.")
    (case,) = Case.objects.filter(state=Case.State.OPEN)
    assert "appeal" in {case.origin, *case.joined_origins}
    with pytest.raises(DecidedByRuling):
        decide(appeal, UPHELD)
    moderator = staff_actor()

    first = rule(actor=moderator, case_id=case.id, proposal=Proposal(content=content, reason="-"))
    undo(actor=moderator, ruling_id=first.id)
    appeal.refresh_from_db()
    assert (appeal.state, appeal_events) == ("open", [])
    rule(actor=moderator, case_id=case.id, proposal=Proposal(content=content, reason="-"))
    assert Appeal.objects.get().shown_state == "open"
    settle()

    message.refresh_from_db()
    appeal.refresh_from_db()
    assert (message.status, appeal.outcome, appeal.shown_state) == (status, outcome, "decided")
    assert [each.notice.value for each in appeal_events] == ["appeal_decided"]


@pytest.mark.proves("R119")
@pytest.mark.parametrize("content", [ContentOutcome.ALLOW, ContentOutcome.KEEP_FLAGGED])
def test_overturning_a_sanction_for_a_text_that_stays_leaves_the_text(author, room, content):
    message = say(author, room, "bom dia")
    mute = Measure(kind=SanctionKind.MUTE, scope=MeasureScope.ROOM, term=timedelta(days=1))
    ruling, found = ruled(message, staff_actor(), content, measures=[mute])
    appeal, _ = appeal_decision(user_id=author.id, decision_id=ruling.id, text="Why?")

    decide(appeal, OVERTURNED)
    settle()

    message.refresh_from_db()
    assert message.status == Message.Status.APPROVED
    assert Sanction.objects.get().lifted_at is not None
    assert Ruling.objects.get(reverses=ruling).content == content
    found.refresh_from_db()
    assert found.outcome == "no_action"
    assert [each.view.outcome for each in decisions_about(author.id)][-1] == "sanctioned"


@pytest.mark.proves("R119")
def test_overturning_a_sanction_leaves_the_text_as_a_later_ruling_says(author, room):
    message = say(author, room, "bom dia")
    mute = Measure(kind=SanctionKind.MUTE, scope=MeasureScope.ROOM, term=timedelta(days=1))
    ruling, _ = ruled(message, staff_actor(), ContentOutcome.ALLOW, measures=[mute])
    ruled(message, staff_actor(), ContentOutcome.REMOVE)
    appeal, _ = appeal_decision(user_id=author.id, decision_id=ruling.id, text="Why?")

    decide(appeal, OVERTURNED)

    message.refresh_from_db()
    assert message.status == Message.Status.REJECTED
    assert Sanction.objects.get().lifted_at is not None


@pytest.mark.proves("S107")
def test_author_exports_no_ruling_that_left_all_as_it_was(author, room):
    message = say(author, room, "bom dia")
    ruled(message, staff_actor(), ContentOutcome.ALLOW)  # its reason is for staff alone
    removal, _ = ruled(message, staff_actor())
    exported = records_of(user_id=author.id)["decisions"]
    assert [each["id"] for each in exported] == [removal.id]

    reversal = reverse(actor=staff_actor(), ruling_id=removal.id, reason="context")
    assert len(records_of(user_id=author.id)["decisions"]) == 1  # it may still be undone
    settle()
    exported = records_of(user_id=author.id)["decisions"]
    assert [each["id"] for each in exported] == [removal.id, reversal.id]


def test_sanction_without_a_ruling_is_lifted_on_appeal(author):
    with transaction.atomic():
        sanction = apply_sanction(
            actor_id=make_staff().id, user_id=author.id, kind="mute", scope_id=None,
            term=timedelta(days=1), reason="spam",
        )  # fmt: skip
    appeal, _ = appeal_decision(user_id=author.id, decision_id=sanction.id, text="Not me.")

    decide(appeal, OVERTURNED)

    sanction.refresh_from_db()
    assert sanction.lifted_at is not None
    assert decisions_about(author.id)[0].view.is_reversed


def test_reporter_appeals_that_nothing_was_done(author, room):
    message = say(author, room, "bom dia")
    _, found = ruled(message, staff_actor(), content=ContentOutcome.ALLOW)
    appeal, _ = appeal_report(user_id=found.reporter_id, report_id=found.id, text="Look again.")

    decide(appeal, OVERTURNED)
    settle()

    message.refresh_from_db()
    found.refresh_from_db()
    assert message.status != Message.Status.APPROVED
    assert found.outcome == "action_taken"
    other = ruled(say(author, room, "oi"), staff_actor())[1]
    with pytest.raises(NotAppealable):
        appeal_report(user_id=other.reporter_id, report_id=other.id, text="-")


def test_parties_do_not_decide_the_appeal_of_a_report(room):
    """A moderator who wrote the text, or who reported it, upholds nothing about it."""
    writer, reporter = make_member(room).user, make_member(room).user
    message = say(writer, room, "bom dia")
    complain(message, reporter)
    _, found = ruled(message, staff_actor(), content=ContentOutcome.ALLOW)
    appeal, _ = appeal_report(user_id=found.reporter_id, report_id=found.id, text="Look again.")

    for person, refusal in ((writer, OwnCase), (reporter, OwnReport)):
        party = Actor(id=person.id, scope_ids=None)
        with pytest.raises(refusal):
            decide(appeal, UPHELD, party)
        assert appeal not in appeals_for(party)
    assert appeal in appeals_for(staff_actor())


def test_decision_of_an_appeal_leaves_an_audit_line(author, room):
    ruling, _ = ruled(say(author, room, "bom dia"), staff_actor())
    appeal, _ = appeal_decision(user_id=author.id, decision_id=ruling.id, text="Why?")
    actor = staff_actor()

    decide(appeal, UPHELD, actor)

    line = AuditLine.objects.get(action="appeal_decided")
    assert (line.actor_id, line.subject_id, line.details) == (
        actor.id, appeal.id, {"outcome": "upheld", "decision": str(ruling.id)},
    )  # fmt: skip


def test_moderators_are_reminded_of_an_overdue_appeal_once(author, room):
    message = say(author, room, "HOLD this")
    (decision,) = decisions_about(author.id)
    appeal, _ = appeal_decision(user_id=author.id, decision_id=decision.view.id, text="Soon?")
    assert remind_of_appeals() == 0
    Appeal.objects.filter(pk=appeal.pk).update(due_at=timezone.now())

    assert (remind_of_appeals(), remind_of_appeals()) == (1, 0)

    assert Case.objects.get(subject_id=message.id).priority > 0


@pytest.mark.proves("S166")
@pytest.mark.parametrize("escalated", [False, True])
def test_moderators_of_a_room_take_back_nothing_of_the_server(author, room, escalated):
    message = say(author, room, "bom dia")
    moderator = make_member(room, role="ADMIN").user
    of_room = Actor(id=moderator.id, scope_ids=frozenset({room.id}))
    scope = MeasureScope.ROOM if escalated else MeasureScope.SERVER
    muting = [Measure(kind=SanctionKind.MUTE, scope=scope)]
    ruling, _ = ruled(message, staff_actor(), measures=muting)
    if escalated:
        Case.objects.filter(pk=ruling.case_id).update(escalated_at=timezone.now())
    appeal, _ = appeal_decision(user_id=author.id, decision_id=ruling.id, text="por favor")

    with pytest.raises(CaseEscalated if escalated else Forbidden):
        reverse(actor=of_room, ruling_id=ruling.id, reason="-")
    for outcome in (OVERTURNED, UPHELD):
        with pytest.raises(NotFound):
            decide(appeal, outcome, of_room)
    assert not appeals_for(of_room).exists()
    assert Sanction.objects.get().lifted_at is None

    assert list(appeals_for(staff_actor())) == [appeal]
    assert decide(appeal, OVERTURNED).outcome == OVERTURNED
    assert Sanction.objects.get().lifted_at is not None


@pytest.mark.proves("S166")
def test_moderators_of_a_room_take_back_what_staff_decided_for_the_room(author, room):
    muting = [Measure(kind=SanctionKind.MUTE, scope=MeasureScope.ROOM)]
    ruling, _ = ruled(say(author, room, "bom dia"), staff_actor(), measures=muting)
    appeal, _ = appeal_decision(user_id=author.id, decision_id=ruling.id, text="por favor")
    moderator = make_member(room, role="MODERATOR").user
    of_room = Actor(id=moderator.id, scope_ids=frozenset({room.id}))
    assert list(appeals_for(of_room)) == [appeal]
    assert decide(appeal, OVERTURNED, of_room).outcome == OVERTURNED


@pytest.mark.proves("S171")
@pytest.mark.parametrize("kind", [SanctionKind.MUTE, SanctionKind.STRIKE])
@pytest.mark.parametrize("escalated", [False, True])
def test_moderators_of_a_room_lift_no_part_of_a_ruling_of_the_server(author, room, kind, escalated):
    wanted = [Measure(kind=kind, scope=MeasureScope.ROOM)]
    if not escalated:
        wanted.append(Measure(kind=SanctionKind.MUTE, scope=MeasureScope.SERVER))
    ruling, _ = ruled(say(author, room, "bom dia"), staff_actor(), measures=wanted)
    if escalated:
        Case.objects.filter(pk=ruling.case_id).update(escalated_at=timezone.now())
    imposed = Sanction.objects.get(scope_id=room.id)
    with transaction.atomic():  # as by a threshold
        followed = apply_sanction(
            actor_id=None, user_id=author.id, kind="mute", scope_id=room.id, term=None,
            reason="strikes", basis=SanctionBasis(policy="", cause_id=imposed.id, threshold=1),
        )  # fmt: skip
    moderator = make_member(room, role="ADMIN").user
    appeal, _ = appeal_decision(user_id=author.id, decision_id=followed.id, text="por favor")
    of_room = Actor(id=moderator.id, scope_ids=frozenset({room.id}))

    with pytest.raises(NotFound):
        decide(appeal, OVERTURNED, of_room)
    assert appeal not in appeals_for(of_room)
    assert appeal in appeals_for(staff_actor())
    for each in (imposed, followed):
        with pytest.raises(CaseEscalated if escalated else Forbidden):
            lift(moderator, each, {room.id})
        each.refresh_from_db()
        assert each.lifted_at is None
    for each in (followed, imposed):
        assert lift(make_staff(), each, None).lifted_at is not None


@pytest.mark.proves("S171")
def test_moderators_of_a_room_lift_what_staff_imposed_for_the_room(author, room):
    muting = [Measure(kind=SanctionKind.MUTE, scope=MeasureScope.ROOM)]
    ruled(say(author, room, "bom dia"), staff_actor(), measures=muting)
    moderator = make_member(room, role="MODERATOR").user
    assert lift(moderator, Sanction.objects.get(), {room.id}).lifted_at is not None


def lift(actor, sanction, scope_ids):
    return lift_by_hand(
        actor_id=actor.id, scope_ids=scope_ids, sanction_id=sanction.id, reason="friend"
    )


@pytest.mark.proves("S185")
def test_staff_who_were_reported_do_not_see_who_appeals_that_no_action_was_taken():
    accused, reporter = make_staff("view_appeal", "decide_appeal"), make_user()
    found, _ = report(
        reporter_id=reporter.id, subject_type="person", subject_id=accused.id, category="hate"
    )
    rule(
        actor=staff_actor(),
        case_id=found.case_id,
        proposal=Proposal(content=ContentOutcome.ALLOW, reason="-"),
    )
    settle()

    appeal, _ = appeal_report(user_id=reporter.id, report_id=found.id, text="Why not?")

    assert appeal not in appeals_for(Actor(id=accused.id, scope_ids=None))
    assert appeal in appeals_for(staff_actor())
