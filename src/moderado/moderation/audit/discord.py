"""Discord: exports of DiscordChatExporter, and the messages of Discord's own data package.

DiscordChatExporter writes one JSON file, or a folder of them. The data package has a
`messages.json` for each channel, older ones a `messages.csv`. It holds the messages of one account,
without its name.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from moderado.moderation.audit.files import Member, opened
from moderado.moderation.audit.json_items import MAX_ITEM, items
from moderado.moderation.audit.lines import Line, Lines, moment

PACKAGE = {"messages.json", "messages.csv"}
# Kinds that DiscordChatExporter names: Discord's own notices on behalf of a member.
_NOTICES = {
    "RecipientAdd", "RecipientRemove", "Call", "ChannelNameChange", "ChannelIconChange",
    "ChannelPinnedMessage", "GuildMemberJoin", "ThreadCreated",
}  # fmt: skip


def read(path: Path) -> Lines:
    """Yield the messages of an export. Notices, and messages without a text, yield nothing.

    Raises:
        ValueError: The ZIP is broken.
    """
    with opened(path) as members:
        chosen = [member for member in members if member.base in PACKAGE]
        for member in chosen or members:
            if member.suffix in {".json", ".csv"}:
                yield from _lines(member)


def _lines(member: Member) -> Lines:
    with member.text() as file:
        try:
            rows = _columns(file) if member.suffix == ".csv" else items(file)
            for row in rows:
                if not _is_empty(row):
                    yield _line(row)
        except (ValueError, csv.Error):
            yield None


def _columns(file: IO[str]) -> Iterator[Any]:
    return csv.DictReader(iter(lambda: file.readline(MAX_ITEM), ""))


def _is_empty(found: Any) -> bool:
    """Tell whether a message has no words of its author, such as a picture."""
    if not isinstance(found, dict):
        return False
    return found.get("type") in _NOTICES or found.get("content", found.get("Contents")) == ""


def _line(found: Any) -> Line | None:
    if not isinstance(found, dict):
        return None
    text = found.get("content", found.get("Contents"))
    if not isinstance(text, str):
        return None
    author = found.get("author")
    name = ""
    if isinstance(author, dict):
        name = str(author.get("nickname") or author.get("name") or author.get("id") or "")
    return Line(name, text, moment(found.get("timestamp", found.get("Timestamp"))))
