"""Concurrent writers: deadlock victims are retried."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import OperationalError

from moderado.chat.errors import MessageGone
from moderado.chat.models import Message, Room
from moderado.chat.services import screening
from moderado.chat.services.editing import edit_message
from moderado.chat.services.posting import post_message
from moderado.chat.services.reading import mark_read
from moderado.chat.services.removing import delete_message
from tests import processes
from tests.factories import make_member, make_room

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.proves("R25")]

THREADS = 32
ROUNDS = [4, pytest.param(10, marks=pytest.mark.long)]  # of each thread, with two operations each


def post(member, text="bom dia"):
    return post_message(author_id=member.user_id, room_id=member.room_id, text=text).view


def stranger():
    """Another session that takes locks in the opposite order."""
    parameters = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return psycopg.connect(**{name: parameters[name] for name in names})


def waits_for_lock(count=1):
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0] >= count


def test_deadlock_victim_is_retried():
    member = make_member(make_room(moderation_mode="post"))
    view = post(member)

    def edit():
        try:
            return edit_message(actor_id=member.user_id, message_id=view.id, text="boa tarde")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as executor, stranger() as other:
        other.execute("SET deadlock_timeout = '1min'")  # so that the edit is the deadlock victim
        other.execute("SELECT 1 FROM chat_room WHERE id = %s FOR UPDATE", [member.room_id])
        edited = executor.submit(edit)  # holds the message and waits for the room
        processes.wait_until(waits_for_lock, what="the edit waits for the room", seconds=5)
        other.execute("SELECT 1 FROM chat_message WHERE id = %s FOR UPDATE", [view.id])
        other.commit()

        assert edited.result(10).content == "boa tarde"
    assert Message.objects.get(pk=view.id).revision == 2


def test_no_retry_inside_an_outer_transaction(monkeypatch):
    member = make_member()
    tries = []

    def collide(*_, **__):
        tries.append(1)
        raise OperationalError from psycopg.errors.DeadlockDetected()

    monkeypatch.setattr("moderado.chat.services.inserts.mode_for", collide)
    with pytest.raises(OperationalError), transaction.atomic():
        post(member)
    assert len(tries) == 1
    with pytest.raises(OperationalError):
        post(member)
    assert len(tries) == 1 + 4


class Storm:
    """Run mixed operations in threads in two rooms; return their errors."""

    def __init__(self):
        self.rooms = [make_room(moderation_mode="post"), make_room(moderation_mode="pre")]
        self.members = [
            (make_member(self.rooms[0]), make_member(self.rooms[1])) for _ in range(THREADS)
        ]
        self.failures = []
        self._said = []
        self._together = threading.Barrier(THREADS)

    def rage(self, rounds):
        threads = [
            threading.Thread(target=self._run, args=(number, rounds)) for number in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _run(self, number, rounds):
        dice = random.Random(number)
        self._together.wait()
        try:
            for _ in range(rounds):
                self._do(dice, self.members[number])
                connection.close()  # return the connection to the pool, as after each client call
        except Exception as error:  # noqa: BLE001  (a client would see it)
            self.failures.append(repr(error))
        finally:
            connection.close()

    def _do(self, dice, places):
        place = dice.choice(places)
        self._said.append((place.user_id, post(place).id))
        author_id, message_id = dice.choice(self._said)
        match dice.randrange(4):
            case 0:
                screening.screen_waiting()
            case 1:
                self._edit(author_id, message_id)
            case 2:
                delete_message(actor_id=author_id, message_id=message_id)
            case 3:
                mark_read(user_id=place.user_id, room_id=place.room_id, seq=1_000)

    def _edit(self, author_id, message_id):
        with suppress(MessageGone):  # deleted meanwhile: its author is notified
            edit_message(actor_id=author_id, message_id=message_id, text="boa noite")


@pytest.mark.parametrize("rounds", ROUNDS)
def test_concurrent_posts_edits_and_removals_raise_no_database_error(rounds):
    storm = Storm()

    storm.rage(rounds)
    screening.screen_waiting()

    assert storm.failures == []
    assert not Message.objects.filter(queued_at__isnull=False).exists()
    for room in Room.objects.filter(pk__in=[room.pk for room in storm.rooms]):
        changed = Message.objects.filter(room=room, seq__gt=0).values_list("seq", flat=True)
        assert len(set(changed)) == len(changed)
        assert max(changed) <= room.seq
