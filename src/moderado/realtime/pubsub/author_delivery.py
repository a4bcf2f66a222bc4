"""Delivery of the notices of a batch to the authors' other connections.

Most authors have none. A notice is published to the channel layer only if another process has
joined the group of its author; otherwise it is written to this process's connections directly.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Protocol
from uuid import UUID
from weakref import WeakSet

from moderado.chat.events import AuthorNotified, AuthorsNotified, Notice, QueuedMessage
from moderado.realtime.infra.background import Start
from moderado.realtime.pubsub import fanout
from moderado.realtime.pubsub.envelope import AuthorNotice

_open: "WeakSet[AuthorDelivery]" = WeakSet()


class Identified(Protocol):
    """A connection, as far as this module needs to know it."""

    @property
    def id(self) -> str: ...


def on_authors_notified(event: AuthorsNotified) -> None:
    """Hand the event to the event loop of this process. May be called in any thread.

    A process without an event loop of connections publishes every notice.
    """
    running = [delivery for delivery in list(_open) if delivery.is_running]
    if len(running) == 1:
        running[0].deliver_soon(event)
    else:
        fanout.on_author_notified(*map(_notified, event.queued))


class AuthorDelivery:
    """Delivers the notices for the connections of one event loop.

    Args:
        users: The connections of this event loop, by their user.
        notify: Writes a notice to the connections of its user here.
        joined_elsewhere: Returns those of the given groups that another process has joined.
        start: Starts a background task.
    """

    def __init__(
        self,
        *,
        users: Mapping[UUID, Collection[Identified]],
        notify: Callable[[AuthorNotice], None],
        joined_elsewhere: Callable[[Collection[str]], Awaitable[Collection[str]]],
        start: Start,
    ) -> None:
        self._users = users
        self._notify = notify
        self._joined_elsewhere = joined_elsewhere
        self._start = start
        self._loop = asyncio.get_running_loop()
        _open.add(self)

    @property
    def is_running(self) -> bool:
        return self._loop.is_running()

    def close(self) -> None:
        """Deliver nothing any more."""
        _open.discard(self)

    def deliver_soon(self, event: AuthorsNotified) -> None:
        """Deliver from the event loop. Thread-safe, and never blocks."""
        self._loop.call_soon_threadsafe(self._begin, event)

    def _begin(self, event: AuthorsNotified) -> None:
        self._start(self._deliver(event))

    async def _deliver(self, event: AuthorsNotified) -> None:
        groups = {fanout.shard_of(queued.view.author.id) for queued in event.queued}
        elsewhere = await self._joined_elsewhere(groups)
        published = []
        for queued in event.queued:
            if elsewhere and fanout.shard_of(queued.view.author.id) in elsewhere:
                published.append(_notified(queued))
            elif self._has_other_connections(queued):
                self._notify(fanout.author_notice(_notified(queued)))
        fanout.on_author_notified(*published)  # this process receives them, too

    def _has_other_connections(self, queued: QueuedMessage) -> bool:
        for connection in self._users.get(queued.view.author.id, ()):
            if connection.id != queued.connection_id:  # no generator: once for every message
                return True
        return False


def _notified(queued: QueuedMessage) -> AuthorNotified:
    view = queued.view
    return AuthorNotified(
        room_id=view.room, author_id=view.author.id, notice=Notice.QUEUED, view=view
    )
