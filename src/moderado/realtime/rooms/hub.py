"""Registry of one event loop's connections, users, and the rooms they subscribe to.

The hub knows neither the channel layer nor presence. Callables join the layer's group of a room or
user, and take note that a user has left a room.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from moderado.accounts.types import Principal
from moderado.chat.errors import NoSuchRoom
from moderado.realtime.infra.queries import Opened
from moderado.realtime.pubsub import envelope
from moderado.realtime.rooms import room
from moderado.realtime.rooms.audience import AuthorNotices
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.rooms.room import LiveRoom
from moderado.realtime.rooms.subscription import Subscription
from moderado.realtime.wire.close_codes import CloseCode
from moderado.realtime.wire.encode import MESSAGE_QUEUED
from moderado.realtime.wire.errors import closing_error


class Records(room.Records, Protocol):
    """What the hub and its rooms read from PostgreSQL."""

    def open_room(self, *, reader_id: UUID, room_id: UUID) -> Awaitable[Opened]: ...


class Hub:
    """Which connections exist, and what they subscribe to.

    Args:
        records: What is read from PostgreSQL.
        join: Joins the layer's group of a room or user. Returns at once when it was joined before.
        on_leave: Called when a subscription of this user to this room has ended.
        notices: Writes notices to authors.
        on_staff: Called when cases or appeals have changed, in any room.
        on_person: Called with what concerns one user besides messages.
        on_left: Called when the last connection of a user has closed.
    """

    def __init__(  # noqa: PLR0913  (what connects it to the other components)
        self,
        *,
        records: Records,
        join: Callable[[UUID], Awaitable[None]],
        on_leave: Callable[[LiveRoom, UUID], None],
        notices: AuthorNotices,
        on_staff: Callable[[envelope.CasesHint | envelope.AppealsHint], None],
        on_person: Callable[[envelope.PersonLine | envelope.BlocksHint], None],
        on_left: Callable[[UUID], None],
    ) -> None:
        self.rooms: dict[UUID, LiveRoom] = {}
        self.users: dict[UUID, set[Connection]] = {}
        self._records = records
        self._join = join
        self._on_leave = on_leave
        self.notices = notices
        self._on_staff = on_staff
        self._on_person = on_person
        self._on_left = on_left

    async def add(self, connection: Connection, principal: Principal) -> None:
        """Register an authenticated connection for notices about its user."""
        self.users.setdefault(principal.user_id, set()).add(connection)
        await self._join(principal.user_id)
        await self._join(envelope.CASES_ADDRESS)  # the group of all staff addresses

    def remove(self, connection: Connection) -> None:
        """Remove a connection and its subscriptions. Idempotent."""
        for room_id in list(connection.rooms):
            self.unsubscribe(connection, room_id)
        if connection.principal is None:
            return
        connections = self.users.get(connection.principal.user_id, set())
        connections.discard(connection)
        if not connections and self.users.pop(connection.principal.user_id, None) is not None:
            self._on_left(connection.principal.user_id)

    async def subscribe(
        self, connection: Connection, principal: Principal, room_id: UUID
    ) -> tuple[Subscription, Opened]:
        """Subscribe a connection to a room. Changes are buffered until `finish_sync`.

        The subscription is registered before the room is read, so that no change is lost between.
        The same steps are taken whether or not the room exists, so that the time taken does not
        reveal it.

        Raises:
            NoSuchRoom: There is no such room, or the user may not read it.
            Unavailable: PostgreSQL cannot be asked.
        """
        live = self.rooms.get(room_id)
        if live is None:
            live = LiveRoom(room_id, records=self._records, detach=self.detach)
            self.rooms[room_id] = live
        subscription = live.subscriptions.get(connection)
        if subscription is None:
            subscription = Subscription(connection, principal.user_id)
            live.subscriptions[connection] = subscription
            connection.rooms.add(room_id)
        else:
            subscription.start_sync()
        try:
            await self._join(room_id)
            opened = await self._records.open_room(reader_id=principal.user_id, room_id=room_id)
        except BaseException:
            self.unsubscribe(connection, room_id)
            raise
        if live.subscriptions.get(connection) is not subscription:
            raise NoSuchRoom  # detached while the room was read
        subscription.silence = opened.silence
        subscription.authorize(is_member=opened.is_member)
        live.open_at(opened.head)
        return subscription, opened

    def unsubscribe(self, connection: Connection, room_id: UUID) -> None:
        """End a subscription, and drop the room when it was the last. Idempotent."""
        connection.rooms.discard(room_id)
        live = self.rooms.get(room_id)
        if live is None:
            return
        subscription = live.subscriptions.pop(connection, None)
        if subscription is not None:
            subscription.end()
            self._on_leave(live, subscription.user_id)
        if not live.subscriptions:
            del self.rooms[room_id]
            live.close()

    def acl_version(self, room_id: UUID) -> int:
        """Return the newest ACL version of the room that is known here; 0 if none is."""
        live = self.rooms.get(room_id)
        return 0 if live is None else live.acl_version

    def subscription(self, connection: Connection, room_id: UUID) -> Subscription | None:
        """Return the connection's subscription to the room, if it has one."""
        live = self.rooms.get(room_id)
        return None if live is None else live.subscriptions.get(connection)

    def detach(self, connection: Connection, room_id: UUID, code: CloseCode) -> None:
        """End a subscription whose user may no longer read the room, and say why.

        A connection that was opened for this room alone is closed with `code`.
        """
        subscription = self.subscription(connection, room_id)
        is_unauthorized = subscription is not None and not subscription.is_authorized
        self.unsubscribe(connection, room_id)
        if is_unauthorized:
            return  # `subscribe` raises NoSuchRoom, as for a room that does not exist
        error = closing_error(code, connection.language, room_id=room_id)
        if connection.only_room == room_id:
            connection.close(code, error)
        else:
            connection.reply(error)

    def is_local(self, address: UUID) -> bool:
        """Whether a connection here subscribes to this room, or belongs to this user."""
        if address in envelope.STAFF_ADDRESSES:
            return True
        return address in self.rooms or address in self.users

    def dispatch(self, hint: envelope.AnyHint) -> None:
        """Pass a hint on to the room or the connections that it is addressed to."""
        match hint:
            case envelope.RoomLines() | envelope.AccessChanged() | envelope.EphemeralLines():
                if live := self.rooms.get(hint.room_id):
                    live.receive(hint)
            case envelope.AuthorNotice():
                self.notify_author(hint)
            case envelope.CasesHint() | envelope.AppealsHint():
                self._on_staff(hint)
            case envelope.PersonLine() | envelope.BlocksHint():
                self._on_person(hint)
            case envelope.SessionClosed():
                self.close_sessions(hint.user_id, lambda session: session == hint.session_id)

    def notify_author(self, hint: envelope.AuthorNotice) -> None:
        """Write a notice about a message to all connections of its author here."""
        line = hint.line
        for connection in list(self.users.get(hint.user_id, ())):
            self.notices.deliver(connection, hint)
            if line.frame_type == MESSAGE_QUEUED and line.message_id is not None:
                connection.notices.await_outcome(line.message_id, line.revision)

    def rename(self, principal: Principal, name: str) -> None:
        """Note the name of a user that others see now."""
        for connection in self.users.get(principal.user_id, ()):
            if connection.principal == principal:
                connection.authenticate(replace(principal, name=name))

    def close_sessions(self, user_id: UUID, is_over: Callable[[UUID], bool]) -> None:
        """Close the user's connections whose login session is over."""
        for connection in list(self.users.get(user_id, ())):
            principal = connection.principal
            if principal is not None and is_over(principal.session_id):
                code = CloseCode.NOT_AUTHENTICATED
                connection.close(code, closing_error(code, connection.language))
                self.remove(connection)
