"""Migrations: interrupted ones, and processes of the previous release beside them."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from moderado.chat.models import Message
from tests import databases
from tests.factories import make_member, make_message, make_room

pytestmark = pytest.mark.django_db(transaction=True)


def with_old_tables(test):
    """Mark a test that migrates the tables back and forth, which takes ten seconds of a core."""
    return pytest.mark.long(pytest.mark.proves("R141")(test))


INSERT = """
    INSERT INTO chat_message (id, created_at, room_id, author_id, client_id, first_hash, text,
        revision, status, reason, categories, position, seq, edit_reason, edit_categories, fence,
        attempts)
    VALUES (gen_random_uuid(), now(), %s, %s, %s, '', 'a', 1, 'PENDING', '', '{}', 0, 0, '', '{}',
        0, 0)
"""
# What posting relies on, in this and in the previous release.
ONCE = f"{INSERT} ON CONFLICT (author_id, room_id, client_id) DO NOTHING"


def forward():
    """Migrate this app, and those that depend on it."""
    call_command("migrate", verbosity=0)
    databases.prepare()
    connection.close()
    connection.close_pool()  # PostgreSQL remembers the functions of the other release in each


@pytest.fixture
def as_before():
    """The tables of the release before migration 0003, and a member of a room."""
    member = make_member()
    call_command("migrate", "chat", "0002", verbosity=0)
    yield member
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE chat_message CASCADE")
    forward()


def insert(member, client_id, statement=INSERT):
    """Insert a message, as a process of any release does. Return the number of new rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [member.room_id, member.user_id, client_id])
        return cursor.rowcount


def indexes():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text, indisvalid FROM pg_index"
            " WHERE indrelid = 'chat_message'::regclass"
        )
        return dict(cursor.fetchall())


@with_old_tables
def test_client_ids_stay_unique_during_the_migration(as_before):
    insert(as_before, "1")
    for target in ("0003", "0002", "0003"):
        with pytest.raises(IntegrityError, match="one_message_a_client_id"):
            insert(as_before, "1")
        call_command("migrate", "chat", target, verbosity=0)
    with pytest.raises(IntegrityError, match="one_message_a_client_id"):
        insert(as_before, "1")


@with_old_tables
def test_interrupted_migration_can_be_repeated(as_before):
    for client_id in "12":  # what an index that cannot be built leaves behind
        insert(as_before, client_id)
    with connection.cursor() as cursor, pytest.raises(IntegrityError):
        cursor.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY message_client_ids ON chat_message (author_id)"
        )
    assert not indexes()["message_client_ids"]

    forward()

    left = indexes()
    assert all(left.values())
    assert {"one_message_a_client_id", "message_words"} <= left.keys()
    assert not {"message_client_ids", "message_search"} & left.keys()
    assert not [name for name in left if name.startswith("chat_message_author")]


@with_old_tables
def test_resend_during_the_migration_creates_one_message(as_before):
    assert insert(as_before, "1", ONCE) == 1

    for target in ("0003", "0002"):
        call_command("migrate", "chat", target, verbosity=0)
        assert insert(as_before, "1", ONCE) == 0


@with_old_tables
def test_migration_finds_the_last_activity_of_rooms():
    quiet, busy = make_room(), make_room()
    for position in (1, 2):
        make_message(
            busy,
            status=Message.Status.APPROVED,
            position=position,
            published_at=f"2026-01-0{position}T00:00Z",
        )
    call_command("migrate", "chat", "0006", verbosity=0)

    forward()

    quiet.refresh_from_db()
    busy.refresh_from_db()
    assert quiet.last_activity_at == quiet.created_at
    assert busy.last_activity_at.isoformat() == "2026-01-02T00:00:00+00:00"


SAID = (
    "Bom dia! A REUNIÃO ficou para as 15h, confirma? https://example.org/pauta?dia=3",
    "she was running away from the boxes",
    "Ｆｕｌｌ ﬁne, \u0301 só acentos: ç ã é 🙏",
    "",
)


def words_of_all():
    with connection.cursor() as cursor:
        cursor.execute("SELECT chat_search_vector(said) FROM unnest(%s::text[]) said", [list(SAID)])
        return cursor.fetchall()


@with_old_tables
def test_new_search_function_gives_the_same_lexemes():
    once = words_of_all()

    call_command("migrate", "chat", "0003", verbosity=0)
    twice = words_of_all()
    forward()
    connection.close()  # PostgreSQL keeps the body of an index's function for the session

    assert once == twice == words_of_all()
    assert any(once[0])


def test_search_index_is_rebuilt_with_an_empty_search_path():
    make_message(make_room(), text=SAID[0], status=Message.Status.APPROVED)

    with connection.cursor() as cursor:
        cursor.execute("SELECT chat_search_vector('reuniões')")
        words = cursor.fetchone()
        cursor.execute("SELECT set_config('search_path', '', false)")
        try:
            cursor.execute("REINDEX INDEX public.message_words")
            cursor.execute("SELECT public.chat_search_vector('reuniões')")
            assert cursor.fetchone() == words
        finally:
            cursor.execute("RESET search_path")


def stamp_of(message):
    with connection.cursor() as cursor:
        cursor.execute("SELECT changed_xid FROM chat_message WHERE id = %s", [message.id])
        return cursor.fetchone()[0]


@with_old_tables
def test_changes_by_the_previous_release_are_stamped(as_before):
    insert(as_before, "1")
    forward()
    before = Message.objects.get()
    after = make_message(make_room())
    assert stamp_of(before) < stamp_of(after)

    # The previous release does not name the column.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chat_message SET status = 'HELD' WHERE id = %s", [before.id])
    assert stamp_of(before) > stamp_of(after)


def hot_updates(cursor):
    cursor.execute("SELECT pg_stat_get_xact_tuples_hot_updated('chat_message'::regclass)")
    return cursor.fetchone()[0]


def test_lease_is_a_heap_only_update_and_no_change():
    message = make_message(make_room())
    stamp = stamp_of(message)

    with transaction.atomic(), connection.cursor() as cursor:
        # The counter holds earlier transactions of this connection until it reports them.
        before = hot_updates(cursor)
        cursor.execute("UPDATE chat_message SET lease_until = now(), fence = 1, attempts = 1")
        assert hot_updates(cursor) - before == 1

    assert stamp_of(message) == stamp
