"""Discord: the JSON of DiscordChatExporter, and the `messages.json` of Discord's own data package.

The data package holds the messages of one account, without its name.
"""

import json
from pathlib import Path
from typing import Any

from moderado.moderation.audit.lines import Line, Lines, moment


def read(path: Path) -> Lines:
    """Yield the messages of a file. What is not a text of a person yields nothing.

    Raises:
        ValueError: The file is not JSON of Discord.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig", errors="replace"))
    except (ValueError, RecursionError):
        raise ValueError("The file is not JSON.") from None
    messages = found.get("messages") if isinstance(found, dict) else found
    if not isinstance(messages, list):
        raise ValueError("The file has no list of messages.")  # noqa: TRY004  (of the file)
    for each in messages:
        yield _line(each)


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
