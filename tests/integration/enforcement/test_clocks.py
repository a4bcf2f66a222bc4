"""A web host's clock is wrong: what staff order takes effect when the database says so."""

from datetime import timedelta

import pytest
from django.utils import timezone

from moderado.chat.models import Message
from moderado.chat.services import purge_requests, room_measures
from moderado.core import clock as database_clock
from moderado.enforcement.models import RetentionRun
from moderado.enforcement.services import claiming, erasures, retention
from tests.factories import MODERATING, make_member, make_user
from tests.integration.chat.steps import judge, post
from tests.integration.enforcement.test_purges import run as run_purges
from tests.rulings import staff_actor

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R123")]

HOUR, MOMENT = timedelta(hours=1), timedelta(minutes=10)
wrong_by = pytest.mark.parametrize("error", [HOUR, -HOUR], ids=["fast", "slow"])


@pytest.fixture(autouse=True)
def _providers(settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Obedient"}]


@pytest.fixture
def staff():
    return staff_actor("purge_messages", *MODERATING)


@wrong_by
def test_purge_removes_what_was_written_until_now(clock, error, room, staff):
    raider = make_member(room).user
    message = post(raider, room)
    judge(message)
    since = timezone.now() - MOMENT
    clock.shift(error)

    purge_requests.start_purge(actor=staff, user_id=raider.id, since=since, reason="spam")
    run_purges()

    assert Message.objects.get(pk=message.pk).status == "REMOVED"


@wrong_by
def test_room_is_frozen_for_a_few_minutes(clock, error, room, staff):
    until = timezone.now() + MOMENT
    clock.shift(error)

    frozen = room_measures.freeze_room(
        actor_id=staff.id, scope_ids=None, room_id=room.id, until=until
    )

    assert frozen.frozen_until == until


@wrong_by
def test_case_is_put_off_for_a_few_minutes(clock, error, room, staff):
    message = post(make_member(room).user, room, "HOLD this")
    judge(message)
    case_id = message_case(message)
    until = timezone.now() + MOMENT
    clock.shift(error)

    assert claiming.snooze_case(actor=staff, case_id=case_id, until=until).snoozed_until == until


def message_case(message):
    return claiming.Case.objects.get(subject_id=message.pk).pk


def test_ordered_erasure_is_due_at_once_on_a_fast_host(clock):
    user = make_user()
    clock.shift(HOUR)

    erasures.order_erasure(actor_id=None, user_id=user.id)

    assert erasures.has_due()


def test_retention_keeps_texts_for_their_whole_term_on_a_fast_host(clock, settings):
    settings.RETENTION_DAYS = dict.fromkeys(retention.KINDS, 0) | {retention.MESSAGES: 1}
    clock.shift(timedelta(days=2))

    retention.start_daily_run()

    (cutoff,) = RetentionRun.objects.get().cutoffs.values()
    assert cutoff <= (database_clock.now() - timedelta(days=1)).isoformat()
