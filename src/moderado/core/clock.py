"""The clock shared by all processes, and how the API writes its times.

It is the database's: clocks of the hosts may differ.
"""

from datetime import UTC, datetime

from django.db import connection


def now() -> datetime:
    """Return the database's current time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (moment,) = cursor.fetchone()
    assert isinstance(moment, datetime)
    return moment


def wire_time(moment: datetime) -> str:
    """Return a time as the API writes all of them: UTC, with microseconds, ending in Z."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
