"""Large backlogs: query plans of the queue, and posting while messages are judged."""

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
def test_queue_statements_use_the_queue_index(statement, values):
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
    """Apply the planner options of a worker, whose settings cannot be loaded in this process."""
    written = Path(find_spec("moderado.config.settings.worker").origin).read_text()
    options = re.findall(r"-c (enable_\w+|plan_cache_mode)=(\w+)", written)
    assert len(options) == 3
    for name, value in options:
        cursor.execute(f"SET LOCAL {name} = {value}")


def prepared(name, statement, kinds):
    """The statement in the form of PostgreSQL's PREPARE."""
    for number, each in enumerate(kinds, start=1):
        statement = statement.replace(each, f"${number}")
    return f"PREPARE {name}({', '.join(kinds.values())}) AS {statement}"


@pytest.mark.proves("R53")
def test_prepared_plans_neither_sort_nor_scan_tables():
    rooms = [make_room() for _ in range(10)]
    claim = {"%(after)s": "uuid", "%(limit)s": "int", "%(older)s": "interval"}
    claim |= {"%(least)s": "int", "%(most)s": "int"}
    with connection.cursor() as cursor:
        as_a_worker(cursor)
        cursor.execute(prepared("claim", claims._CLAIM, claim))
        cursor.execute(prepared("write", publication._statement(SETTLED), {"%s": "json"}))
        for room in rooms:
            fill_queue(room, room.created_by, 500)
        cursor.execute("ANALYZE chat_message")  # discards the plans
        plans = []
        for call in (f"claim('{claims._FIRST}', 20, '0', 0, 0)", "write('[]')"):
            cursor.execute(f"EXPLAIN EXECUTE {call}")
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
        cursor.execute("DEALLOCATE ALL")
    claiming, writing = plans

    assert "Index Scan using message_queue" in claiming
    assert "Sort" not in claiming
    # Every scan of a table has a condition on the id, in the line below it.
    looks = re.findall(r"Scan .*on chat_(?:room|message)\b.*\n\s*(.*)", writing)
    assert len(looks) == 3
    assert {each.split("(id = ")[0] for each in looks} <= {"Index Cond: ", "Recheck Cond: "}
    assert "Seq Scan" not in claiming + writing


@pytest.mark.proves("R50")
@pytest.mark.django_db(transaction=True)
def test_verdict_does_not_block_posts_of_the_same_author():
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
def test_slow_provider_does_not_block_posts_of_the_same_author(settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Remote"}]
    Remote.asked.clear()
    Remote.waiting.clear()
    member = make_member()
    post(member, "WAIT")
    worker = threading.Thread(target=lambda: (screening.screen_waiting(), connection.close()))
    worker.start()
    processes.wait_until(lambda: Remote.waiting, what="the call")
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
