"""The sweep: what was left behind, and what five attempts did not judge."""

from datetime import timedelta

import pytest
from django.utils import timezone

from moderado.chat.models import Message
from moderado.chat.services import left_behind, screening
from tests.factories import make_member
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


class Fatal(BaseException):
    """Ends the sweep, as the death of the worker does."""


@pytest.fixture
def deadly(monkeypatch):
    """The local provider kills its worker when a text says POISON."""
    original = Obedient.assess

    def assess(self, contents):
        if any("POISON" in content.text for content in contents):
            raise Fatal
        return original(self, contents)

    monkeypatch.setattr(Obedient, "assess", assess)


def sweep():
    """Sweep when the leases of dead workers are over. Tell whether the worker survives."""
    age(seconds=10)
    Message.objects.update(lease_until=None)
    try:
        screening.sweep()
    except Fatal:
        return False
    return True


def statuses(messages):
    found = Message.objects.filter(pk__in=[each.pk for each in messages])
    return set(found.values_list("status", flat=True))


@pytest.fixture(params=["local", "remote"])
def providers(request, settings):
    """A local provider alone, or beside one that needs the network."""
    if request.param == "remote":
        settings.MODERATION_PROVIDERS = [
            *settings.MODERATION_PROVIDERS,
            {"BACKEND": "tests.providers.Remote"},
        ]


@pytest.mark.proves("R202")
@pytest.mark.django_db(transaction=True)
def test_poison_message_is_held_and_others_are_judged(alice, room, providers, deadly):
    poison = post(alice, room, "POISON")
    beside = [post(alice, room, f"good {n}") for n in range(3)]
    elsewhere = [post(alice, make_member(user=alice).room, f"good {n}") for n in range(3)]

    deaths = [not sweep() for _ in range(3)]  # all together, the oldest alone, the others alone

    assert deaths == [True, True, True]
    assert statuses([*beside, *elsewhere]) == {"APPROVED"}
    while not sweep():
        pass
    poison.refresh_from_db()
    assert (poison.status, poison.reason) == ("HELD", "unjudged")


@pytest.mark.proves("R202")
@pytest.mark.django_db(transaction=True)
def test_death_of_a_worker_costs_other_messages_no_attempt(alice, room, providers, deadly):
    poison = [post(alice, room, f"POISON {n}") for n in range(3)]
    beside = [post(alice, room, f"good {n}") for n in range(3)]
    Message.objects.update(attempts=1)

    while not sweep():
        pass

    assert statuses(beside) == {"APPROVED"}
    assert statuses(poison) == {"HELD"}


@pytest.mark.proves("R202")
@pytest.mark.parametrize(("attempts", "status"), [(1, "APPROVED"), (5, "HELD")])
def test_sweep_reaches_messages_behind_many_rooms(alice, monkeypatch, attempts, status):
    monkeypatch.setattr(left_behind, "AMONG", 2)
    monkeypatch.setattr(left_behind, "BATCH", 2)
    leased = [post(alice, make_member(user=alice).room) for _ in range(5)]
    Message.objects.update(attempts=1, lease_until=timezone.now() + timedelta(minutes=1))
    last = post(alice, make_member(user=alice).room)
    Message.objects.filter(pk=last.pk).update(attempts=attempts)
    age(seconds=10)

    screening.sweep()

    assert (statuses([last]), statuses(leased)) == ({status}, {"PENDING"})
