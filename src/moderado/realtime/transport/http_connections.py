"""The HTTP connections of a server: their number, and what takes too long.

One timer for all connections looks at their deadlines once a second. A timer for each would be set
and cancelled with each request.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol
from weakref import WeakKeyDictionary

from django.conf import settings
from uvicorn.server import ServerState

from moderado.core import metrics
from moderado.core.addresses import is_trusted_proxy, rate_limit_key
from moderado.core.wire_limits import MAX_UNREAD_BYTES
from moderado.realtime.transport.http_refusals import TOO_MANY_OF_ADDRESS, UNAVAILABLE, Refusal

SWEEP_INTERVAL = 1.0  # seconds


class Connection(Protocol):
    """What this module needs of a connection."""

    def expire(self, now: float) -> None:
        """Refuse or abort if a deadline has passed."""

    def unread_bytes(self) -> int:
        """Return the bytes that the client has not read yet."""

    def abort(self) -> None:
        """Cut the connection."""


class HttpConnections:
    """All HTTP connections of one server. Sockets leave it when they are upgraded.

    A full server or address closes its oldest connection without a request, so that connections
    which only wait never keep others out.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._keys: dict[Connection, str | None] = {}
        self._of_address: dict[str, dict[Connection, None]] = {}  # each in the order of arrival
        self._idle: dict[Connection, None] = {}  # in the order in which they became idle
        self._is_sweeping = False

    def __len__(self) -> int:
        return len(self._keys)

    def admit(self, connection: Connection, peer: str | None) -> Refusal | None:
        """Count a new connection.

        Args:
            connection: The connection, which has sent no request yet.
            peer: Its address; None for a Unix socket. Proxies are counted in the total only.

        Returns:
            Why it is refused, or None.
        """
        key = None if peer is None or is_trusted_proxy(peer) else rate_limit_key(peer)
        env = settings.ENV
        same = self._of_address.get(key, {}) if key is not None else {}
        idle_of_same = (each for each in same if each in self._idle)
        if len(same) >= env.limit_connections_per_address and not self._evict(idle_of_same):
            return TOO_MANY_OF_ADDRESS
        if len(self._keys) >= env.limit_connections and not self._evict(self._idle):
            return UNAVAILABLE
        self._keys[connection] = key
        if key is not None:
            self._of_address.setdefault(key, {})[connection] = None
        self._idle[connection] = None
        self._start_sweeping()
        return None

    def working(self, connection: Connection) -> None:
        """Note that the connection has sent a request."""
        self._idle.pop(connection, None)

    def idle(self, connection: Connection) -> None:
        """Note that the connection waits for its next request."""
        if connection in self._keys:
            self._idle[connection] = None

    def remove(self, connection: Connection) -> None:
        """Count the connection no longer: it is closed, or a socket now."""
        self._idle.pop(connection, None)
        key = self._keys.pop(connection, None)
        if key is not None:
            self._of_address[key].pop(connection, None)
            if not self._of_address[key]:
                del self._of_address[key]

    def _evict(self, idle: Iterable[Connection]) -> bool:
        """Abort the first of these connections. False: there is none."""
        oldest = next(iter(idle), None)
        if oldest is None:
            return False
        self.remove(oldest)
        oldest.abort()
        return True

    def _start_sweeping(self) -> None:
        if not self._is_sweeping:
            self._is_sweeping = True
            self._loop.call_later(SWEEP_INTERVAL, self._sweep)

    def _sweep(self) -> None:
        self._is_sweeping = False
        now = self._loop.time()
        for connection in list(self._keys):
            connection.expire(now)
        self._limit_unread()
        if self._keys:
            self._start_sweeping()

    def _limit_unread(self) -> None:
        """Abort the connections with the most unread bytes while all together exceed the limit."""
        unread = {each: size for each in self._keys if (size := each.unread_bytes())}
        total = sum(unread.values())
        for connection in sorted(unread, key=lambda each: unread[each], reverse=True):
            if total <= MAX_UNREAD_BYTES:
                return
            total -= unread[connection]
            metrics.DROPPED.labels(kind="slow_response").inc()
            connection.abort()


_of_servers: "WeakKeyDictionary[ServerState, HttpConnections]" = WeakKeyDictionary()


def connections_of(server: ServerState, loop: asyncio.AbstractEventLoop) -> HttpConnections:
    """Return the connections of a server."""
    if server not in _of_servers:
        _of_servers[server] = HttpConnections(loop)
    return _of_servers[server]
