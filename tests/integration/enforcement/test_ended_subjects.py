"""What a moderator takes back once the subject has ended: nothing waits for it for ever."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from moderado.chat.models import Message, Room
from moderado.chat.services import erasing
from moderado.chat.services.posting import post_message
from moderado.chat.services.removing import delete_message
from moderado.chat.services.screening import screen_waiting
from moderado.enforcement.models import Appeal, Notice, Report, Ruling
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.services import erasures, rulings
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.notices import confirm_notice
from moderado.enforcement.services.reports import report
from moderado.enforcement.types import Actor
from moderado.moderation.models import Case
from tests.factories import make_notice, make_staff, make_user
from tests.integration.enforcement.races import overtake
from tests.integration.enforcement.steps import say, settle
from tests.rulings import make_ruling, staff_actor

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("obedient_provider"),
    pytest.mark.proves("R255"),
]


def appealed(author, room):
    say(author, room, "HOLD this")
    (decision,) = decisions_about(author.id)
    return appeal_decision(user_id=author.id, decision_id=decision.view.id, text="Quoted.")[0]


def reported_before_its_verdict(author, room):
    Room.objects.filter(pk=room.id).update(moderation_mode="post")
    sent = post_message(author_id=author.id, room_id=room.id, text="BLOCK this")
    about = {"subject_type": "message", "subject_id": sent.view.id, "category": "hate"}
    found, _ = report(reporter_id=make_user().id, **about)
    screen_waiting()
    assert Message.objects.get(pk=sent.view.id).status != "APPROVED"
    return found


def noticed_before_its_verdict(author, room):
    Room.objects.filter(pk=room.id).update(moderation_mode="post")
    sent = post_message(author_id=author.id, room_id=room.id, text="BLOCK this")
    message = Message.objects.get(pk=sent.view.id)
    notice, code = make_notice(reference=str(message.id))
    confirmed = confirm_notice(protocol=notice.protocol, code=code)
    screen_waiting()
    return confirmed


def delete(author):
    for message in Message.objects.filter(author=author):
        delete_message(actor_id=author.id, message_id=message.id)


def erase(author):
    erasures.order_erasure(actor_id=None, user_id=author.id)
    while erasing.run_slice(author.id):
        pass


def undo(actor, ruling):
    Ruling.objects.filter(pk=ruling.id).update(undo_until=Now() + timedelta(seconds=10))
    rulings.undo(actor=actor, ruling_id=ruling.id)


def reverse(_actor, ruling):
    settle()
    staff = staff_actor()
    rulings.reverse(actor=staff, ruling_id=ruling.id, reason="spam")


def ended_first(end, take_back):
    end()
    take_back()


def ended_last(end, take_back):
    take_back()
    end()


@pytest.mark.parametrize("order", [ended_first, ended_last])
@pytest.mark.parametrize("take_back", [undo, reverse])
@pytest.mark.parametrize("end", [delete, erase])
@pytest.mark.parametrize(
    "waiting", [appealed, reported_before_its_verdict, noticed_before_its_verdict]
)
def test_nothing_waits_for_a_case_that_is_closed(author, room, waiting, end, take_back, order):
    thing, staff = waiting(author, room), make_staff()
    ruling = make_ruling(actor_id=staff.id, case_id=thing.case_id, content="remove")
    actor = Actor(id=staff.id, scope_ids=None)

    order(lambda: end(author), lambda: take_back(actor, ruling))
    settle()

    closed = Case.objects.exclude(state="open")
    assert not Appeal.objects.filter(state="open", case__in=closed)
    assert not Report.objects.filter(state="open", case__in=closed)
    assert not Notice.objects.filter(state="open", case__in=closed)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("waiting", "state"),
    [(reported_before_its_verdict, "open"), (noticed_before_its_verdict, "decided")],
)
def test_subject_that_ends_while_its_reversal_settles_leaves_nothing_undecided(
    author, room, waiting, state
):
    thing, staff = waiting(author, room), make_staff()
    ruling = make_ruling(actor_id=staff.id, case_id=thing.case_id, content="remove")
    reverse(None, ruling)

    overtake(lambda: delete(author), settle)

    thing.refresh_from_db()
    assert thing.state == state
    # What is open has a case that a moderator can decide.
    assert Case.objects.get(pk=thing.case_id).state == ("open" if state == "open" else "closed")
