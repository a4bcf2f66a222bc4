"""Recognizes the format of an export by its contents, and reads it."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from moderado.moderation.audit import discord, jsonl, slack, whatsapp
from moderado.moderation.audit.files import Member, opened
from moderado.moderation.audit.lines import Lines

READERS: Mapping[str, Callable[[Path], Lines]] = {
    "jsonl": jsonl.read,
    "discord": discord.read,
    "slack": slack.read,
    "whatsapp": whatsapp.read,
}
SAMPLES = {
    "jsonl": "chat.jsonl",
    "discord": "discord.json",
    "slack": "slack",
    "whatsapp": "whatsapp.txt",
}
_SAMPLES = Path(__file__).parent / "samples"
_HEAD = 65_536  # characters that show the format of a JSON file
_LOOKED_AT = 50  # JSON files of a folder or ZIP
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.json")


def sample(kind: str) -> Path:
    """Return the made-up export of a format that ships with the product."""
    return _SAMPLES / SAMPLES[kind]


def kind_of(path: Path) -> str:
    """Return the format of an export.

    Raises:
        ValueError: The format is not known.
    """
    with opened(path) as members:
        if path.is_dir() or path.suffix.lower() == ".zip":
            return _kind_of_many(members)
        match path.suffix.lower():
            case ".txt":
                return "whatsapp"
            case ".jsonl" | ".ndjson":
                return "jsonl"
            case ".csv" if '"Contents"' in _columns(members[0]):
                return "discord"
            case ".json":
                return _kind_of_json(members[0])
    raise ValueError("The name ends in none of .jsonl, .json, .txt and .zip: name the format.")


def _kind_of_many(members: list[Member]) -> str:
    if whatsapp.chat_of(members) is not None:
        return "whatsapp"
    if any(member.base in discord.PACKAGE for member in members):
        return "discord"
    if any(_DAY.fullmatch(member.base) for member in members):
        return "slack"
    found = [member for member in members if member.suffix == ".json"]
    if any(_kind_of_json(member) == "discord" for member in found[:_LOOKED_AT]):
        return "discord"
    raise ValueError("There is no export of Discord, Slack or WhatsApp in it.")


def _columns(member: Member) -> str:
    head, _, _ = member.beginning(_HEAD).partition("\n")
    return ",".join(f'"{name.strip().strip(chr(34))}"' for name in head.split(","))


def _kind_of_json(member: Member) -> str:
    beginning = member.beginning(_HEAD)
    if beginning.lstrip().startswith("["):
        if '"Contents"' in beginning:
            return "discord"
        return "slack" if '"ts"' in beginning else "jsonl"
    return "discord" if '"messages"' in beginning or '"guild"' in beginning else "jsonl"
