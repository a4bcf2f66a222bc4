"""WhatsApp: the text file of "Export chat", or the ZIP around it.

The file has the date format of the phone. Whether the day or the month comes first is inferred from
all dates of the file.
"""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from moderado.moderation.audit.lines import Line, Lines

# Android: `27/11/2026 14:03 - Ana: bom dia`. iPhone: `[27/11/26, 2:03:04 PM] Ana: hi`.
_HEAD = re.compile(
    r"""^\[?(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{1,4})\.?,?\s+
        (\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*([AaPp]\.?\s?[Mm]\.?)?\]?\s*(?:-\s+)?(.*)$""",
    re.VERBOSE | re.DOTALL,
)
_AUTHOR = re.compile(r"^([^:]{1,100}):\s(.*)$", re.DOTALL)
_UNSEEN = str.maketrans({"\u200e": None, "\u200f": None, "\u202f": " ", "\u00a0": " "})
# In place of photos and voice messages, in the languages of the product.
_MEDIA = re.compile(
    r"^<[^<>]*(?:omitted|oculta|omitida|omitido)[^<>]*>$|^\S+ (?:omitted|ocultado)$"
)
_LAST_MONTH = 12
_CENTURY = 100
_NOON = 12


def read(path: Path) -> Lines:
    """Yield the messages of an export. Notices of the app and media yield nothing.

    Raises:
        ValueError: The file has no line of a chat.
    """
    is_day_first = _is_day_first(path)
    if is_day_first is None:
        raise ValueError("The file has no line of a chat.")
    for head, text in _messages(path):
        author = _AUTHOR.match(text)
        if author is not None and not _MEDIA.match(author.group(2).strip()):
            yield Line(author.group(1).strip("~ "), author.group(2), _at(head, is_day_first))


def _messages(path: Path) -> Iterator[tuple[re.Match[str], str]]:
    """Yield each head with its text, which may have several lines."""
    head, text = None, ""
    for line in _lines(path):
        found = _HEAD.match(line)
        if found is None:
            text += f"\n{line}"
            continue
        if head is not None:
            yield head, text
        head, text = found, found.group(8)
    if head is not None:
        yield head, text


def _lines(path: Path) -> Iterator[str]:
    if path.suffix == ".zip":
        try:
            with ZipFile(path) as archive:
                (name, *_) = [each for each in archive.namelist() if each.endswith(".txt")] or [""]
                if not name:
                    return
                with archive.open(name) as member:
                    text = io.TextIOWrapper(member, encoding="utf-8-sig", errors="replace")
                    yield from _cleaned(text)
        except BadZipFile:
            raise ValueError("The ZIP is broken.") from None
    else:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            yield from _cleaned(file)


def _cleaned(file: Iterator[str]) -> Iterator[str]:
    for line in file:
        yield line.rstrip("\r\n").translate(_UNSEEN)


def _is_day_first(path: Path) -> bool | None:
    """Tell which of two numbers is the day; None if the file has no date."""
    found = None
    for line in _lines(path):
        head = _HEAD.match(line)
        if head is None:
            continue
        first, second = int(head.group(1)), int(head.group(2))
        if first > _LAST_MONTH or second > _LAST_MONTH:
            return first > _LAST_MONTH
        if found is None:
            found = head.group(7) is None  # a clock of 12 hours: most likely the United States
    return found


def _at(head: re.Match[str], is_day_first: bool) -> datetime | None:  # noqa: FBT001  (a pair's order)
    first, second, third, hour, minute = (int(head.group(number)) for number in range(1, 6))
    if first > _CENTURY:  # the year comes first
        year, month, day = first, second, third
    elif is_day_first:
        day, month, year = first, second, third
    else:
        month, day, year = first, second, third
    half = (head.group(7) or "").lower()
    if half.startswith("p") and hour < _NOON:
        hour += _NOON
    elif half.startswith("a") and hour == _NOON:
        hour = 0
    try:
        year += 2000 if year < _CENTURY else 0
        return datetime(year, month, day, hour, minute, int(head.group(6) or 0), tzinfo=UTC)
    except ValueError:
        return None
