"""Slack: an export as ZIP or folder, with `users.json` and one JSON file for each channel and day.

Slack escapes `&`, `<` and `>`, and writes names and links between angle brackets.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from moderado.moderation.audit.files import Member, opened
from moderado.moderation.audit.json_items import items
from moderado.moderation.audit.lines import Line, Lines, moment

_MARKED = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_USERS = {"users.json", "org_users.json"}
_ABOUT = _USERS | {
    "channels.json", "groups.json", "dms.json", "mpims.json", "integration_logs.json",
    "canvases.json", "lists.json", "file_conversations.json", "huddle_transcripts.json",
}  # fmt: skip
# Messages of people and bots. All other subtypes are notices, such as "has joined the channel".
_SPOKEN = {
    "bot_message", "me_message", "file_share", "file_comment", "file_mention",
    "thread_broadcast", "reply_broadcast", "slackbot_response",
}  # fmt: skip


def read(path: Path) -> Lines:
    """Yield the messages of an export, channel by channel and day by day.

    Notices, and messages without a text, yield nothing.

    Raises:
        ValueError: The ZIP is broken.
    """
    with opened(path) as members:
        names: dict[str, str] = {}
        for member in members:
            if member.base in _USERS:
                names |= _names(member)
        for member in members:
            if member.suffix == ".json" and member.base not in _ABOUT:
                for found in _messages(member):
                    if found is None:
                        yield None
                    elif _is_spoken(found):
                        yield _line(found, names)


def _messages(member: Member) -> Iterator[dict[str, Any] | None]:
    """Yield the entries of a file. One that is no object, and a file's broken end, yields None."""
    with member.text() as file:
        try:
            for each in items(file):
                yield each if isinstance(each, dict) else None
        except ValueError:
            yield None


def _names(member: Member) -> dict[str, str]:
    found = {}
    for user in _messages(member):
        if user is not None:
            id_, profile = str(user.get("id")), user.get("profile")
            shown = profile.get("display_name") if isinstance(profile, dict) else None
            found[id_] = str(shown or user.get("real_name") or user.get("name") or id_)
    return found


def _is_spoken(found: dict[str, Any]) -> bool:
    if found.get("type") != "message" or found.get("text") == "":
        return False
    return str(found.get("subtype") or "bot_message") in _SPOKEN


def _line(found: dict[str, Any], names: dict[str, str]) -> Line | None:
    if not isinstance(found.get("text"), str):
        return None
    author = str(found.get("user") or found.get("username") or found.get("bot_id") or "")
    text = _MARKED.sub(lambda match: _shown(match, names), found["text"])
    return Line(names.get(author, author), html.unescape(text), moment(found.get("ts")))


def _shown(match: re.Match[str], names: dict[str, str]) -> str:
    """Return what people see in place of `<@U1>`, `<#C1|general>` or `<https://…|label>`."""
    target, label = match.group(1), match.group(2)
    if target.startswith("@"):
        return f"@{label or names.get(target[1:], target[1:])}"
    return label or target.lstrip("#!")
