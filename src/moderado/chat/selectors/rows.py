"""Rows of the hot statements as models: messages with the author's columns that views need."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.db.models.base import ModelState

from moderado.accounts.models import User
from moderado.chat.models import Message

M = TypeVar("M", bound=Model)

_CONCRETE = Message._meta.concrete_fields  # noqa: SLF001  (documented by Django)
_COLUMNS = [*(field.attname for field in _CONCRETE), "author_role"]
_ROLE = """(SELECT role FROM chat_membership member
    WHERE member.room_id = {message}.room_id AND member.user_id = {message}.author_id)"""
_AUTHOR = ("id", "name", "language")


def columns(message: str, author: str) -> str:
    """Return the columns to select for `message_of`.

    Args:
        message: The alias of `chat_message` in the statement.
        author: The alias of `accounts_user`.
    """
    fields = [f"{message}.{field.column}" for field in _CONCRETE]
    role = _ROLE.format(message=message)
    return ", ".join([*fields, role, author_columns(author)])


def author_columns(author: str) -> str:
    """Return the columns to select for `author_of`.

    Args:
        author: The alias of `accounts_user` in the statement.
    """
    return ", ".join(f"{author}.{column}" for column in _AUTHOR)


def message_of(row: tuple[Any, ...]) -> Message:
    """Return the message of a row that consists of `columns`, with its author."""
    author = author_of(row[len(_COLUMNS) :])
    return _made(Message, _COLUMNS, row[: len(_COLUMNS)], author=author)


def author_of(row: Sequence[Any]) -> User:
    """Return the author of a row that consists of `author_columns`. Other fields are deferred."""
    return _made(User, _AUTHOR, row)


def _made(model: type[M], names: Sequence[str], values: Sequence[Any], **related: Model) -> M:
    """Build an instance like `Model.from_db`, in a fifth of its time: without signals, and without
    setting values on related objects. Fields not named are deferred."""
    state = ModelState()
    state.db, state.adding = DEFAULT_DB_ALIAS, False
    state.fields_cache.update(related)
    made = model.__new__(model)
    made.__dict__.update(zip(names, values, strict=True), _state=state)
    return made
