"""The connections of the web's pool."""

import select
from typing import Any

import psycopg


class PooledConnection(psycopg.Connection[tuple[Any, ...]]):
    """Answers for itself, when the pool asks before each use whether it is still there.

    The pool asks by an empty statement: an exchange with the server for every use. But a server
    that ends a connection says so, and nobody says anything on one that rests: while there is
    nothing to read, it is there. What only an exchange would find, a network that swallows
    everything, would hold up the question as long as the statement that follows.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """As psycopg's; an empty statement reaches the server only if it has said something."""
        if query == "" and is_at_rest(self):
            return self.cursor()
        return super().execute(query, params, **options)


def is_at_rest(connection: psycopg.Connection[Any]) -> bool:
    """Whether it is open and the server has said nothing on it that was not asked for."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
