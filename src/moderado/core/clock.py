"""The clock shared by all processes: the database's. Clocks of the hosts may differ."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """Return the database's current time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (moment,) = cursor.fetchone()
    assert isinstance(moment, datetime)
    return moment
