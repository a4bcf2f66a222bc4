"""Slack: an export as ZIP or folder, with `users.json` and one JSON file for each channel and day.

Slack escapes `&`, `<` and `>`, and writes names and links between angle brackets.
"""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from moderado.moderation.audit.lines import Line, Lines, moment

MAX_MEMBER_BYTES = 256 * 1024 * 1024  # of one unpacked file
_MARKED = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_ABOUT = {"users.json", "channels.json", "groups.json", "dms.json", "mpims.json"}


def read(path: Path) -> Lines:
    """Yield the messages of an export, channel by channel and day by day.

    Raises:
        ValueError: The ZIP is broken, or has nothing that looks like an export.
    """
    days = []
    names: dict[str, str] = {}
    for name, content in _files(path):
        if name.rpartition("/")[2] == "users.json":
            names = _names(content)
        elif name.rpartition("/")[2] not in _ABOUT and isinstance(content, list):
            days.append((name, content))
    if not days:
        raise ValueError("There is no file of a channel in it.")
    for _name, messages in sorted(days, key=lambda day: day[0]):
        for each in messages:
            if not isinstance(each, dict) or each.get("type") == "message":
                yield _line(each, names)


def _files(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield name and JSON of each file. Nothing is unpacked to the disk."""
    if path.is_dir():
        for file in path.rglob("*.json"):
            yield file.relative_to(path).as_posix(), _json(file.read_bytes())
    elif path.suffix == ".json":
        yield path.name, _json(path.read_bytes())
    else:
        try:
            with ZipFile(path) as archive:
                for member in archive.infolist():
                    if member.filename.endswith(".json") and member.file_size <= MAX_MEMBER_BYTES:
                        yield member.filename, _json(archive.read(member))
        except BadZipFile:
            raise ValueError("The ZIP is broken.") from None


def _json(written: bytes) -> Any:
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return None


def _names(users: Any) -> dict[str, str]:
    found = {}
    for user in users if isinstance(users, list) else ():
        if isinstance(user, dict):
            profile = user.get("profile")
            shown = profile.get("display_name") if isinstance(profile, dict) else None
            found[str(user.get("id"))] = str(shown or user.get("real_name") or user.get("name"))
    return found


def _line(found: Any, names: dict[str, str]) -> Line | None:
    if not isinstance(found, dict) or not isinstance(found.get("text"), str):
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
