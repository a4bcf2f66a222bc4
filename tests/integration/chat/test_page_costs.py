"""A page costs the same at any depth: an index scan and a few buffers."""

import json

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from moderado.accounts.models import User
from moderado.chat.models import Departure, Membership, Message
from moderado.chat.selectors import feed, own_changes
from moderado.chat.selectors.messages import history
from moderado.chat.types import USER_NAME
from moderado.core.database import cluster_id
from moderado.core.ids import new_id
from moderado.enforcement.models import PersonChange
from moderado.moderation.models import SubjectRevision
from tests.factories import fill_room, make_member, make_user

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = 50
DEEP = 20_000


@pytest.fixture
def place():
    with connection.cursor() as cursor:
        # Deleted rows of other tests leave holes, over which new rows would be spread.
        cursor.execute("VACUUM (FULL) chat_message")
    place = make_member()
    fill_room(place.room, make_user(), DEEP + PAGE, "bom dia, gente: #")
    place.room.seq = DEEP + PAGE
    place.room.save()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) chat_message, accounts_user, chat_membership")
    return place


def explained(read):
    """Return the plan of the statement that reads messages: its nodes and buffers."""
    with CaptureQueriesContext(connection) as captured:
        assert len(read()) == PAGE
    (asked,) = [query["sql"] for query in captured if 'FROM "chat_message"' in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {asked}")
        answer = cursor.fetchone()[0]
    plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    return list(nodes(plan)), plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def test_author_look_up_uses_the_index(place):
    """As PostgreSQL's foreign-key check when an account is deleted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN SELECT 1 FROM chat_message WHERE author_id = %s FOR KEY SHARE",
            [place.user_id],
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Index Scan" in plan
    assert "Seq Scan" not in plan


def nodes(plan):
    yield plan["Node Type"]
    for below in plan.get("Plans", ()):
        yield from nodes(below)


EMPTY = {
    f"enforcement_{name}"
    for name in ("report", "appeal", "sanction", "ruling", "reportingsuspension", "purge")
}


def read_whole(plan):
    """Return the tables that the plan reads from beginning to end."""
    below = [table for part in plan.get("Plans", ()) for table in read_whole(part)]
    return [*below, plan["Relation Name"]] if plan["Node Type"] == "Seq Scan" else below


@pytest.mark.parametrize("depth", [0, DEEP])
def test_cost_of_a_history_page(place, depth):
    said = history(reader_id=place.user_id, room_id=place.room_id)

    walked, buffers = explained(lambda: list(said.filter(position__lte=DEEP + PAGE - depth)[:PAGE]))

    assert walked == ["Limit", "Index Scan"]
    assert buffers <= 10


@pytest.mark.parametrize("after", [0, DEEP])
def test_cost_of_a_change_feed_page(place, after):
    walked, buffers = explained(
        lambda: (
            feed.changes(
                reader_id=place.user_id,
                room_id=place.room_id,
                after=after,
                epoch=None,
                language="en",
                limit=PAGE,
            ).messages
        )
    )

    assert walked == ["Limit", "Index Scan"]
    assert buffers <= 10


def test_each_author_is_read_once_per_page(place):
    with CaptureQueriesContext(connection) as captured:
        page = list(history(reader_id=place.user_id, room_id=place.room_id)[:PAGE])
        assert {message.author.name for message in page}

    (asked,) = [query["sql"] for query in captured if 'FROM "accounts_user"' in query["sql"]]
    assert asked.count(page[0].author_id.hex) == 1
    assert Message.objects.count() == DEEP + PAGE


def test_cost_of_a_page_of_own_changes(place):
    reader = make_user()
    fill_room(place.room, reader, DEEP // 10)
    PersonChange.objects.bulk_create(
        PersonChange(user=reader, kind="report", subject_id=new_id(), changed_xid=number)
        for number in range(DEEP // 10)
    )
    others = User.objects.bulk_create(
        User(email=f"{number}@example.org", name="-") for number in range(DEEP // 10)
    )
    Membership.objects.bulk_create(Membership(room=place.room, user=user) for user in others)
    Departure.objects.bulk_create(Departure(room=place.room, user=user) for user in others)
    SubjectRevision.objects.bulk_create(
        SubjectRevision(subject_type=USER_NAME, subject_id=user.id, revision=1, text="-")
        for user in others
    )
    page = {"xid": 0, "id": reader.id, "limit": PAGE}
    values = {"cluster": cluster_id(), "author": reader.id, **page}

    def plan_of_page():
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {own_changes._READ}", values)
        answer = cursor.fetchone()[0]
        return (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        plan = plan_of_page()
        cursor.execute("SET LOCAL enable_seqscan = off")
        indexed = plan_of_page()

    # One for the page, and one for the newest settled stamp.
    assert json.dumps(plan).count('"Index Name": "message_own_changes"') == 2
    # Of rooms there are few: PostgreSQL may read them all once it has counted them. The tables of
    # decisions are empty here; an index serves each of them.
    assert set(read_whole(plan)) <= {"chat_room", *EMPTY}
    assert set(read_whole(indexed)) <= {"chat_room"}
