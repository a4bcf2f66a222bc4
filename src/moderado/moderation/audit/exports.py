"""Recognizes the format of an export and reads it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from moderado.moderation.audit import discord, jsonl, slack, whatsapp
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


def sample(kind: str) -> Path:
    """Return the made-up export of a format that ships with the product."""
    return _SAMPLES / SAMPLES[kind]


def kind_of(path: Path) -> str:
    """Return the format of an export, from its name and its beginning.

    Raises:
        ValueError: The format is not known.
    """
    if path.is_dir():
        return "slack"
    match path.suffix.lower():
        case ".txt":
            return "whatsapp"
        case ".jsonl" | ".ndjson":
            return "jsonl"
        case ".zip":
            return _kind_of_zip(path)
        case ".json":
            return _kind_of_json(path)
    raise ValueError("The name ends in none of .jsonl, .json, .txt and .zip: name the format.")


def _kind_of_zip(path: Path) -> str:
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except BadZipFile:
        raise ValueError("The ZIP is broken.") from None
    return "slack" if any(name.endswith(".json") for name in names) else "whatsapp"


def _kind_of_json(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        beginning = file.read(_HEAD)
    if beginning.lstrip().startswith("["):
        return "discord" if '"Contents"' in beginning else "slack"
    return "discord" if '"messages"' in beginning or '"guild"' in beginning else "jsonl"
