"""Executes client frames: calls the service a frame stands for, and writes the answer."""

from functools import cache
from typing import assert_never
from uuid import UUID

from prometheus_client import Counter

from moderado.accounts.types import Principal
from moderado.chat.errors import NoSuchRoom
from moderado.chat.events import Notice
from moderado.chat.services import editing, posting, reading, removing
from moderado.chat.types import MessageView, SendRequest, SendResult
from moderado.chat.views import OwnCursor
from moderado.core import metrics
from moderado.core.limits import note_counted
from moderado.enforcement.errors import refusal_of
from moderado.enforcement.types import is_in_force
from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.node import Node
from moderado.realtime.pubsub import fanout
from moderado.realtime.rooms.audience import OWN_MESSAGES
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.session import quota
from moderado.realtime.session.catch_up import CatchUp
from moderado.realtime.session.refusals import AlreadyAuthenticated, RoomMissing
from moderado.realtime.wire import protocol
from moderado.realtime.wire.encode import line_of_notice

_SETTLED = {"REJECTED": Notice.REJECTED, "HELD": Notice.HELD}


@cache
def _acknowledged() -> Counter:
    return metrics.ACKNOWLEDGED.labels(entry_point="ws")


post = run_in_db_thread(posting.post_message)
edit = run_in_db_thread(editing.edit_message)
delete = run_in_db_thread(removing.delete_message)
mark_read = run_in_db_thread(reading.mark_read)


class Commands:
    """Executes the frames of one authenticated connection.

    New messages are executed one at a time, and so are all other frames beside them.

    Raises what services and selectors raise: the session answers with an `error` frame.
    """

    def __init__(self, node: Node, connection: Connection, principal: Principal) -> None:
        self._hub = node.hub
        self._send_batcher = node.send_batcher
        self._connection = connection
        self._principal = principal
        self._catch_up = CatchUp(node, connection, principal)

    @property
    def user_id(self) -> UUID:
        return self._principal.user_id

    async def execute(self, frame: protocol.AnyClientFrame) -> None:  # noqa: C901  (one case a frame)
        """Call the service, and write the answer. Raises ApplicationError."""
        match frame:
            case protocol.ChatMessage():
                await self._post(frame)
            case protocol.EditMessage():
                await self._edit(frame)
            case protocol.DeleteMessage():
                await self._delete(frame)
            case protocol.Subscribe():
                await self._catch_up.subscribe(frame)
            case protocol.Unsubscribe():
                self._hub.unsubscribe(self._connection, frame.room)
            case protocol.Sync():
                await self._catch_up.sync(self._room(frame.room), frame)
            case protocol.SyncMe():
                await self._catch_up.sync_me(frame)
            case protocol.MarkRead():
                await mark_read(
                    user_id=self._principal.user_id,
                    room_id=self._room(frame.room),
                    seq=frame.seq,
                )
            case protocol.Typing():
                self._send_typing(self._room(frame.room))
            case protocol.Ping():
                self._connection.reply(protocol.Pong(n=frame.n))
            case protocol.Authenticate():
                raise AlreadyAuthenticated
            case _:
                assert_never(frame)

    async def enter_room(self, room_id: UUID, me: OwnCursor) -> None:
        """Subscribe a connection that was opened for one room, and greet it."""
        await self._catch_up.enter_room(room_id, me)

    def _room(self, room_id: UUID | None) -> UUID:
        room_id = room_id or self._connection.only_room
        if room_id is None:
            raise RoomMissing
        return room_id

    async def _post(self, frame: protocol.ChatMessage) -> None:
        room_id = self._room(frame.room)
        async with self._connection.storing():
            posted = await self._posted(room_id, frame)
            self._acknowledge(posted.view)
            self._catch_up.note_confirmed(frame.client_id, posted.view)
        if not posted.created and (notice := _SETTLED.get(posted.view.status)):
            # Resent after a lost acknowledgement: the verdict may have been lost, too.
            self._connection.push(line_of_notice(notice, posted.view), OWN_MESSAGES)

    async def _posted(self, room_id: UUID, frame: protocol.ChatMessage) -> SendResult:
        room = self._hub.rooms.get(room_id) if room_id in self._connection.rooms else None
        if room is not None and room.shows_after_approval and frame.reply_to is None:
            posted = await self._send_batcher.post(
                SendRequest(
                    author_id=self._principal.user_id,
                    room_id=room_id,
                    text=frame.message,
                    client_id=frame.client_id,
                    connection_id=self._connection.id,
                )
            )
            note_counted(has_counted=posted.created)  # the batch has counted it, or given it back
            return posted
        return await post(
            author_id=self._principal.user_id,
            room_id=room_id,
            text=frame.message,
            client_id=frame.client_id,
            reply_to=frame.reply_to,
        )

    async def _edit(self, frame: protocol.EditMessage) -> None:
        room_id = frame.room or self._connection.only_room
        async with self._connection.storing():
            view = await edit(
                actor_id=self._principal.user_id,
                message_id=frame.id,
                text=frame.message,
                room_id=room_id,
                client_id=frame.client_id,
            )
            self._acknowledge(view)

    def _acknowledge(self, view: MessageView) -> None:
        """Confirm a message. Its row must be committed."""
        self._connection.reply_queued(view)
        _acknowledged().inc()
        self._connection.await_outcome(view)

    async def _delete(self, frame: protocol.DeleteMessage) -> None:
        view = await delete(
            actor_id=self._principal.user_id,
            message_id=frame.id,
            room_id=frame.room or self._connection.only_room,
            category=frame.category,
        )
        self._connection.notices.stop_awaiting(view.id)
        is_delivered_by_room = view.seq and view.room in self._connection.rooms
        if not is_delivered_by_room:
            self._connection.push(line_of_notice(Notice.REMOVED, view), OWN_MESSAGES)

    def _send_typing(self, room_id: UUID) -> None:
        """Tell the room that the user is typing, at most every two seconds."""
        subscription = self._hub.subscription(self._connection, room_id)
        if subscription is None:
            raise NoSuchRoom
        if subscription.silence is not None and is_in_force(subscription.silence):
            raise refusal_of(subscription.silence)
        if quota.may_announce_typing(account=str(self.user_id), room=str(room_id)):
            principal = self._connection.principal or self._principal  # with the current name
            version = self._hub.acl_version(room_id)
            fanout.publish_typing(principal, room_id, acl_version=version)
