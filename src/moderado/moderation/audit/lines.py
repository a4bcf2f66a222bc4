"""What a parser yields: one message of an export."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A message. `at` is None where the export does not say when, or says it unreadably."""

    author: str
    text: str
    at: datetime | None = None


# None stands for a part of the export that is no readable message; it is counted.
Lines = Iterator[Line | None]


def moment(value: object) -> datetime | None:
    """Return the time in UTC that an export means.

    It is written in ISO 8601, or as seconds or milliseconds since 1970.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _iso(str(value))
    try:
        return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


_MILLISECONDS = 100_000_000_000  # seconds would be the year 5138


def _iso(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (OverflowError, ValueError):
        return None
