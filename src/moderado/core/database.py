"""What errors of PostgreSQL mean to whoever asked, and how the hot statements are sent."""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import msgspec
import psycopg
import structlog
from django.db import (
    DEFAULT_DB_ALIAS,
    Error,
    InterfaceError,
    OperationalError,
    connection,
    connections,
)

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger(__name__)

TRIES = 4
PAUSE = 0.03  # seconds, times a random number and the tries so far

_COLLISIONS = frozenset({"40001", "40P01"})  # serialization failure, deadlock
# Classed among a program's own mistakes, which they are not: a session that was ended while its
# transaction stood still, or took too long; a server that only reads, since it is a replica by now.
_NO_MISTAKES = frozenset({"25P03", "25P04", "25006"})


def is_outage(error: BaseException) -> bool:
    """Whether `error` says that PostgreSQL cannot serve this now: away, full, or too busy."""
    return isinstance(error, OperationalError | InterfaceError) or _code(error) in _NO_MISTAKES


def again_after_collision(service: Callable[P, R]) -> Callable[P, R]:
    """Carry out a service's transaction anew when it was the one that a deadlock was broken at.

    Nobody was told anything yet: events leave after the commit. Not within somebody else's
    transaction, which is broken as a whole.
    """

    @wraps(service)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for tried in range(1, TRIES):
            try:
                return service(*args, **kwargs)
            except OperationalError as error:
                if _code(error) not in _COLLISIONS or connection.in_atomic_block:
                    raise
                log.info("collision_retried", service=service.__name__, tried=tried)
                time.sleep(PAUSE * tried * random.random())  # noqa: S311  (no secret)
        return service(*args, **kwargs)

    return call


class _PreparingCursor(psycopg.Cursor[tuple[Any, ...]]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        # Binary: Django has times that come as text read in Python, the others psycopg reads in C.
        return super().execute(query, params, **{**options, "prepare": True, "binary": True})


def ask(statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """Carry out one of the hot statements, which PostgreSQL parses once a connection: its rows.

    Django's own cursors put the values into the text, which is parsed and planned each time.
    """
    database = connections[DEFAULT_DB_ALIAS]  # looked up once: `connection` does so at each use
    database.ensure_connection()
    with database.wrap_database_errors:
        cursor = _PreparingCursor(database.connection)
    # As `connection.cursor()` does with its own: checked, counted, logged.
    with database._prepare_cursor(cursor) as asked:  # type: ignore[attr-defined]  # noqa: SLF001
        asked.execute(statement, values)
        # Not `description`, which describes every column.
        return [] if cursor.rownumber is None else cursor.fetchall()


def recordset(name: str, columns: Mapping[str, str]) -> str:
    """For the FROM of a statement: the rows of one value of `as_rows`, with the types of their
    columns."""
    declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    return f"json_to_recordset(%s::json) AS {name}({declared})"


def as_rows(rows: Iterable[Mapping[str, Any] | msgspec.Struct]) -> str:
    """Many rows as one value, for `recordset`: psycopg makes arrays an element at a time."""
    return msgspec.json.encode(list(rows)).decode()


def _code(error: BaseException) -> str | None:
    """PostgreSQL's own code of an error of Django's."""
    return getattr(error.__cause__, "sqlstate", None) if isinstance(error, Error) else None
