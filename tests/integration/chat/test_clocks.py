"""Clock skew between machines: the database's clock decides how long a message has waited."""

from datetime import timedelta

import pytest
from django.db.models import F, Q
from django.db.models.functions import Now

from moderado.chat.models import Message
from moderado.chat.services import screening
from moderado.chat.services.editing import edit_message
from moderado.chat.services.posting import post_message
from moderado.core.metrics import VERDICT_SECONDS
from tests.factories import make_room
from tests.providers import Remote

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.proves("R27")]

SKEWS = [-3600, -61, 5, 3600]
WORKERS = [-90, 90]
NEAR = Q(queued_at__gt=Now() - timedelta(seconds=5), queued_at__lte=Now())


def post(author, room, text="bom dia"):
    return post_message(author_id=author.id, room_id=room.id, text=text).view.id


@pytest.mark.parametrize("seconds", SKEWS)
def test_message_is_queued_by_the_database_clock(alice, room, clock, seconds):
    clock.shift(seconds)

    post(alice, room)

    assert Message.objects.filter(NEAR).exists()


@pytest.mark.parametrize("seconds", SKEWS)
def test_edit_is_queued_by_the_database_clock(alice, room, clock, seconds):
    hidden, shown = post(alice, room, "BLOCK this"), post(alice, room)
    screening.screen_waiting()
    clock.shift(seconds)

    for message_id in (hidden, shown):
        edit_message(actor_id=alice.id, message_id=message_id, text="boa tarde")

    assert Message.objects.filter(NEAR).count() == 2


def test_message_in_mode_off_is_not_queued(alice):
    post(alice, make_room(moderation_mode="off"))

    assert Message.objects.get().queued_at is None


@pytest.mark.parametrize("seconds", WORKERS)
def test_sweep_ignores_a_wrong_clock_of_the_worker(alice, room, clock, seconds):
    clock.shift(5)
    old, young = post(alice, room), post(alice, room)
    Message.objects.filter(pk=old).update(queued_at=F("queued_at") - timedelta(seconds=4))
    clock.shift(seconds)

    assert screening.sweep() == 1

    waiting = Message.objects.filter(queued_at__isnull=False)
    assert list(waiting.values_list("pk", flat=True)) == [young]


@pytest.mark.parametrize("seconds", WORKERS)
def test_lease_is_measured_by_the_database_clock(alice, room, clock, settings, seconds):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Remote"}]
    Remote.asked.clear()
    clock.shift(seconds)
    post(alice, room, "BUSY 30")

    screening.screen_waiting()
    screening.screen_waiting()
    screening.sweep()

    soon, late = Now() + timedelta(seconds=25), Now() + timedelta(seconds=31)
    assert Message.objects.filter(lease_until__range=(soon, late)).exists()
    assert Remote.asked == ["BUSY 30"]


@pytest.mark.parametrize("seconds", WORKERS)
def test_time_to_verdict_is_measured_by_one_clock(alice, room, clock, seconds):
    before = VERDICT_SECONDS._sum.get()
    post(alice, room)
    clock.shift(seconds)

    screening.screen_waiting()

    assert 0 < VERDICT_SECONDS._sum.get() - before < 10
