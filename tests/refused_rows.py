"""Rows that PostgreSQL refuses to change, as a damaged one would be."""

from contextlib import contextmanager

from django.db import connection

_REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'this row fails'; END $$;
    CREATE TRIGGER refuse BEFORE {act} ON {table} FOR EACH ROW
        WHEN (OLD.id = '{row_id}') EXECUTE FUNCTION refuse()
"""


@contextmanager
def refused(row, act="UPDATE"):
    """Let each `act` on a row fail in this block."""
    table = row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(_REFUSE.format(act=act, table=table, row_id=row.pk))
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER refuse ON {table}; DROP FUNCTION refuse()")
