"""WhatsApp: the text file of "Export chat", or the ZIP around it.

The file has the date format of the phone. Whether the day or the month comes first is inferred from
all dates of the file.
"""

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from moderado.moderation.audit.files import Member, opened
from moderado.moderation.audit.lines import Line, Lines

# Android: `27/11/2026 14:03 - Ana: bom dia`. iPhone: `[27/11/26, 2:03:04 PM] Ana: hi`.
_HEAD = re.compile(
    r"""^\[?(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{1,4})\.?,?\s+
        (\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*([AaPp]\.?\s?[Mm]\.?)?\]?\s*(?:-\s+)?(.*)$""",
    re.VERBOSE | re.DOTALL,
)
_AUTHOR = re.compile(r"^([^:]{1,100}):\s(.*)$", re.DOTALL)
_UNSEEN = str.maketrans({"\u200e": None, "\u200f": None, "\u202f": " ", "\u00a0": " "})
# An iPhone puts U+200E before what it wrote itself: a notice, or the words in place of media.
_IPHONE_NOTICE = re.compile(
    r"""^\u200e?\[[^\]]{8,40}\]\s[^:]{1,100}:\s
        (?:\u200e|[^\n]*\u200e[^\u200e]*\b(?:omitted|omitid[oa]|ocultad[oa])\s*$)""",
    re.VERBOSE,
)
# What Android writes in place of photos and messages, in the languages of the product.
_MEDIA = re.compile(
    r"""<[^<>]*(?:omitted|ocult[oa]|omitid[oa])[^<>]*> | \S+\ (?:omitted|omitid[oa]|ocultad[oa])
      | null
      | (?:This\ message\ was\ deleted|You\ deleted\ this\ message|Mensagem\ apagada
        |(?:Esta|Essa)\ mensagem\ foi\ apagada|Você\ apagou\ esta\ mensagem)\.?""",
    re.VERBOSE,
)
_ATTACHED = re.compile(r"^[^\n]{1,200}\.\w{1,5} \((?:file attached|arquivo anexado)\)(?:\n|$)")
_EDITED = (
    "<This message was edited>",
    "<Mensagem editada>",
    "<Esta mensagem foi editada>",
)
_NOTICE_LENGTH = 300  # characters; longer texts are not looked at as notices
_QUOTES = re.compile(r'["“”]')
_CHAT_HEAD = 20  # lines in which a chat has its first message
_LONGEST = 1024 * 1024  # characters of a line or message; WhatsApp allows 65,536
_LAST_MONTH = 12
_CENTURY = 100
_NOON = 12


def read(path: Path) -> Lines:
    """Yield the messages of an export. Notices of the app and media yield nothing.

    Raises:
        ValueError: The file has no line of a chat, or the ZIP is broken.
    """
    with opened(path) as members:
        chat = chat_of(members) if len(members) != 1 else members[0]
        is_day_first = None if chat is None else _is_day_first(chat)
        if chat is None or is_day_first is None:
            raise ValueError("The file has no line of a chat.")
        for head, written in _messages(chat):
            author = _AUTHOR.match(written)
            text = "" if author is None else _spoken(author.group(2))
            # A notice may quote a colon: `Ana changed the group name from "A: b" to "c"`.
            if author is not None and text and not len(_QUOTES.findall(author.group(1))) % 2:
                yield Line(author.group(1).strip("~ "), text, _at(head, is_day_first))


def chat_of(members: Sequence[Member]) -> Member | None:
    """Return the file with the chat, of a ZIP that may hold documents too; None if there is none.

    An iPhone names it `_chat.txt`, Android by the chat.
    """
    texts = [member for member in members if member.suffix == ".txt"]
    texts.sort(key=lambda member: member.base != "_chat.txt")
    return next((member for member in texts if _has_chat(member)), None)


def _has_chat(member: Member) -> bool:
    with closing(_lines(member)) as lines:
        return any(_HEAD.match(line) for line, _ in islice(lines, _CHAT_HEAD))


def _spoken(text: str) -> str:
    """Return what a member wrote of a message: empty for media without words."""
    text = _ATTACHED.sub("", text)
    for mark in _EDITED:
        if text.endswith(mark):
            text = text.removesuffix(mark).rstrip()
    is_notice = len(text) <= _NOTICE_LENGTH and _MEDIA.fullmatch(text.strip())
    return "" if is_notice else text


def _messages(member: Member) -> Iterator[tuple[re.Match[str], str]]:
    """Yield each head with its text, which may have several lines."""
    head: re.Match[str] | None = None
    lines: list[str] = []
    size = 0
    with closing(_lines(member)) as written:
        for line, is_notice in written:
            found = _HEAD.match(line)
            if found is None:
                if size < _LONGEST:  # WhatsApp sends no longer message: the file is another one
                    lines.append(line)
                    size += len(line) + 1
                continue
            if head is not None:
                yield head, "\n".join(lines)
            head, lines, size = (None, [], 0) if is_notice else (found, [found.group(8)], 0)
    if head is not None:
        yield head, "\n".join(lines)


def _lines(member: Member) -> Generator[tuple[str, bool], None, None]:
    """Yield each line without marks of direction, and whether an iPhone wrote it as a notice."""
    with member.text() as file:
        while line := file.readline(_LONGEST):
            line = line.rstrip("\r\n")
            yield line.translate(_UNSEEN), _IPHONE_NOTICE.match(line) is not None


def _is_day_first(member: Member) -> bool | None:
    """Tell which of two numbers is the day; None if the file has no date."""
    found = None
    for line, _ in _lines(member):
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
