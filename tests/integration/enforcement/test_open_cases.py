"""Whatever changes the set of open cases tells the moderators who are connected."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from moderado.chat.services.editing import edit_message
from moderado.chat.services.screening import screen_waiting
from moderado.enforcement import tasks
from moderado.enforcement.models import Report
from moderado.enforcement.services.claiming import snooze_case
from moderado.enforcement.services.snoozes import end_snoozes
from moderado.moderation.events import CasesChanged
from moderado.moderation.models import Case
from tests.factories import make_member, make_room
from tests.integration.chat.conftest import committed as committed
from tests.integration.enforcement.steps import complain, say
from tests.rulings import staff_actor

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("obedient_provider"),
    pytest.mark.proves("S128"),
]


@pytest.fixture
def message():
    room = make_room()
    return say(make_member(room).user, room, "bom dia")


@pytest.fixture
def steps(heard, committed):
    """Which steps an act told of a case, to others than those who become parties."""

    def of(act, case):
        heard.clear()
        with committed():
            act()
        told = [each.changes for each in heard if isinstance(each, CasesChanged)]
        changes = [each for several in told for each in several if each.case_id == case.id]
        return [str(each.step) for each in changes if each.party_id is None]

    return of


def snooze(case):
    until = timezone.now() + timedelta(hours=1)
    snooze_case(actor=staff_actor(), case_id=case.id, until=until)


def test_case_of_a_text_that_returns_is_told(steps):
    room = make_room(moderation_mode="post")
    message = say(make_member(room).user, room, "FLAG this")
    case = Case.objects.get()
    edit_message(actor_id=message.author_id, message_id=message.id, text="BLOCK this")
    case.refresh_from_db()
    assert case.state == "closed"

    assert steps(screen_waiting, case) == ["returned"]

    assert Case.objects.get(state="open") == case


def test_reported_case_is_open_while_its_text_is_replaced_and_returns(steps):
    room = make_room(moderation_mode="post")
    message = say(make_member(room).user, room, "bom dia")
    found = complain(message)
    edit_message(actor_id=message.author_id, message_id=message.id, text="BLOCK this")
    found.refresh_from_db()
    assert (found.state, found.case.state) == ("open", "open")

    assert steps(screen_waiting, found.case) == []

    assert Case.objects.get(state="open") == found.case
    assert Report.objects.get().state == "open"


def test_what_joins_a_case_that_was_put_off_tells_that_it_is_open(message, steps):
    case = complain(message).case
    snooze(case)

    assert steps(lambda: complain(message), case) == ["opened"]
    case.refresh_from_db()
    assert case.snoozed_until is None


def test_end_of_a_snooze_is_told_once(message, steps):
    case = complain(message).case
    snooze(case)
    assert steps(tasks.end_snoozes, case) == []
    Case.objects.update(snoozed_until=Now())

    assert steps(tasks.end_snoozes, case) == ["opened"]
    assert end_snoozes() == 0
