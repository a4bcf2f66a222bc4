"""From a frame to the call it stands for, and back to the frames that answer it."""

from collections.abc import Callable
from functools import cache
from typing import assert_never
from uuid import UUID

from prometheus_client import Counter

from moderado.accounts.types import Principal
from moderado.chat.errors import NoSuchRoom
from moderado.chat.events import Notice
from moderado.chat.selectors.rooms import get_room
from moderado.chat.services import editing, messages, quota, reading, removing
from moderado.chat.services.batches import SendRequest
from moderado.chat.types import MessageView, Person
from moderado.core import metrics
from moderado.core.errors import Forbidden
from moderado.core.wire_limits import MAX_ROOMS
from moderado.realtime.infra import queries
from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.infra.queries import Opened, Resumed
from moderado.realtime.pubsub import fanout
from moderado.realtime.rooms.hub import Hub
from moderado.realtime.rooms.room import Subscription
from moderado.realtime.transport.outbox import Socket
from moderado.realtime.wire import protocol
from moderado.realtime.wire.encode import line_of_notice, newest_revision

TYPING_EVERY = 2.0  # seconds between two that are passed on, for each room

_SETTLED = {"REJECTED": Notice.REJECTED, "HELD": Notice.HELD}


def _post(*, user_id: UUID, room_id: UUID, frame: protocol.ChatMessage) -> messages.SendResult:
    get_room(room_id=room_id, reader_id=user_id)  # strangers spend nothing of its quota
    quota.spend_message_quota(user_id=user_id, room_id=room_id)
    return messages.post_message(
        author_id=user_id,
        room_id=room_id,
        text=frame.message,
        client_id=frame.client_id,
        reply_to=frame.reply_to,
    )


def _edit(*, user_id: UUID, room_id: UUID | None, frame: protocol.EditMessage) -> MessageView:
    # An edit counts for its author; the room's own quota is spent where the room is known.
    if room_id is not None:
        get_room(room_id=room_id, reader_id=user_id)
    quota.spend_message_quota(user_id=user_id, room_id=room_id or frame.id)
    return editing.edit_message(
        actor_id=user_id, message_id=frame.id, text=frame.message, room_id=room_id
    )


@cache
def _acknowledged() -> Counter:
    return metrics.ACKNOWLEDGED.labels(door="ws")


post = run_in_db_thread(_post)
edit = run_in_db_thread(_edit)
delete = run_in_db_thread(removing.delete_message)
mark_read = run_in_db_thread(reading.mark_read)


class AlreadySignedIn(Forbidden):
    code = "already_authenticated"


class TooManyRooms(Forbidden):
    code = "too_many_subscriptions"


class Commands:
    """Carries out the frames of one signed-in socket, one after the other.

    Raises what services and selectors raise: the consumer answers with an `error`.
    """

    def __init__(
        self, hub: Hub, socket: Socket, principal: Principal, clock: Callable[[], float]
    ) -> None:
        self._hub = hub
        self._socket = socket
        self._principal = principal
        self._clock = clock
        self._typed: dict[UUID, float] = {}

    async def carry_out(self, frame: protocol.AnyClientFrame) -> None:  # noqa: C901  (one case a frame)
        match frame:
            case protocol.ChatMessage():
                await self._post(frame)
            case protocol.EditMessage():
                await self._edit(frame)
            case protocol.DeleteMessage():
                await self._delete(frame)
            case protocol.Subscribe():
                await self._subscribe(frame)
            case protocol.Unsubscribe():
                self._hub.unsubscribe(self._socket, frame.room)
            case protocol.Sync():
                await self._sync(self._room(frame.room), frame)
            case protocol.MarkRead():
                await mark_read(
                    user_id=self._principal.user_id,
                    room_id=self._room(frame.room),
                    seq=frame.seq,
                )
            case protocol.Typing():
                self._type(self._room(frame.room))
            case protocol.Ping():
                self._socket.reply(protocol.Pong(n=frame.n))
            case protocol.Authenticate():
                raise AlreadySignedIn
            case _:
                assert_never(frame)

    async def enter_room(self, room_id: UUID) -> None:
        """Greet a socket that was opened for one room: it listens from now on."""
        subscription, opened = await self._listen(room_id)
        present = await self._hub.presence.enter(self._hub.rooms[room_id], subscription.user_id)
        self._socket.reply(
            greeting(
                self._principal,
                room=room_id,
                seq=opened.head.seq,
                epoch=opened.head.epoch,
                moderation_mode=opened.head.moderation_mode,
                present=present,
            )
        )
        subscription.release(opened.head.seq)

    def _room(self, room_id: UUID | None) -> UUID:
        room_id = room_id or self._socket.only_room
        if room_id is None:
            raise NoSuchRoom
        return room_id

    async def _post(self, frame: protocol.ChatMessage) -> None:
        room_id = self._room(frame.room)
        with self._socket.sending():
            posted = await self._posted(room_id, frame)
            self._confirm(posted.view)
        if not posted.created and (notice := _SETTLED.get(posted.view.status)):
            # Sent again, since the answer was lost: so may the verdict have been.
            self._socket.push(line_of_notice(notice, posted.view))

    async def _posted(self, room_id: UUID, frame: protocol.ChatMessage) -> messages.SendResult:
        room = self._hub.rooms.get(room_id) if room_id in self._socket.rooms else None
        if room is not None and room.shows_after_approval and frame.reply_to is None:
            return await self._hub.posting.post(
                SendRequest(
                    author_id=self._principal.user_id,
                    room_id=room_id,
                    text=frame.message,
                    client_id=frame.client_id,
                )
            )
        return await post(user_id=self._principal.user_id, room_id=room_id, frame=frame)

    async def _edit(self, frame: protocol.EditMessage) -> None:
        room_id = frame.room or self._socket.only_room
        with self._socket.sending():
            view = await edit(user_id=self._principal.user_id, room_id=room_id, frame=frame)
            self._confirm(view)

    def _confirm(self, view: MessageView) -> None:
        """Only now: the row is committed."""
        self._socket.reply_queued(view)
        _acknowledged().inc()
        self._await_verdict(view)

    def _await_verdict(self, view: MessageView) -> None:
        """This client believes that `view` waits: it is told of the end of it in any case."""
        if "PENDING" in (view.status, view.edit.status if view.edit else None):
            self._socket.await_verdict(view.id, newest_revision(view))

    async def _delete(self, frame: protocol.DeleteMessage) -> None:
        view = await delete(
            actor_id=self._principal.user_id,
            message_id=frame.id,
            room_id=frame.room or self._socket.only_room,
        )
        self._socket.awaited.pop(view.id, None)
        if not (view.seq and view.room in self._socket.rooms):  # else its room tells it, in order
            self._socket.push(line_of_notice(Notice.REMOVED, view))

    async def _subscribe(self, frame: protocol.Subscribe) -> None:
        if len(self._socket.rooms) >= MAX_ROOMS and frame.room not in self._socket.rooms:
            raise TooManyRooms
        subscription, opened = await self._listen(frame.room)
        try:
            present = await self._hub.presence.enter(
                self._hub.rooms[frame.room], subscription.user_id
            )
            resumed = None
            if frame.after is not None:
                again = protocol.Sync(after=frame.after, epoch=frame.epoch)
                resumed = await self._resume(frame.room, again)
        except BaseException:
            # Who heard on from here without what came before would never know of the hole.
            self._hub.unsubscribe(self._socket, frame.room)
            raise
        if self._hub.subscription(self._socket, frame.room) is not subscription:
            raise NoSuchRoom  # parted in the meantime
        self._socket.reply(
            protocol.Subscribed(
                room=frame.room,
                seq=opened.head.seq,
                epoch=opened.head.epoch,
                moderation_mode=opened.head.moderation_mode,
                present=present,
            )
        )
        if resumed is None:
            subscription.release(opened.head.seq)
        else:
            self._tell_resumed(subscription, resumed)

    async def _listen(self, room_id: UUID) -> tuple[Subscription, Opened]:
        return await self._hub.subscribe(self._socket, self._principal, room_id)

    async def _sync(self, room_id: UUID, frame: protocol.Sync) -> None:
        """Tell all up to the head, and only then what has come in the meantime."""
        subscription = self._hub.subscription(self._socket, room_id)
        if subscription is None:
            self._reply_synced(await self._resume(room_id, frame))
            return
        was_behind = subscription.behind
        subscription.hold()
        try:
            resumed = await self._resume(room_id, frame)
        except BaseException:
            subscription.release(subscription.seq, more=was_behind)
            raise
        self._tell_resumed(subscription, resumed)

    def _tell_resumed(self, subscription: Subscription, resumed: Resumed) -> None:
        self._reply_synced(resumed)
        subscription.release(resumed.changes.seq, more=resumed.changes.more)

    def _reply_synced(self, resumed: Resumed) -> None:
        self._socket.reply(_synced(resumed))
        for view in (*resumed.changes.messages, *filter(None, resumed.pending.values())):
            if view.author.id == self._principal.user_id:
                self._await_verdict(view)

    async def _resume(self, room_id: UUID, frame: protocol.Sync) -> Resumed:
        return await queries.resume(
            reader_id=self._principal.user_id,
            language=self._principal.language,
            room_id=room_id,
            after=frame.after,
            epoch=frame.epoch,
            client_ids=frame.pending,
        )

    def _type(self, room_id: UUID) -> None:
        """Pass it on, now and then, in a room that this socket listens to."""
        if room_id not in self._socket.rooms:
            raise NoSuchRoom
        now = self._clock()
        if now - self._typed.get(room_id, float("-inf")) >= TYPING_EVERY:
            self._typed[room_id] = now
            fanout.tell_typing(self._principal, room_id)


def greeting(principal: Principal, **room: object) -> protocol.ConnectionEstablished:
    """The first frame of a socket that is signed in."""
    person = Person(id=principal.user_id, name=principal.name)
    return protocol.ConnectionEstablished(user=person, **room)  # type: ignore[arg-type]  # its own fields


def _synced(resumed: Resumed) -> protocol.Synced:
    changes = resumed.changes
    return protocol.Synced(
        room=changes.room,
        seq=changes.seq,
        epoch=changes.epoch,
        reset=changes.reset,
        more=changes.more,
        messages=changes.messages,
        pending=resumed.pending,
    )
