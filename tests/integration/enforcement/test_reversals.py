"""A reversal puts everything back as it was, whatever was ruled about whatever was there."""

from datetime import timedelta

import pytest

from moderado.chat.models import Message
from moderado.chat.services.editing import edit_message
from moderado.chat.services.screening import screen_waiting
from moderado.enforcement.errors import RulingReplaced
from moderado.enforcement.models import Report, Ruling, Sanction
from moderado.enforcement.selectors.cases import CaseFilter, case_counts
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.services import bulk, rulings
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.rulings import Proposal
from moderado.enforcement.types import (
    AppealOutcome,
    ContentOutcome,
    MeasureScope,
    SanctionKind,
)
from moderado.moderation.models import BlockedText, Case
from tests.factories import make_member, make_user
from tests.integration.enforcement.steps import say, settle
from tests.rulings import staff_actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("obedient_provider")]

CONTENTS = [ContentOutcome.ALLOW, ContentOutcome.REMOVE, ContentOutcome.KEEP_FLAGGED]
MUTE = Measure(kind=SanctionKind.MUTE, scope=MeasureScope.ROOM, term=timedelta(days=1))
STRIKE = Measure(kind=SanctionKind.STRIKE, scope=MeasureScope.ROOM)


def flagged(author, room):
    return say(author, room, "FLAG this")


def reported(author, room):
    message = say(author, room, "bom dia")
    reporter = make_member(room).user
    report(
        reporter_id=reporter.id, subject_type="message", subject_id=message.id, category="insult"
    )
    return message


def held(author, room):
    return say(author, room, "HOLD this")


def blocked(author, room):
    """A text that a machine has blocked, and whose author has appealed."""
    message = say(author, room, "BLOCK this")
    (decision,) = decisions_about(author.id)
    appeal_decision(user_id=author.id, decision_id=decision.view.id, text="Quoted.")
    return message


def edited(author, room):
    """A text that is shown, with an edit beside it that waits."""
    message = say(author, room, "bom dia")
    edit_message(actor_id=author.id, message_id=message.id, text="HOLD this")
    screen_waiting()
    return message


SHOWN, HIDDEN = [flagged, reported], [held, blocked, edited]


def staff():
    return staff_actor("view_case", "bulk_rule", "reverse_ruling")


def state_of(message, author):
    """All that follows from a ruling, and that a reversal must put back."""
    message = Message.objects.get(pk=message.pk)
    counts = case_counts(actor=staff())
    in_force = Sanction.objects.filter(user=author, lifted_at=None, expired_at=None)
    return {
        "message": (message.status, message.text, message.revision, message.reason),
        "categories": (message.categories, message.edit_categories),
        "edit": (message.edit_status, message.edit_text, message.edit_revision),
        "kept": sorted(message.revisions.values_list("revision", "status", "text")),
        "blocked": BlockedText.objects.count(),
        "sanctions": in_force.count(),
        "hidden cases": (counts.hold, counts.claimed),
    }


def rule_one(content, case, room):
    proposal = Proposal(content=content, reason="hate", measures=[MUTE, STRIKE])
    return rulings.rule(actor=staff(), case_id=case.id, proposal=proposal)


def by_hand(content, case, room):
    made = rule_one(content, case, room)
    settle()
    rulings.reverse(actor=staff(), ruling_id=made.id, reason="mistake")


def at_once(content, case, room):
    made = rule_one(content, case, room)
    rulings.reverse(actor=staff(), ruling_id=made.id, reason="mistake")


def in_bulk(content, case, room):
    proposal = Proposal(content=content, reason="hate", measures=[MUTE, STRIKE])
    wanted = CaseFilter(scope_id=room.id)
    started, _ = bulk.start_bulk(actor=staff(), wanted=wanted, proposal=proposal)
    bulk.run_unfinished(seconds=60)
    settle()
    bulk.reverse_bulk(actor=staff(), bulk_id=started.id, reason="mistake")
    bulk.run_unfinished(seconds=60)


@pytest.mark.proves("S109")
@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("before", [*SHOWN, *HIDDEN])
@pytest.mark.parametrize("how", [by_hand, at_once, in_bulk])
def test_reversal_puts_back_what_was_before(author, room, before, content, how):
    message = before(author, room)
    found = state_of(message, author)
    case = Case.objects.get(subject_id=message.id, state="open")

    how(content, case, room)
    settle()

    assert state_of(message, author) == found
    case.refresh_from_db()
    is_open = before in HIDDEN
    assert case.state == ("open" if is_open else "decided")
    assert {each.outcome for each in Report.objects.all()} <= {"no_action"}


@pytest.mark.proves("S109")
@pytest.mark.parametrize("content", CONTENTS)
def test_case_that_is_open_again_is_decided_anew(author, room, content):
    message = held(author, room)
    reporter = make_user()
    make_member(room, user=reporter)
    case = Case.objects.get(subject_id=message.id)
    by_hand(content, case, room)
    reversal = Ruling.objects.get(reverses__isnull=False)
    assert reversal.content == "hold"
    with pytest.raises(RulingReplaced):
        rulings.reverse(actor=staff(), ruling_id=reversal.id, reason="again")

    again = rule_one(ContentOutcome.ALLOW, case, room)
    settle()

    message.refresh_from_db()
    assert message.status == "APPROVED"
    rulings.reverse(actor=staff(), ruling_id=again.id, reason="mistake")
    message.refresh_from_db()
    assert message.status == "HELD"


@pytest.mark.proves("S109")
@pytest.mark.parametrize("before", [*SHOWN, *HIDDEN])
def test_appeal_that_is_won_shows_the_text_and_ends_the_sanctions(author, room, before):
    message = before(author, room)
    case = Case.objects.get(subject_id=message.id, state="open")
    made = rule_one(ContentOutcome.REMOVE, case, room)
    settle()
    appeal, _ = appeal_decision(user_id=author.id, decision_id=made.id, text="Why?")

    decide_appeal(
        actor=staff(), appeal_id=appeal.id, outcome=AppealOutcome.OVERTURNED, reason="context"
    )

    message.refresh_from_db()
    assert (message.status, message.edit_status) == ("APPROVED", None)
    assert not Sanction.objects.filter(lifted_at=None).exists()
    assert not Case.objects.filter(state="open").exists()


@pytest.mark.proves("S109")
def test_reversal_of_a_reversal_restores_what_was_ruled_first(author, room):
    message = flagged(author, room)
    case = Case.objects.get(subject_id=message.id)
    made = rule_one(ContentOutcome.REMOVE, case, room)
    reversal = rulings.reverse(actor=staff(), ruling_id=made.id, reason="mistake")

    again = rulings.reverse(actor=staff(), ruling_id=reversal.id, reason="no mistake")

    message.refresh_from_db()
    assert (message.status, again.content) == ("REJECTED", "remove")


@pytest.mark.proves("S109")
def test_reversal_leaves_the_text_as_a_later_ruling_says(author, room):
    message = flagged(author, room)
    first = rule_one(ContentOutcome.ALLOW, Case.objects.get(subject_id=message.id), room)
    found, _ = report(
        reporter_id=make_member(room).user.id, subject_type="message", subject_id=message.id,
        category="insult",
    )  # fmt: skip
    rule_one(ContentOutcome.REMOVE, found.case, room)

    with pytest.raises(RulingReplaced):
        rulings.reverse(actor=staff(), ruling_id=first.id, reason="mistake")
    message.refresh_from_db()
    assert message.status == "REJECTED"
