"""The clock shared by all processes, PostgreSQL's, and how the API writes its times.

The clocks of the hosts may differ by hours. Nothing that is stored or that decides reads them.
`now` asks PostgreSQL. `estimated` counts from its last answer by the monotonic clock, which no one
can set, and asks nothing.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

CALIBRATE_AFTER = 60.0  # seconds, in which monotonic clocks drift by less than 10 ms

_ASK = "SELECT statement_timestamp()"
_known: tuple[datetime, float] | None = None  # PostgreSQL's clock, and our own at that moment


def now() -> datetime:
    """Return the database's current time."""
    before = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(_ASK)
        (moment,) = cursor.fetchone()
    assert isinstance(moment, datetime)
    _learn(moment, before)
    return moment


def estimated() -> datetime:
    """Return about the database's current time, without asking it.

    It is some milliseconds behind or ahead. A process that has no connection yet knows its host's
    clock only.
    """
    if _known is None:
        return datetime.now(UTC)  # noqa: TID251  (the only reading of a host's clock)
    moment, at = _known
    return moment + timedelta(seconds=time.monotonic() - at)


def wire_time(moment: datetime) -> str:
    """Return a time as the API writes all of them: RFC 3339 in UTC, ending in Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def calibrate(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Learn PostgreSQL's clock by a new connection, unless that was done a short time ago.

    A receiver of Django's `connection_created`.
    """
    before = time.monotonic()
    if _known is None or before - _known[1] > CALIBRATE_AFTER:
        # The connection of psycopg: its caller counts and limits the statements of the other one.
        _learn(connection.connection.execute(_ASK).fetchone()[0], before)


def _learn(moment: datetime, before: float) -> None:
    global _known  # noqa: PLW0603  (one clock a process)
    _known = moment, (before + time.monotonic()) / 2
