"""The connection class of the web's connection pool."""

import select
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus

# Seconds that a call waits for the server: more than `statement_timeout` of web processes. A server
# that is stopped, or whose disk hangs, ends no statement, and its kernel still acknowledges bytes.
SILENCE = 8.0


class PooledConnection(psycopg.Connection[tuple[Any, ...]]):
    """Answers the pool's liveness check without a round trip, and gives a silent server up.

    The pool checks a connection by an empty statement before each use. A server that closes a
    connection sends bytes, and nothing else is sent on an idle one, so an idle connection without
    unread bytes is alive. Only a silent network failure would need the round trip, and that costs
    the same delay in the next statement.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """Run a statement; skip an empty one while no unread bytes say that the server spoke."""
        if query == "" and is_alive(self):
            return self.cursor()
        return super().execute(query, params, **options)

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the server, as psycopg does, for at most `SILENCE`.

        Raises:
            psycopg.OperationalError: It has not answered. The outcome of the call is unknown, and
                the connection is closed.
        """
        try:
            return super().wait(gen, interval, SILENCE if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()  # an answer may still come, to another question
            raise


def is_alive(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether the connection is open and the server has sent nothing unexpected."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
