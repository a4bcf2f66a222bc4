"""Appeals that a ruling on their case had decided, once that ruling does not stand."""

from datetime import timedelta

import pytest
from django.utils import timezone

from moderado.chat.models import Message
from moderado.enforcement.models import Appeal, NoticeMail, Ruling
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.services import appeal_outcomes, rulings
from moderado.enforcement.services.appeals import appeal_decision, appeal_report
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.notices import confirm_notice
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.settling import settle_rulings
from moderado.enforcement.types import Actor, MeasureScope, SanctionKind
from moderado.moderation.models import Case
from tests.factories import make_member, make_notice, make_room, make_staff, make_user
from tests.integration.enforcement.steps import say
from tests.integration.enforcement.test_purges import done
from tests.integration.enforcement.test_purges import reverse as reverse_purge
from tests.rulings import make_ruling

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("obedient_provider"),
    pytest.mark.proves("S126"),
]

MUTE = Measure(kind=SanctionKind.MUTE, scope=MeasureScope.SERVER, term=timedelta(days=1))


@pytest.fixture
def room():
    return make_room()


@pytest.fixture
def author(room):
    return make_member(room).user


@pytest.fixture
def told(monkeypatch):
    """Which notices were sent to whom, with the outcome of appeals."""
    heard = []
    monkeypatch.setattr(appeal_outcomes, "publish", heard.append)
    return heard


def settle():
    Ruling.objects.filter(settled_at=None).update(undo_until=timezone.now() - timedelta(seconds=1))
    settle_rulings()


def rule(case_id, content="allow", **fields):
    staff = make_staff("add_sanction")
    return make_ruling(actor_id=staff.id, case_id=case_id, content=content, **fields)


def reverse(ruling):
    actor = Actor(id=make_staff().id, scope_ids=None)
    rulings.reverse(actor=actor, ruling_id=ruling.id, reason="mistake")
    settle()


def appealed(author, room, word):
    """A text that a machine keeps from others, and whose author has appealed."""
    say(author, room, f"{word} this")
    (decision,) = decisions_about(author.id)
    return appeal_decision(user_id=author.id, decision_id=decision.view.id, text="Quoted.")[0]


def outcomes(told):
    return [each.body.outcome for each in told if each.notice.value == "appeal_decided"]


@pytest.mark.parametrize("is_settled", [False, True])
@pytest.mark.parametrize("word", ["HOLD", "BLOCK"])
def test_appeal_is_open_again_with_its_case_and_decided_by_the_next_ruling(
    author, room, told, word, is_settled
):
    appeal = appealed(author, room, word)
    first = rule(appeal.case_id, "remove")
    if is_settled:
        settle()
    reverse(first)

    appeal.refresh_from_db()
    assert (appeal.state, appeal.outcome, appeal.told_at) == ("open", "", None)
    assert outcomes(told) == ["upheld"] * is_settled
    rule(appeal.case_id)
    settle()
    assert outcomes(told) == [*["upheld"] * is_settled, "overturned"]


@pytest.mark.parametrize("is_settled", [False, True])
def test_report_of_a_person_has_the_outcome_that_stands(author, told, is_settled):
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
    assert outcomes(told) == [*["overturned"] * is_settled, "upheld"]


def test_appeal_comes_back_with_the_messages_of_a_purge(author, room, told):
    appeal = appealed(author, room, "HOLD")
    staff = Actor(id=make_staff("purge_messages", "reverse_ruling").id, scope_ids=None)
    purge = done(staff, author)
    assert Appeal.objects.get().outcome == "ended"

    reverse_purge(staff, purge)

    appeal.refresh_from_db()
    assert (appeal.state, appeal.outcome) == ("open", "")
    rule(appeal.case_id)
    settle()
    assert outcomes(told) == ["ended", "overturned"]


@pytest.mark.parametrize("is_told", [False, True])
def test_notice_comes_back_with_the_messages_of_a_purge(author, room, is_told):
    say(author, room, "hello there")
    message = Message.objects.get()
    notice, code = make_notice(reference=str(message.id))
    confirm_notice(protocol=notice.protocol, code=code)
    staff = Actor(id=make_staff("purge_messages", "reverse_ruling").id, scope_ids=None)
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
