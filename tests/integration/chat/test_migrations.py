"""Migrations: interrupted ones, and processes of the previous release beside them."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from moderado.chat.models import Message
from moderado.chat.services.posting import post_messages
from moderado.chat.types import SendRequest
from tests.factories import make_member, make_message, make_room, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def as_before():
    """The tables of the previous release."""
    call_command("migrate", "chat", "0002", verbosity=0)
    yield
    Message.objects.all().delete()
    call_command("migrate", "chat", verbosity=0)


def indexes():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text, indisvalid FROM pg_index"
            " WHERE indrelid = 'chat_message'::regclass"
        )
        return dict(cursor.fetchall())


def post_twice():
    room, author = make_room(), make_user()
    for _ in range(2):
        make_message(room, author=author, client_id="1")


@pytest.mark.usefixtures("as_before")
def test_client_ids_stay_unique_during_the_migration():
    for target in ("0003", "0002", "0003"):
        with pytest.raises(IntegrityError, match="one_message_a_client_id"):
            post_twice()
        call_command("migrate", "chat", target, verbosity=0)
    with pytest.raises(IntegrityError, match="one_message_a_client_id"):
        post_twice()


@pytest.mark.usefixtures("as_before")
def test_interrupted_migration_can_be_repeated():
    room, author = make_room(), make_user()
    for _ in range(2):  # what an index that cannot be built leaves behind
        make_message(room, author=author, text="a")
    with connection.cursor() as cursor, pytest.raises(IntegrityError):
        cursor.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY message_client_ids ON chat_message (author_id)"
        )
    assert not indexes()["message_client_ids"]

    call_command("migrate", "chat", verbosity=0)

    left = indexes()
    assert all(left.values())
    assert {"one_message_a_client_id", "message_words"} <= left.keys()
    assert not {"message_client_ids", "message_search"} & left.keys()
    assert not [name for name in left if name.startswith("chat_message_author")]


@pytest.mark.usefixtures("as_before")
def test_resend_during_the_migration_creates_one_message():
    place = make_member()
    asked = [SendRequest(author_id=place.user_id, room_id=place.room_id, text="oi", client_id="1")]
    (first,) = post_messages(asked)  # by a statement that stays prepared

    for target in ("0003", "0002"):
        call_command("migrate", "chat", target, verbosity=0)
        (again,) = post_messages(asked)
        assert (again.created, again.view.id) == (False, first.view.id)
        assert Message.objects.count() == 1

    assert first.created


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


def test_new_search_function_gives_the_same_lexemes():
    once = words_of_all()

    call_command("migrate", "chat", "0003", verbosity=0)
    twice = words_of_all()
    call_command("migrate", "chat", verbosity=0)

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


@pytest.mark.usefixtures("as_before")
def test_changes_by_the_previous_release_are_stamped():
    before = make_message(make_room())
    call_command("migrate", "chat", verbosity=0)
    after = make_message(make_room())
    assert stamp_of(before) < stamp_of(after)

    # The previous release does not name the column.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chat_message SET status = 'HELD' WHERE id = %s", [before.id])
    assert stamp_of(before) > stamp_of(after)


def test_lease_is_a_heap_only_update_and_no_change():
    message = make_message(make_room())
    stamp = stamp_of(message)

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE chat_message SET lease_until = now(), fence = 1, attempts = 1")
        cursor.execute("SELECT pg_stat_get_xact_tuples_hot_updated('chat_message'::regclass)")
        assert cursor.fetchone() == (1,)

    assert stamp_of(message) == stamp
