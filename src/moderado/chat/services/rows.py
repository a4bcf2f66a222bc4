"""Messages as the hot statements return them: with what their views tell of the author."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS

from moderado.accounts.models import User
from moderado.chat.models import Message

_CONCRETE = Message._meta.concrete_fields  # noqa: SLF001  (documented by Django)
_FIELDS = [field.attname for field in _CONCRETE]
_AUTHOR = ("id", "name", "language")


def columns(message: str, author: str) -> str:
    """What to select for `message_of`, given what the statement calls the two tables."""
    fields = [f"{message}.{field.column}" for field in _CONCRETE]
    return ", ".join([*fields, *(f"{author}.{column}" for column in _AUTHOR)])


def message_of(row: tuple[Any, ...]) -> Message:
    """The message of such a row, as the ORM would make it."""
    message = Message.from_db(DEFAULT_DB_ALIAS, _FIELDS, row[: len(_FIELDS)])
    message.author = User.from_db(DEFAULT_DB_ALIAS, _AUTHOR, row[len(_FIELDS) :])
    return message
