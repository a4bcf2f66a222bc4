"""A room with millions of messages: the cost of a page at its head and deep inside.

Runs in the server's environment. Reads its arguments and writes its result as JSON.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any
from uuid import UUID

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.test import APIRequestFactory  # noqa: E402

from benchmarks.stacks.moderado_people import populate  # noqa: E402
from moderado.api.pagination import Cursor, ExactCursorPagination  # noqa: E402
from moderado.chat.models import Room  # noqa: E402
from moderado.chat.selectors import feed  # noqa: E402
from moderado.chat.selectors.messages import history  # noqa: E402

PAGE = 50
REPEATED = 100
PEOPLE = 1_000
LAST = UUID(int=2**128 - 1)

# `replica` skips the checks of foreign keys. The search index is dropped: pages of history and
# changes cannot use it.
_FILL = """
    SET statement_timeout = 0;
    SET LOCAL session_replication_role = replica;
    DROP INDEX message_words;
    INSERT INTO chat_message (id, created_at, room_id, author_id, client_id, first_hash, text,
        revision, status, reason, categories, position, seq, edit_reason, edit_categories, fence,
        attempts, published_at)
    SELECT gen_random_uuid(), now() - (%(rows)s - n) * interval '1 second', %(room)s,
        (%(people)s::uuid[])[1 + n %% %(count)s], n::text, '\\x00000000000000000000000000000000',
        'mensagem ' || n || repeat(' bom dia', n %% 12), 1, 'APPROVED', '', '{}', n, n, '', '{}',
        0, 0, now()
    FROM generate_series(1, %(rows)s) AS n;
    UPDATE chat_room SET seq = %(rows)s WHERE id = %(room)s;
"""


def measure(rows: int, depth: int) -> dict[str, Any]:
    """Measure time, buffers and plan nodes of a page at the head and at `depth`.

    Args:
        rows: Messages in the room.
        depth: Messages before the deep page.
    """
    people = populate(PEOPLE, 1)
    reader, room = UUID(people[0]["id"]), UUID(people[0]["room"])
    values: dict[str, Any] = {"rows": rows, "room": room, "count": PEOPLE}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FILL, {**values, "people": [person["id"] for person in people]})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) chat_message, accounts_user, chat_membership, chat_room")
    deep = Cursor("<", str(rows - depth), str(LAST)).encoded()
    epoch = Room.objects.get(id=room).epoch
    # No message of the page at the head of the feed lies beyond the room's last change.
    reads: dict[str, Callable[[], object]] = {
        "history_head": lambda: _history(reader, room, ""),
        "history_deep": lambda: _history(reader, room, deep),
        "feed_head": lambda: _changes(reader, room, rows - PAGE, epoch),
        "feed_deep": lambda: _changes(reader, room, rows - depth, epoch),
    }
    figures: dict[str, Any] = {}
    for name, read in reads.items():
        figures |= {f"{name}_{key}": value for key, value in _costs(read).items()}
    figures["offset_ms"] = _explained(_offset(room, depth))["Execution Time"]
    return {"figures": figures, "cursor": deep, **people[0], "after": rows - depth}


def _history(reader: UUID, room: UUID, cursor: str) -> list[Any]:
    query = {"page_size": str(PAGE), **({"cursor": cursor} if cursor else {})}
    request = Request(APIRequestFactory(SERVER_NAME="localhost").get("/", query))
    page = ExactCursorPagination().paginate_queryset(
        history(reader_id=reader, room_id=room), request
    )
    assert len(page) == PAGE
    return page


def _changes(reader: UUID, room: UUID, after: int, epoch: UUID) -> object:
    changes = feed.changes(
        reader_id=reader, room_id=room, after=after, epoch=epoch, language="en", limit=PAGE
    )
    assert len(changes.messages) == PAGE
    return changes


def _costs(read: Callable[[], object]) -> dict[str, float]:
    times = []
    for _ in range(REPEATED):
        began = time.perf_counter()
        read()
        times.append(time.perf_counter() - began)
    with CaptureQueriesContext(connection) as captured:
        read()
    asked = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    answers = [[_explained(query) for _ in range(5)][-1] for query in asked]
    nodes = [node for answer in answers for node in _nodes(answer["Plan"])]
    return {
        "ms": median(times) * 1000,
        "sql_ms": sum(answer["Execution Time"] for answer in answers),
        "buffers": sum(_buffers(answer["Plan"]) for answer in answers),
        "queries": len(captured),
        "sorts": sum("Sort" in node for node in nodes),
        "seq_scans": sum(node == "Seq Scan" for node in nodes),
    }


def _offset(room: UUID, depth: int) -> str:
    return (
        f"SELECT * FROM chat_message WHERE room_id = '{room}' "  # noqa: S608  (a UUID and a number)
        f"ORDER BY position DESC, id DESC OFFSET {depth} LIMIT {PAGE}"
    )


def _explained(query: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}")
        answer = cursor.fetchone()[0]
    found: dict[str, Any] = (json.loads(answer) if isinstance(answer, str) else answer)[0]
    return found


def _buffers(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def _nodes(plan: dict[str, Any]) -> Iterator[str]:
    yield plan["Node Type"]
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


if __name__ == "__main__":
    print(json.dumps(measure(**json.load(sys.stdin))))
