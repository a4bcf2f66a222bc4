"""The sweep: what was left behind, and what five attempts did not judge."""

import pytest

from moderado.chat.models import Message
from moderado.chat.services import screening
from tests.integration.chat.steps import age, judge, post
from tests.providers import Obedient

pytestmark = pytest.mark.django_db


def test_sweep_judges_messages_that_were_left_behind(alice, room):
    message = post(alice, room)
    assert screening.sweep() == 0

    age(seconds=10)
    assert screening.sweep() == 1

    message.refresh_from_db()
    assert message.status == "APPROVED"


def test_message_is_held_after_five_attempts(alice, room):
    poison = post(alice, room)
    Message.objects.update(attempts=5)
    age(hours=1)

    screening.sweep()

    poison.refresh_from_db()
    assert (poison.status, poison.reason) == ("HELD", "unjudged")
    assert Obedient.asked == []


def test_waiting_counts_as_no_attempt(alice, room):
    message = post(alice, room)
    age(days=1)

    judge(message)

    assert message.status == "APPROVED"


def test_poison_message_is_held_and_others_are_judged(alice, room, settings, monkeypatch):
    class Fatal(BaseException):
        pass

    good = [post(alice, room, f"good {n}") for n in range(3)]
    poison = post(alice, room, "POISON")
    original = Obedient.assess

    def assess(self, contents):
        if any("POISON" in content.text for content in contents):
            raise Fatal
        return original(self, contents)

    monkeypatch.setattr(Obedient, "assess", assess)
    for _ in range(6):
        age(seconds=10)
        Message.objects.update(lease_until=None)
        try:
            screening.sweep()
        except Fatal:
            continue

    statuses = set(Message.objects.exclude(pk=poison.pk).values_list("status", flat=True))
    poison.refresh_from_db()
    assert statuses == {"APPROVED"}
    assert len(good) == 3
    assert (poison.status, poison.reason) == ("HELD", "unjudged")
