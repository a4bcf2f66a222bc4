"""The one clock that all processes share: the database's. Those of the machines may differ."""

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """The moment, as the database has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (moment,) = cursor.fetchone()
    assert isinstance(moment, datetime)
    return moment
