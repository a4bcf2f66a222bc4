"""Durations as people write them on the command line."""

import re
from datetime import timedelta

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WRITTEN = re.compile(r"(\d{1,5})([mhdw])")


def duration(written: str) -> timedelta:
    """Return the duration of a text such as `30d` or `12h`.

    Raises:
        ValueError: It is none.
    """
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise ValueError(f"{written!r} is no duration: write 30d, 12h or 90m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
