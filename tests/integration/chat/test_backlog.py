"""A backlog of any size: no statement reads all of it, and nobody who speaks waits for a judge."""

import re
import threading
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.db import connection, transaction

from moderado.chat.events import ChangeKind
from moderado.chat.models import Message
from moderado.chat.selectors import feed
from moderado.chat.services import claims, publication, screening
from moderado.chat.services.claims import Claimant
from moderado.chat.services.posting import post_message
from moderado.chat.services.publication import SETTLED, Changed, write
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


def as_a_worker(cursor):
    """Plans statements as in a worker's session. (Its settings cannot be had beside the tests'.)"""
    written = Path(find_spec("moderado.config.settings.worker").origin).read_text()
    options = re.findall(r"-c (enable_\w+|plan_cache_mode)=(\w+)", written)
    assert len(options) == 3
    for name, value in options:
        cursor.execute(f"SET LOCAL {name} = {value}")


def prepared(name, statement, kinds):
    """A statement of ours, made for PostgreSQL's own PREPARE."""
    for number, each in enumerate(kinds, start=1):
        statement = statement.replace(each, f"${number}")
    return f"PREPARE {name}({', '.join(kinds.values())}) AS {statement}"


@pytest.mark.proves("R53")
def test_what_was_planned_once_neither_sorts_a_backlog_nor_looks_at_every_room():
    rooms = [make_room() for _ in range(10)]
    claim = {"%(after)s": "uuid", "%(limit)s": "int", "%(older)s": "interval"}
    claim |= {"%(least)s": "int", "%(most)s": "int"}
    with connection.cursor() as cursor:
        as_a_worker(cursor)
        cursor.execute(prepared("claim", claims._CLAIM, claim))
        cursor.execute(prepared("write", publication._statement(SETTLED), {"%s": "json"}))
        for room in rooms:
            fill_queue(room, room.created_by, 500)
        cursor.execute("ANALYZE chat_message")  # which lets every plan be made anew
        plans = []
        for call in (f"claim('{claims._FIRST}', 20, '0', 0, 0)", "write('[]')"):
            cursor.execute(f"EXPLAIN EXECUTE {call}")
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
        cursor.execute("DEALLOCATE ALL")
    claiming, writing = plans

    assert "Index Scan using message_queue" in claiming
    assert "Sort" not in claiming
    # Every look into a table names the rows that it wants: a scan, and below it the condition.
    looks = re.findall(r"Scan .*on chat_(?:room|message)\b.*\n\s*(.*)", writing)
    assert [each.split("(id = ")[0] for each in looks] == ["Index Cond: ", *["Recheck Cond: "] * 2]
    assert "Seq Scan" not in claiming + writing


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
        speaker.join()  # fails by the lock timeout if it waits for this transaction
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
    processes.wait_until(lambda: Remote.waiting, what="it thinks")
    try:
        with _short_lock_timeout():
            for _ in range(10):
                post(member)
    finally:
        Remote.waiting[0]()
        worker.join()

    assert Message.objects.count() == 11


@contextmanager
def _short_lock_timeout():
    """Statements of this connection fail if they wait for a lock for longer than a moment."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")  # the provider's call takes 8 s
        yield
        cursor.execute("RESET lock_timeout")
