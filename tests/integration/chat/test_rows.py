"""Rows of the hot statements are messages like those of the ORM."""

import pytest
from django.db.models import Model

from moderado.chat.models import Message
from moderado.chat.services.rows import columns, message_of
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


def test_a_message_is_as_the_orm_has_it(django_assert_num_queries):
    stored = make_message(text="bom dia", categories=["spam"], attempts=2)

    message = row_of(stored)

    with django_assert_num_queries(0):
        assert message.author.name == stored.author.name
        assert message.author.language == stored.author.language
    assert message == stored
    assert fields(message) == fields(Message.objects.get(pk=stored.pk))
    assert not message._state.adding


def test_what_was_not_asked_about_its_author_is_read_when_needed():
    stored = make_message()

    assert row_of(stored).author.email == stored.author.email


def test_it_can_be_stored_again():
    message = row_of(make_message())

    message.text = "boa noite"
    message.save()

    assert Message.objects.get(pk=message.pk).text == "boa noite"
