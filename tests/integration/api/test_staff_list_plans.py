"""Lists of moderators over 50,000 rows: first page and deep cursor read an index, not a table."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from moderado.api.pagination import Cursor
from moderado.enforcement.models import Report, Ruling
from moderado.moderation.models import Case
from tests.factories import client_of, make_member, make_room, make_staff, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R220")]

ROWS = 50_000
STEP = 500  # one of so many rows is of the moderator's room: a page of it is no page of all
# Copies of a row, each some seconds older than the one before, of an own case.
_COPIES = """
    INSERT INTO {table} SELECT copied.* FROM {table} first, generate_series(1, {rows}) n,
        LATERAL jsonb_populate_record(first, jsonb_build_object(
            'id', md5('{table}' || n)::uuid, 'created_at', first.created_at - n * interval '7 s',
            'subject_id', md5(n::text)::uuid {more})) copied
     WHERE first.id = '{id}'
"""
_OF_CASE = ", 'case_id', md5('moderation_case' || n)::uuid"
_ROOMS = """
    , 'scope_id', CASE WHEN n % {step} = 0 THEN '{room}'::uuid ELSE md5(n % 500 || 'room')::uuid END
"""


def fill_of_rooms(first, room, *, step, more=""):
    """Copy a row; each `step`th copy is of the room."""
    fill(first, more=more + _ROOMS.format(step=step, room=room.pk))


def fill(first, *, more):
    """Copy a row, and let the planner know it."""
    with connection.cursor() as cursor:
        table = first._meta.db_table
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers: it is faster
        cursor.execute(_COPIES.format(table=table, rows=ROWS, id=first.pk, more=more))
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute(f"ANALYZE {table}")


@pytest.fixture
def room(db):
    room, author, now = make_room(), make_user(), timezone.now()
    about = {"subject_type": "message", "subject_id": author.pk, "revision": 1}
    case = Case.objects.create(
        **about, scope_id=room.pk, author=author, origin="report", categories=["hate"],
        state="decided", outcome="BLOCK", decided_at=now,
    )  # fmt: skip
    ruling = Ruling.objects.create(
        **about, scope_id=room.pk, author=author, case=case, content="remove", reason="hate",
        actor=make_staff(), effective_at=now, undo_until=now, settled_at=now,
    )  # fmt: skip
    report = Report.objects.create(
        **about, scope_id=room.pk, reporter=make_user(), category="hate", case=case, ruling=ruling,
        state="decided", outcome="action", decided_at=now,
    )  # fmt: skip
    fill(author, more=", 'email', n || '@example.org', 'email_key', n")  # few are read by pages
    fill_of_rooms(case, room, step=STEP)
    fill_of_rooms(ruling, room, step=STEP, more=_OF_CASE)
    fill_of_rooms(report, room, step=STEP, more=_OF_CASE)
    return room


def scanned(plan):
    """Yield the nodes of a plan that read a table."""
    if "Relation Name" in plan:
        yield plan
    for each in plan.get("Plans", ()):
        yield from scanned(each)


def rows_read(statement):
    """Execute a statement; return how many rows each node has read, by table."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        ((plan,),) = cursor.fetchone()
    read = {}
    for node in scanned(plan["Plan"]):
        rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        table = node["Relation Name"]
        read[table] = read.get(table, 0) + rows * node["Actual Loops"]
    return read


def walk(client, path, model):
    """Get a page; return the answer and what its statement read."""
    table = model._meta.db_table
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    assert answer.status_code == 200, answer.content
    statements = [query["sql"] or "" for query in queries]
    (page,) = [sql for sql in statements if f'FROM "{table}"' in sql and "LIMIT 21" in sql]
    return answer.json(), rows_read(page)


def test_pages_read_few_rows(room):
    local = make_member(room, role="MODERATOR").user
    # Staff: what a page shows. The moderator of a room: at most what there is in it, and its like.
    for user, most in ((make_staff("view_case"), 60), (local, 3 * ROWS // STEP)):
        client = client_of(user)
        for name, model in (("rulings", Ruling), ("reports", Report)):
            deep = cursor_at(model, 40_000)
            for query in ("", f"?cursor={deep}"):
                page, read = walk(client, f"/api/enforcement/{name}/{query}", model)
                assert len(page["results"]) == 20
                assert max(read.values()) <= most, (name, query, read)
                assert read[model._meta.db_table] > 0


def cursor_at(model, depth):
    """Return the cursor behind so many rows of all."""
    row = model.objects.order_by("-created_at", "-id")[depth]
    return Cursor("<", row.created_at.isoformat(), str(row.pk)).encoded()
