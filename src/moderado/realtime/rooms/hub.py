"""All sockets of this process, and the one ear by which they hear of everything else.

One a process (one an event loop, to be exact), with one channel of the layer whatever the number
of sockets. Redis may lose what it likes: `healing` asks PostgreSQL for what was not heard.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog

from moderado.accounts.types import Principal
from moderado.chat.errors import NoSuchRoom
from moderado.core import failpoints, metrics
from moderado.core.wire_limits import MAX_BATCH_LINES
from moderado.realtime.infra import queries
from moderado.realtime.infra.leases import Leases
from moderado.realtime.infra.queries import Opened
from moderado.realtime.pubsub import envelope, fanout
from moderado.realtime.pubsub.subscriptions import LayerSubscriptions
from moderado.realtime.rooms.connection_limits import ConnectionLimits
from moderado.realtime.rooms.presence import Presence
from moderado.realtime.rooms.reconcile import Reconciler
from moderado.realtime.rooms.room import LiveRoom, Subscription
from moderado.realtime.rooms.send_batcher import SendBatcher
from moderado.realtime.transport.outbox import Socket
from moderado.realtime.wire.close_codes import CloseCode
from moderado.realtime.wire.encode import MESSAGE_QUEUED
from moderado.realtime.wire.errors import closing_error

log = structlog.get_logger(__name__)

PAUSE = 1.0  # seconds after the layer failed
_MANY = (envelope.RoomLines, envelope.RoomNote)

_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub() -> "Hub":
    """The hub of the running event loop, listening."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


class Hub:
    """Who is connected, and who listens to what."""

    def __init__(self) -> None:
        self.rooms: dict[UUID, LiveRoom] = {}
        self.users: dict[UUID, set[Socket]] = {}
        self.groups = LayerSubscriptions()
        self.leases = Leases()
        self.presence = Presence(self.leases)
        self.connections = ConnectionLimits(self.leases)
        self.posting = SendBatcher(self)
        self.last_beat = asyncio.get_running_loop().time()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ear: asyncio.Task[None] | None = None
        self._listen()
        self.run(Reconciler(self).run())

    async def enter(self, socket: Socket, principal: Principal) -> None:
        """A socket is signed in: from now on it hears of its user's messages and sessions."""
        socket.principal = principal
        self.users.setdefault(principal.user_id, set()).add(socket)
        await self.groups.join(fanout.shard_of(principal.user_id))

    def exit(self, socket: Socket) -> None:
        """A socket is gone, and all it listened to with it. Twice is as good as once."""
        for room_id in list(socket.rooms):
            self.unsubscribe(socket, room_id)
        if socket.principal is None:
            return
        sockets = self.users.get(socket.principal.user_id, set())
        sockets.discard(socket)
        if not sockets:
            self.users.pop(socket.principal.user_id, None)

    async def subscribe(
        self, socket: Socket, principal: Principal, room_id: UUID
    ) -> tuple[Subscription, Opened]:
        """Listen to a room: what comes is held back until the subscription is released.

        Registered first and read afterwards, so that nothing falls between. Raises NoSuchRoom,
        and takes as long for it whether somebody is there or not: strangers learn nothing by it.
        """
        room = self.rooms.get(room_id)
        if room is None:
            room = self.rooms[room_id] = LiveRoom(room_id, record=queries, detach=self.detach)
        subscription = room.subscriptions.get(socket)
        if subscription is None:
            subscription = Subscription(socket, principal.user_id)
            room.subscriptions[socket] = subscription
            socket.rooms.add(room_id)
        subscription.hold()
        try:
            await self.groups.join(fanout.shard_of(room_id))
            opened = await queries.open_room(reader_id=principal.user_id, room_id=room_id)
        except BaseException:
            self.unsubscribe(socket, room_id)
            raise
        if room.subscriptions.get(socket) is not subscription:
            raise NoSuchRoom  # parted while the room was read
        subscription.authorize(is_member=opened.is_member)
        room.opened(opened.head)
        return subscription, opened

    def unsubscribe(self, socket: Socket, room_id: UUID) -> None:
        """Listen to a room no longer. The last one to leave switches off the light."""
        socket.rooms.discard(room_id)
        room = self.rooms.get(room_id)
        if room is None:
            return
        subscription = room.subscriptions.pop(socket, None)
        if subscription is not None:
            self.run(self.presence.leave(room, subscription.user_id))
        if not room.subscriptions:
            del self.rooms[room_id]
            room.close()

    def subscription(self, socket: Socket, room_id: UUID) -> Subscription | None:
        """The socket's ear in the room, if it has one."""
        room = self.rooms.get(room_id)
        return None if room is None else room.subscriptions.get(socket)

    def detach(self, socket: Socket, room_id: UUID, code: CloseCode) -> None:
        """A socket may hear a room no longer: at once, and whoever came for it alone is closed."""
        subscription = self.subscription(socket, room_id)
        self.unsubscribe(socket, room_id)
        if subscription is not None and not subscription.is_authorized:
            return  # `subscribe` answers them as any stranger
        error = closing_error(code, socket.principal, room_id=room_id)
        if socket.only_room == room_id:
            socket.close(code, error)
        else:
            socket.reply(error)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something be done beside; it is cancelled with the hub."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def resubscribe(self) -> None:
        """Nothing was heard for too long: drop the layer's connections and begin again."""
        if self._ear is not None:
            self._ear.cancel()
        self._listen(reopen=True)

    def _listen(self, *, reopen: bool = False) -> None:
        self._ear = asyncio.create_task(self._hear(reopen=reopen), name="hub")

    async def _hear(self, *, reopen: bool) -> None:
        while True:
            try:
                if reopen:
                    await self.groups.reopen()
                reopen = False
                await self._take_all(await self.groups.receive())
            except ValueError:
                await self._take_all(None)  # no message at all: whoever writes such deafens nobody
            except Exception as error:  # noqa: BLE001  (the layer's troubles are never the sockets')
                log.warning("layer_failed", error=type(error).__name__)
                await asyncio.sleep(PAUSE)

    async def _take_all(self, message: object) -> None:
        """The hints of one publication, with pauses in which the sockets write."""
        hints = envelope.unseal(message, self._is_here)
        if failpoints.reach("hub.before_fanout"):
            return
        if hints is None:
            metrics.DROPPED.labels(what="forged_hint").inc()
            log.warning("hint_not_believed")
            return
        lines = 0
        for hint in hints:
            self._take(hint)
            lines += len(hint.lines) if isinstance(hint, _MANY) else 1
            if lines >= MAX_BATCH_LINES:
                lines = 0
                await asyncio.sleep(0)
        await asyncio.sleep(0)

    def _is_here(self, address: UUID) -> bool:
        return address in self.rooms or address in self.users

    def _take(self, hint: envelope.AnyHint) -> None:
        match hint:
            case envelope.RoomLines() | envelope.AudienceMoved():
                if room := self.rooms.get(hint.room_id):
                    room.take(hint)
            case envelope.RoomNote():
                if room := self.rooms.get(hint.room_id):
                    room.tell(hint.lines)
            case envelope.AuthorNote():
                self.notify_author(hint)
            case envelope.SessionOver():
                self.close_sessions(hint.user_id, lambda session: session == hint.session_id)
            case envelope.Beat():
                self.last_beat = asyncio.get_running_loop().time()

    def notify_author(self, hint: envelope.AuthorNote) -> None:
        """Tell all sockets of a user here what became of one of their messages."""
        line = hint.line
        for socket in list(self.users.get(hint.user_id, ())):
            self.tell_of(socket, hint)
            if line.frame_type == MESSAGE_QUEUED and line.message_id is not None:
                socket.await_verdict(line.message_id, line.revision)

    def tell_of(self, socket: Socket, hint: envelope.AuthorNote) -> None:
        """Tell a socket what became of its user's message, unless its room does so anyway."""
        if not (hint.line.seq and hint.room_id in socket.rooms):
            socket.push(hint.line)

    def close_sessions(self, user_id: UUID, is_over: Callable[[UUID], bool]) -> None:
        """Close the user's sockets whose session is over."""
        for socket in list(self.users.get(user_id, ())):
            if socket.principal is not None and is_over(socket.principal.session_id):
                code = CloseCode.NOT_AUTHENTICATED
                socket.close(code, closing_error(code, socket.principal))
                self.exit(socket)

    async def close(self) -> None:
        """Stop listening: for tests, and for whoever takes the loop down in good order."""
        tasks = [*self._tasks, *([self._ear] if self._ear else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.leases.close()
        await self.groups.close()
        _hubs.pop(asyncio.get_running_loop(), None)
