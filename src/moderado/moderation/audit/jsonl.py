"""JSON Lines: one object for each message, with the names that chats usually use.

A file that is one JSON array of such objects is read, too.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from moderado.moderation.audit.files import Member, opened
from moderado.moderation.audit.json_items import MAX_ITEM, items
from moderado.moderation.audit.lines import Line, Lines, moment

TEXTS = ("text", "content", "message", "body")
AUTHORS = ("author", "user", "sender", "from", "author_id", "user_id")
TIMES = ("at", "timestamp", "created_at", "time", "date", "ts")
_BEGINNING = 100  # characters
NAMES = ("name", "username", "display_name", "id")


def read(path: Path) -> Lines:
    """Yield the messages of a file. A line that is not a message yields None.

    Raises:
        ValueError: The ZIP is broken.
    """
    with opened(path) as members:
        for member in members:
            yield from map(_line, _array(member) if _is_array(member) else _objects(member))


def _is_array(member: Member) -> bool:
    """Tell an array of messages from lines, which may begin with a broken one."""
    beginning = member.beginning(_BEGINNING).split()
    return "".join(beginning).startswith("[{")


def _array(member: Member) -> Iterator[Any]:
    with member.text() as file:
        try:
            yield from items(file)
        except ValueError:
            yield None


def _objects(member: Member) -> Iterator[Any]:
    with member.text() as file:
        while written := file.readline(MAX_ITEM):
            if written.strip():
                try:
                    yield json.loads(written)
                except (ValueError, RecursionError):
                    yield None


def _line(found: Any) -> Line | None:
    if not isinstance(found, dict):
        return None
    text = _first(found, TEXTS)
    if not isinstance(text, str):
        return None
    return Line(_name(_first(found, AUTHORS)), text, moment(_first(found, TIMES)))


def _first(found: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((found[name] for name in names if found.get(name) is not None), None)


def _name(author: object) -> str:
    if isinstance(author, dict):
        author = _first(author, NAMES)
    return str(author) if isinstance(author, str | int) else ""
