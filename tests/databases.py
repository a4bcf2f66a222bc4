"""The test database after its migrations, as tests need it."""

from django.db import connection


def prepare() -> None:
    """Let tests truncate their database, and remove the rows that migrations have made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE '%_never_emptied'"
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        # Without a stored policy, the settings of each test decide. Likewise the queues: a test
        # makes those that it needs.
        cursor.execute("TRUNCATE moderation_policy, enforcement_queue CASCADE")
