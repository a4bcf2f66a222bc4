"""PostgreSQL helpers: transient errors, preconditions, time budgets, prepared statements."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

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
    transaction,
)

from moderado.core.errors import SearchTimedOut

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger(__name__)

_cluster_ids: WeakKeyDictionary[psycopg.Connection[Any], str] = WeakKeyDictionary()

MAX_ATTEMPTS = 4
SEARCH_SECONDS = 3.0  # for all statements of a search
RETRY_DELAY = 0.03  # seconds, multiplied by a random factor below 1 and the attempt

_CANCELED = "57014"  # by the statement time-out
_CONFLICTS = frozenset({"40001", "40P01"})  # serialization failure, deadlock
_LOCK_TIMEOUT = "55P03"  # `lock_timeout`, NOWAIT
# Django classes these as programming errors, but they are transient: a session that was ended
# while idle in transaction, a transaction time-out, a server that became a read-only replica.
_TRANSIENT = frozenset({"25P03", "25P04", "25006"})


class NotInTransaction(RuntimeError):
    """A function that needs its caller's transaction was called outside one: a bug."""


def require_transaction() -> None:
    """Assert that the caller holds a transaction: its locks and writes depend on it.

    Raises:
        NotInTransaction: The connection is in autocommit mode.
    """
    if not connections[DEFAULT_DB_ALIAS].in_atomic_block:
        raise NotInTransaction("call this inside transaction.atomic()")


def release_connection() -> None:
    """Return this thread's connection to the pool before a long wait, except in a transaction."""
    database = connections[DEFAULT_DB_ALIAS]
    if not database.in_atomic_block:
        database.close()


def is_settled(moment: datetime) -> bool:
    """Tell whether no transaction of a client is open that began at `moment` or before.

    Only transactions in this database count, and none of PostgreSQL's own, such as autovacuum.

    Args:
        moment: A time of PostgreSQL's clock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend'"
            " AND xact_start <= %s AND pid <> pg_backend_pid())",
            [moment],
        )
        settled: bool = cursor.fetchone()[0]
    return settled


class BudgetSpent(Exception):
    """The statements of a time budget took longer than it."""


class TimeBudget:
    """The time that is left for the statements inside `time_budget`."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    @contextmanager
    def within(self, seconds: float, *, reserve: float) -> Iterator[None]:
        """Limit the statements inside to `seconds`, and keep `reserve` for those that follow."""
        whole = self._deadline
        self._deadline = min(time.monotonic() + seconds, whole - reserve)
        try:
            with transaction.atomic():  # a statement that is cancelled aborts this part only
                yield
        finally:
            self._deadline = whole

    def execute(self, execute: Callable[..., Any], *args: Any) -> Any:
        """Run a statement in the time that is left: a wrapper of Django's `execute_wrapper`."""
        left = int((self._deadline - time.monotonic()) * 1000)
        if left < 1:
            raise BudgetSpent
        raw = connections[DEFAULT_DB_ALIAS].connection
        raw.execute("SELECT set_config('statement_timeout', %s, true)", [f"{left}ms"])
        try:
            return execute(*args)
        except OperationalError as error:
            if _code(error) == _CANCELED:
                raise BudgetSpent from error
            raise


@contextmanager
def time_budget(seconds: float) -> Iterator[TimeBudget]:
    """Give all statements inside one time limit together. For reading only: it rolls back.

    Raises:
        BudgetSpent: By the statement that exceeds what is left.
    """
    budget = TimeBudget(seconds)
    with transaction.atomic():
        with connection.execute_wrapper(budget.execute):
            yield budget
        transaction.set_rollback(True)  # restores the statement time-out


@contextmanager
def search_budget(*, seconds: float = SEARCH_SECONDS) -> Iterator[TimeBudget]:
    """Limit what the statements of a search take together. For reading only: it rolls back.

    Args:
        seconds: For all of them.

    Raises:
        SearchTimedOut: They took longer.
    """
    try:
        with time_budget(seconds) as budget:
            yield budget
    except BudgetSpent:
        raise SearchTimedOut from None


def is_outage(error: BaseException) -> bool:
    """Tell whether PostgreSQL cannot serve now: unreachable, full or overloaded."""
    return isinstance(error, OperationalError | InterfaceError) or _code(error) in _TRANSIENT


def is_lock_timeout(error: BaseException) -> bool:
    """Tell whether a statement gave up waiting for a lock that another transaction holds."""
    return _code(error) == _LOCK_TIMEOUT


def release_connections() -> None:
    """Return this thread's connections to the pool, if they end with the request anyway.

    A connection inside a transaction is kept: the caller still uses it.
    """
    for each in connections.all(initialized_only=True):
        if not each.in_atomic_block and each.settings_dict["CONN_MAX_AGE"] == 0:
            each.close()


def retry_on_deadlock(service: Callable[P, R]) -> Callable[P, R]:
    """Retry a service whose transaction was rolled back by a deadlock or serialization failure.

    A retry is safe because events are delivered after the commit. Inside an outer transaction the
    error is raised at once: PostgreSQL has aborted all of it.
    """

    @wraps(service)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, MAX_ATTEMPTS):
            try:
                return service(*args, **kwargs)
            except OperationalError as error:
                if _code(error) not in _CONFLICTS or connection.in_atomic_block:
                    raise
                log.info("transaction_retried", service=service.__name__, attempt=attempt)
                time.sleep(RETRY_DELAY * attempt * random.random())  # noqa: S311  (no secret)
        return service(*args, **kwargs)

    return call


class _PreparingCursor(psycopg.Cursor[tuple[Any, ...]]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        # While a connection has a threshold, psycopg keeps its last 100 statements to count them.
        # Django's have their values in them (ADR 0120): it has one only for statements of here.
        self.connection.prepare_threshold = 0
        try:
            # Binary results: psycopg decodes them in C; Django parses textual times in Python.
            return super().execute(query, params, **{**options, "prepare": True, "binary": True})
        finally:
            self.connection.prepare_threshold = None


def run_prepared(
    statement: str, values: Sequence[Any] | Mapping[str, Any] = ()
) -> list[tuple[Any, ...]]:
    """Run a statement of the hot path as a prepared statement; return its rows.

    Django's cursors interpolate the values on the client, so PostgreSQL parses and plans the
    statement at each execution. A prepared statement is parsed once for each connection (ADR 0028).
    """
    database = connections[DEFAULT_DB_ALIAS]  # one look-up: `connection` repeats it at each use
    database.ensure_connection()
    with database.wrap_database_errors:
        cursor = _PreparingCursor(database.connection)
    # As in `connection.cursor()`: thread check, query counting, logging.
    with database._prepare_cursor(cursor) as prepared:  # type: ignore[attr-defined]  # noqa: SLF001
        prepared.execute(statement, values)
        # `description` would describe every column.
        return [] if cursor.rownumber is None else cursor.fetchall()


def cluster_id() -> str:
    """Return PostgreSQL's identifier of the database cluster.

    It is read once for each connection, which does not outlive the cluster: PostgreSQL opens a file
    to read it.
    """
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    known = _cluster_ids.get(database.connection)
    if known is None:
        ((known,),) = run_prepared("SELECT system_identifier::text FROM pg_control_system()")
        _cluster_ids[database.connection] = known
    return known


def recordset(name: str, columns: Mapping[str, str]) -> str:
    """Return a FROM item that expands one value of `as_rows` into typed rows.

    Args:
        name: The alias of the rows.
        columns: Column names with their PostgreSQL types.
    """
    declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    return f"json_to_recordset(%s::json) AS {name}({declared})"


def as_rows(rows: Iterable[Mapping[str, Any] | msgspec.Struct]) -> str:
    """Encode rows as one JSON value for `recordset`; psycopg adapts arrays item by item."""
    return msgspec.json.encode(list(rows)).decode()


def _code(error: BaseException) -> str | None:
    """Return the SQLSTATE of an error raised by Django."""
    return getattr(error.__cause__, "sqlstate", None) if isinstance(error, Error) else None
