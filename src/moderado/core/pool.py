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
        if query == "" and not self.closed and not _can_be_read(self.fileno()):
            return self.cursor()
        return super().execute(query, params, **options)


def _can_be_read(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
