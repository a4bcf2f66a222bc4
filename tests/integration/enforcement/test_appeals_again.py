"""Appeals that a ruling on their case had decided, once that ruling does not stand."""

from datetime import timedelta

import pytest
from django.utils import timezone

from moderado.chat.models import Message
from moderado.enforcement.errors import NotAppealable, OwnRuling
from moderado.enforcement.models import Appeal, NoticeMail, Report
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.selectors.reports import report_views
from moderado.enforcement.services import rulings
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_decision, appeal_report
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.notices import confirm_notice
from moderado.enforcement.services.reports import report
from moderado.enforcement.types import (
    Actor,
    AppealOutcome,
    ContentOutcome,
    MeasureScope,
    SanctionKind,
)
from moderado.moderation.models import Case
from tests.factories import make_notice, make_staff, make_user
from tests.integration.enforcement.steps import complain, say, settle
from tests.integration.enforcement.test_purges import done
from tests.integration.enforcement.test_purges import reverse as reverse_purge
from tests.rulings import make_ruling, staff_actor

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("obedient_provider"),
    pytest.mark.proves("S126"),
]

MUTE = Measure(kind=SanctionKind.MUTE, scope=MeasureScope.SERVER, term=timedelta(days=1))


def rule(case_id, content="allow", **fields):
    staff = make_staff("add_sanction")
    return make_ruling(actor_id=staff.id, case_id=case_id, content=content, **fields)


def reverse(ruling):
    actor = staff_actor()
    rulings.reverse(actor=actor, ruling_id=ruling.id, reason="mistake")
    settle()


def appealed(author, room, word):
    """A text that a machine keeps from others, and whose author has appealed."""
    say(author, room, f"{word} this")
    (decision,) = decisions_about(author.id)
    return appeal_decision(user_id=author.id, decision_id=decision.view.id, text="Quoted.")[0]


@pytest.mark.proves("R129")
@pytest.mark.parametrize(("ruled", "content"), [("allow", None), ("keep_flagged", "allow")])
def test_no_action_can_be_appealed_while_a_reversal_that_takes_none_waits(
    author, room, ruled, content
):
    message, reporter = say(author, room, "bom dia"), make_user()
    found = complain(message, reporter)
    first, second = make_staff(), make_staff()
    ruling = make_ruling(actor_id=first.id, case_id=found.case_id, content=ruled)
    settle()
    reversal = rulings.reverse(
        actor=Actor(id=second.id, scope_ids=None), ruling_id=ruling.id, reason="-",
        content=content and ContentOutcome(content),
    )  # fmt: skip

    (view,) = report_views(Report.objects.all())
    appeal, _ = appeal_report(user_id=reporter.id, report_id=found.id, text="Look again.")
    settle()

    assert view.appealable
    appeal.refresh_from_db()
    assert (appeal.state, appeal.appealed, appeal.first_decider) == ("open", reversal, second)
    with pytest.raises(OwnRuling):
        decide_appeal(
            actor=Actor(id=second.id, scope_ids=None), appeal_id=appeal.id,
            outcome=AppealOutcome.OVERTURNED, reason="-",
        )  # fmt: skip


@pytest.mark.proves("R129")
def test_no_action_is_not_appealable_once_a_reversal_will_change_it(author, room):
    message, reporter = say(author, room, "bom dia"), make_user()
    found = complain(message, reporter)
    ruling = rule(found.case_id)
    settle()
    rulings.reverse(
        actor=staff_actor(), ruling_id=ruling.id, reason="-",
        content=ContentOutcome.REMOVE,
    )  # fmt: skip

    (view,) = report_views(Report.objects.all())

    assert (view.state, view.outcome, view.appealable) == ("decided", "no_action", False)
    with pytest.raises(NotAppealable):
        appeal_report(user_id=reporter.id, report_id=found.id, text="Look again.")
    settle()
    assert report_views(Report.objects.all())[0].outcome == "action_taken"


def outcomes(appeal_events):
    return [each.body.outcome for each in appeal_events if each.notice.value == "appeal_decided"]


@pytest.mark.parametrize("is_settled", [False, True])
@pytest.mark.parametrize("word", ["HOLD", "BLOCK"])
def test_appeal_is_open_again_with_its_case_and_decided_by_the_next_ruling(
    author, room, appeal_events, word, is_settled
):
    appeal = appealed(author, room, word)
    first = rule(appeal.case_id, "remove")
    if is_settled:
        settle()
    reverse(first)

    appeal.refresh_from_db()
    assert (appeal.state, appeal.outcome, appeal.told_at) == ("open", "", None)
    assert outcomes(appeal_events) == ["upheld"] * is_settled
    rule(appeal.case_id)
    settle()
    assert outcomes(appeal_events) == [*["upheld"] * is_settled, "overturned"]


@pytest.mark.parametrize("is_settled", [False, True])
def test_report_of_a_person_has_the_outcome_that_stands(author, appeal_events, is_settled):
    found, _ = report(
        reporter_id=make_user().id, subject_type="person", subject_id=author.id, category="hate"
    )
    rule(found.case_id)
    settle()
    appeal_report(user_id=found.reporter_id, report_id=found.id, text="Look again.")
    ruling = rule(Case.objects.get(state="open").id, measures=[MUTE])
    if is_settled:
        settle()
        found.refresh_from_db()
        assert found.outcome == "action_taken"
    reverse(ruling)

    found.refresh_from_db()
    assert (found.outcome, found.is_upheld) == ("no_action", False)
    assert outcomes(appeal_events) == [*["overturned"] * is_settled, "upheld"]


def test_appeal_comes_back_with_the_messages_of_a_purge(author, room, appeal_events):
    appeal = appealed(author, room, "HOLD")
    staff = staff_actor("purge_messages", "reverse_ruling", "view_case")
    purge = done(staff, author)
    assert Appeal.objects.get().outcome == "ended"

    reverse_purge(staff, purge)

    appeal.refresh_from_db()
    assert (appeal.state, appeal.outcome) == ("open", "")
    rule(appeal.case_id)
    settle()
    assert outcomes(appeal_events) == ["ended", "overturned"]


@pytest.mark.parametrize("is_told", [False, True])
def test_notice_comes_back_with_the_messages_of_a_purge(author, room, is_told):
    say(author, room, "hello there")
    message = Message.objects.get()
    notice, code = make_notice(reference=str(message.id))
    confirm_notice(protocol=notice.protocol, code=code)
    staff = staff_actor("purge_messages", "reverse_ruling", "view_case")
    purge = done(staff, author)
    notice.refresh_from_db()
    assert notice.outcome == "unavailable"
    if is_told:
        NoticeMail.objects.update(next_attempt_at=None, sent_at=timezone.now())

    reverse_purge(staff, purge)

    notice.refresh_from_db()
    assert (notice.state, notice.outcome, notice.decided_at) == ("open", "", None)
    waiting = NoticeMail.objects.filter(kind="outcome", next_attempt_at__isnull=False)
    assert not waiting.exists()
    rule(notice.case_id, "remove")
    settle()
    notice.refresh_from_db()
    assert (notice.state, notice.outcome, waiting.count()) == ("decided", "action_taken", 1)


def no_action(message):
    """A report of a text that a settled ruling left as it was, and that ruling."""
    found = complain(message)
    made = rule(found.case_id)
    settle()
    return found, made


def appeal_of(found, text="Look again."):
    return appeal_report(user_id=found.reporter_id, report_id=found.id, text=text)[0]


@pytest.mark.proves("R142")
def test_appeal_of_no_action_waits_on_the_reversal_that_takes_none_either(
    author, room, appeal_events
):
    message = say(author, room, "bom dia")
    found, made = no_action(message)
    appeal = appeal_of(found)
    staff = staff_actor()
    reversal = rulings.reverse(actor=staff, ruling_id=made.id, reason="mistake")
    settle()

    appeal.refresh_from_db()
    found.refresh_from_db()
    assert (appeal.state, appeal.outcome, appeal.appealed) == ("open", "", reversal)
    assert (found.outcome, found.ruling, outcomes(appeal_events)) == ("no_action", reversal, [])
    overturned = {"appeal_id": appeal.id, "outcome": AppealOutcome.OVERTURNED, "reason": "hate"}
    for decider_id in (made.actor_id, staff.id):
        with pytest.raises(OwnRuling):
            decide_appeal(actor=Actor(id=decider_id, scope_ids=None), **overturned)
    decide_appeal(actor=staff_actor(), **overturned)
    settle()

    found.refresh_from_db()
    message.refresh_from_db()
    assert (found.outcome, message.status) == ("action_taken", "REJECTED")
    assert outcomes(appeal_events) == ["overturned"]


@pytest.mark.proves("R142")
def test_no_action_of_a_reversal_can_be_appealed(author, room):
    found, made = no_action(say(author, room, "bom dia"))
    reverse(made)

    appeal = appeal_of(found)

    assert appeal.appealed.reverses == made
    assert appeal.first_decider_id == appeal.appealed.actor_id


@pytest.mark.proves("R142")
@pytest.mark.parametrize("content", ["allow", "remove"])
def test_appeal_of_no_action_joins_the_case_that_a_reversal_opens_again(
    author, room, appeal_events, content
):
    say(author, room, "HOLD bom dia")
    made = rule(Case.objects.get().id)
    settle()
    found = Report.objects.create(
        reporter=make_user(), subject_type="message", subject_id=made.subject_id, revision=1,
        scope_id=room.id, category="hate", case=made.case, state="decided", outcome="no_action",
        is_upheld=False, ruling=made, decided_at=timezone.now(),
    )  # fmt: skip
    appeal = appeal_of(found)
    reverse(made)

    appeal.refresh_from_db()
    found.refresh_from_db()
    assert (appeal.state, appeal.case, found.state) == ("open", made.case, "open")
    rule(made.case_id, content)
    settle()
    found.refresh_from_db()
    is_removed = content == "remove"
    assert found.outcome == ("action_taken" if is_removed else "no_action")
    assert outcomes(appeal_events) == (["overturned"] if is_removed else ["upheld"])


@pytest.mark.proves("R142")
def test_reversal_that_removes_the_text_overturns_each_appeal_of_no_action(
    author, room, appeal_events
):
    message = say(author, room, "bom dia")
    reporters = [
        complain(message)
        for _ in range(2)
    ]  # fmt: skip
    made = rule(reporters[0].case_id)
    settle()
    appeals = [appeal_of(Report.objects.get(pk=each.pk)) for each in reporters]

    decide_appeal(
        actor=staff_actor(), appeal_id=appeals[0].id,
        outcome=AppealOutcome.OVERTURNED, reason="hate",
    )  # fmt: skip
    settle()

    assert set(Appeal.objects.values_list("state", "outcome")) == {("decided", "overturned")}
    assert outcomes(appeal_events) == ["overturned", "overturned"]
    assert made.reversals.get().content == "remove"
