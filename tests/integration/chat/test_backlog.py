"""A backlog of any size: no statement reads all of it, and nobody who speaks waits for a judge."""

import statistics
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from moderado.chat.events import ChangeKind
from moderado.chat.models import Message
from moderado.chat.selectors import feed
from moderado.chat.services import claims, screening
from moderado.chat.services.claims import Claimant
from moderado.chat.services.messages import post_message
from moderado.chat.services.publication import Changed, write
from tests import processes
from tests.factories import fill_queue, fill_room, make_member, make_room
from tests.providers import Remote

pytestmark = pytest.mark.django_db

WAITING = {"after": claims._FIRST, "least": 0, "most": 0, "limit": 200}


def post(member, text="bom dia"):
    return post_message(author_id=member.user_id, room_id=member.room_id, text=text).view


@pytest.mark.proves("R53")
@pytest.mark.parametrize(
    ("statement", "values"),
    [
        pytest.param(claims._CLAIM, {"older": timedelta(0), **WAITING}, id="waiting"),
        pytest.param(claims._CLAIM, {"older": timedelta(seconds=2), **WAITING}, id="left-behind"),
        pytest.param(feed._OLDEST_WAITING, {}, id="oldest"),
    ],
)
def test_no_statement_about_what_waits_reads_the_whole_table(statement, values):
    rooms = [make_room() for _ in range(10)]
    for room in rooms:
        fill_queue(room, room.created_by, 1_000)
        fill_room(room, room.created_by, 1_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE chat_message")
        cursor.execute(f"EXPLAIN {statement}", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "using message_queue" in plan
    assert "Seq Scan on chat_message" not in plan
    assert "Sort" not in plan


@pytest.mark.proves("R50")
@pytest.mark.django_db(transaction=True)
def test_the_author_and_the_room_of_what_is_being_judged_are_not_locked():
    member = make_member()
    judged = post(member)
    with transaction.atomic():
        (message,) = Claimant().claim()
        write([Changed(message, ChangeKind.PUBLISHED)])  # the most that a verdict locks
        speaker = threading.Thread(target=lambda: (post(member), connection.close()))
        speaker.start()
        speaker.join(1.5)  # a lock is waited for until 2 s
        assert not speaker.is_alive()
    assert Message.objects.exclude(pk=judged.id).count() == 1


@pytest.mark.proves("R50")
@pytest.mark.django_db(transaction=True)
def test_a_provider_that_thinks_for_long_delays_no_message_of_the_same_author(settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Remote"}]
    Remote.asked.clear()
    Remote.waiting.clear()
    member = make_member()
    post(member, "WAIT")
    worker = threading.Thread(target=lambda: (screening.screen_waiting(), connection.close()))
    worker.start()
    processes.wait_until(lambda: Remote.waiting, what="it thinks", seconds=10)
    waits = []
    try:
        for _ in range(100):
            began = time.monotonic()
            post(member)
            waits.append(time.monotonic() - began)
    finally:
        Remote.waiting[0]()
        worker.join(20)

    assert statistics.quantiles(waits, n=100)[98] < 0.1
