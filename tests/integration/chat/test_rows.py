"""Messages from rows of the hot statements equal those of the ORM."""

import pytest
from django.db.models import Model

from moderado.chat.models import Message
from moderado.chat.selectors.rows import columns, message_of
from moderado.core.database import run_prepared
from tests.factories import make_message

pytestmark = pytest.mark.django_db


def row_of(message):
    statement = f"""
        SELECT {columns("message", "author")} FROM chat_message message
          JOIN accounts_user author ON author.id = message.author_id WHERE message.id = %s
    """  # noqa: S608
    (row,) = run_prepared(statement, [message.id])
    return message_of(row)


def fields(record: Model):
    return {field.attname: getattr(record, field.attname) for field in record._meta.concrete_fields}


def test_row_gives_the_same_message_as_the_orm(django_assert_num_queries):
    stored = make_message(text="bom dia", categories=["spam"], attempts=2)

    message = row_of(stored)

    with django_assert_num_queries(0):
        assert message.author.name == stored.author.name
        assert message.author.language == stored.author.language
    assert message == stored
    assert fields(message) == fields(Message.objects.get(pk=stored.pk))
    assert not message._state.adding


def test_other_fields_of_the_author_are_deferred():
    stored = make_message()

    assert row_of(stored).author.email == stored.author.email


def test_message_from_a_row_can_be_saved():
    message = row_of(make_message())

    message.text = "boa noite"
    message.save()

    assert Message.objects.get(pk=message.pk).text == "boa noite"
