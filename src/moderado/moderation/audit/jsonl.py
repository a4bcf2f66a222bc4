"""JSON Lines: one object for each message, with the names that chats usually use."""

import json
from pathlib import Path
from typing import Any

from moderado.moderation.audit.lines import Line, Lines, moment

TEXTS = ("text", "content", "message", "body")
AUTHORS = ("author", "user", "sender", "from", "author_id", "user_id")
TIMES = ("at", "timestamp", "created_at", "time", "date", "ts")
NAMES = ("name", "username", "display_name", "id")


def read(path: Path) -> Lines:
    """Yield the messages of a file. A line that is not a message yields None."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for written in file:
            if written.strip():
                yield _line(written)


def _line(written: str) -> Line | None:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return None
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
