"""Claims: fair between rooms, and never of what another worker holds."""

import itertools
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from moderado.chat.models import Message, Room
from moderado.chat.services import claims, screening
from moderado.moderation.models import ModerationLog
from tests.factories import make_member, make_room
from tests.integration.chat.steps import judge, post
from tests.providers import Obedient

pytestmark = pytest.mark.django_db


def test_flooded_room_does_not_delay_another(alice):
    loud, quiet = make_room(), make_room()
    for n in range(30):
        post(alice, loud, str(n))
    last = post(alice, quiet)

    with transaction.atomic():
        claimed = claims.Claimant().claim(limit=10)

    assert last.id in {message.id for message in claimed}


def test_every_room_is_served_when_rooms_exceed_the_limit(alice):
    for _ in range(7):
        post(alice, make_room())
    claimant, seen = claims.Claimant(), set()

    for _ in range(4):
        with transaction.atomic():
            seen |= {message.room_id for message in claimant.claim(limit=2)}

    assert len(seen) == 7


def test_shares_are_equal_across_the_end_of_a_cycle(alice):
    """A round ends in the middle of a batch: who comes after the last shares with the first."""
    for room in [make_room() for _ in range(3)]:
        for n in range(4):
            post(alice, room, str(n))
    claimant, batches = claims.Claimant(), []

    for _ in range(3):
        with transaction.atomic():
            batches.append([message.room_id for message in claimant.claim(limit=2)])

    first, second, third = sorted(set(itertools.chain(*batches)))
    assert [sorted(batch) for batch in batches] == [
        [first, second],
        [first, third],
        [second, third],
    ]


def test_room_whose_messages_are_leased_is_skipped(alice):
    held, free = sorted([make_room(), make_room()], key=lambda room: room.id)
    for room in (held, free):
        post(alice, room)
    Message.objects.filter(room=held).update(lease_until=timezone.now() + timedelta(hours=1))
    claimant = claims.Claimant()

    with transaction.atomic():
        assert claimant.claim(limit=1) == []
    with transaction.atomic():
        (message,) = claimant.claim(limit=1)
    assert message.room_id == free.id


def test_queue_time_in_the_future_delays_nothing(alice, room):
    message = post(alice, room)
    Message.objects.update(queued_at=timezone.now() + timedelta(minutes=5))

    judge(message)

    assert message.status == "APPROVED"


@pytest.mark.django_db(transaction=True)
def test_concurrent_workers_judge_each_message_once():
    member = make_member()
    for n in range(20):
        post(member.user, member.room, str(n))

    def work():
        try:
            for _ in range(25):
                screening.screen_waiting()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(Obedient.asked, key=int) == [str(n) for n in range(20)]
    assert sorted(Message.objects.values_list("seq", flat=True)) == list(range(1, 21))
    assert Room.objects.get(pk=member.room_id).seq == 20
    assert ModerationLog.objects.count() == 20
