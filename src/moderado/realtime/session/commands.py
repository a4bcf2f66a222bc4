"""Executes client frames: calls the service a frame stands for, and writes the answer."""

from dataclasses import replace
from functools import cache
from typing import assert_never
from uuid import UUID

import msgspec
from prometheus_client import Counter

from moderado.accounts.types import Principal
from moderado.chat.errors import NoSuchRoom
from moderado.chat.events import Notice
from moderado.chat.services import editing, posting, reading, removing
from moderado.chat.types import MessageView, SendRequest, SendResult
from moderado.chat.views import OwnCursor
from moderado.core import metrics
from moderado.core.limits import note_counted
from moderado.core.wire_limits import MAX_ROOMS
from moderado.enforcement.errors import refusal_of
from moderado.enforcement.types import is_in_force
from moderado.realtime.infra import queries
from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.infra.queries import Opened, Resumed
from moderado.realtime.node import Node
from moderado.realtime.pubsub import fanout
from moderado.realtime.rooms.audience import OWN_MESSAGES
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.rooms.subscription import State, Subscription
from moderado.realtime.session import quota
from moderado.realtime.session.refusals import AlreadyAuthenticated, RoomMissing, TooManyRooms
from moderado.realtime.session.replies import greeting, split_pending, synced
from moderado.realtime.wire import protocol
from moderado.realtime.wire.encode import line_of_notice, newest_revision

_SETTLED = {"REJECTED": Notice.REJECTED, "HELD": Notice.HELD}


@cache
def _acknowledged() -> Counter:
    return metrics.ACKNOWLEDGED.labels(entry_point="ws")


post = run_in_db_thread(posting.post_message)
edit = run_in_db_thread(editing.edit_message)
delete = run_in_db_thread(removing.delete_message)
mark_read = run_in_db_thread(reading.mark_read)


class Commands:
    """Executes the frames of one authenticated connection, one at a time.

    Raises what services and selectors raise: the session answers with an `error` frame.
    """

    def __init__(self, node: Node, connection: Connection, principal: Principal) -> None:
        self._hub = node.hub
        self._presence = node.presence
        self._send_batcher = node.send_batcher
        self._connection = connection
        self._principal = principal

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
                await self._subscribe(frame)
            case protocol.Unsubscribe():
                self._hub.unsubscribe(self._connection, frame.room)
            case protocol.Sync():
                await self._sync(self._room(frame.room), frame)
            case protocol.SyncMe():
                await self._sync_me(frame)
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
        """Subscribe a connection that was opened for one room, and greet it.

        Args:
            room_id: The room.
            me: The cursor of the user's own changes, read before the connection received any.
        """
        subscription, opened = await self._subscribe_to(room_id)
        present = await self._presence.enter(self._hub.rooms[room_id], subscription.user_id)
        self._connection.reply(
            greeting(
                self._principal,
                me,
                room=room_id,
                seq=opened.head.seq,
                epoch=opened.head.epoch,
                moderation_mode=opened.head.moderation_mode,
                present=self._connection.visible(present),
            )
        )
        subscription.finish_sync(opened.head.seq)

    def _room(self, room_id: UUID | None) -> UUID:
        room_id = room_id or self._connection.only_room
        if room_id is None:
            raise RoomMissing
        return room_id

    async def _post(self, frame: protocol.ChatMessage) -> None:
        room_id = self._room(frame.room)
        with self._connection.storing():
            posted = await self._posted(room_id, frame)
            self._acknowledge(posted.view)
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
        with self._connection.storing():
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
        self._await_outcome(view)

    def _await_outcome(self, view: MessageView) -> None:
        """Let the outcome reach the client even if no hint does: it shows `view` as pending."""
        if "PENDING" in (view.status, view.edit.status if view.edit else None):
            self._connection.notices.await_outcome(view.id, newest_revision(view))

    async def _delete(self, frame: protocol.DeleteMessage) -> None:
        view = await delete(
            actor_id=self._principal.user_id,
            message_id=frame.id,
            room_id=frame.room or self._connection.only_room,
        )
        self._connection.notices.stop_awaiting(view.id)
        is_delivered_by_room = view.seq and view.room in self._connection.rooms
        if not is_delivered_by_room:
            self._connection.push(line_of_notice(Notice.REMOVED, view), OWN_MESSAGES)

    async def _subscribe(self, frame: protocol.Subscribe) -> None:
        if len(self._connection.rooms) >= MAX_ROOMS and frame.room not in self._connection.rooms:
            raise TooManyRooms
        subscription, opened = await self._subscribe_to(frame.room)
        try:
            room = self._hub.rooms[frame.room]
            present = await self._presence.enter(room, subscription.user_id)
            resumed = None
            if frame.after is not None:
                again = protocol.Sync(after=frame.after, epoch=frame.epoch)
                resumed = await self._resume(frame.room, again)
        except BaseException:
            # A live subscription without what came before would hide the gap from the client.
            self._hub.unsubscribe(self._connection, frame.room)
            raise
        if self._hub.subscription(self._connection, frame.room) is not subscription:
            raise NoSuchRoom  # detached in the meantime
        self._connection.reply(
            protocol.Subscribed(
                room=frame.room,
                seq=opened.head.seq,
                epoch=opened.head.epoch,
                moderation_mode=opened.head.moderation_mode,
                present=self._connection.visible(present),
            )
        )
        if resumed is None:
            subscription.finish_sync(opened.head.seq)
        else:
            self._finish_sync(subscription, resumed)

    async def _subscribe_to(self, room_id: UUID) -> tuple[Subscription, Opened]:
        return await self._hub.subscribe(self._connection, self._principal, room_id)

    async def _sync(self, room_id: UUID, frame: protocol.Sync) -> None:
        """Send all changes up to the head, then those that came while it was read."""
        subscription = self._hub.subscription(self._connection, room_id)
        if subscription is None:
            self._reply_synced(await self._resume(room_id, frame))
            return
        was_behind = subscription.state is State.BEHIND
        subscription.start_sync()
        try:
            resumed = await self._resume(room_id, frame)
        except BaseException:
            subscription.finish_sync(subscription.seq, more=was_behind)
            raise
        if self._hub.subscription(self._connection, room_id) is not subscription:
            raise NoSuchRoom  # detached in the meantime
        self._finish_sync(subscription, resumed)

    def _finish_sync(self, subscription: Subscription, resumed: Resumed) -> None:
        if self._connection.outbox.is_lagging and not resumed.changes.reset:
            # What came meanwhile follows on the client's next request, once it has read this.
            changes = msgspec.structs.replace(resumed.changes, more=True)
            resumed = replace(resumed, changes=changes)
        self._reply_synced(resumed)
        subscription.finish_sync(resumed.changes.seq, more=resumed.changes.more)

    def _reply_synced(self, resumed: Resumed) -> None:
        self._connection.reply(synced(resumed))
        for view in (*resumed.changes.messages, *filter(None, resumed.pending.values())):
            if view.author.id == self._principal.user_id:
                self._await_outcome(view)

    async def _sync_me(self, frame: protocol.SyncMe) -> None:
        changes = await queries.own_changes(
            author_id=self._principal.user_id, after=frame.after, language=self._principal.language
        )
        self._connection.reply(protocol.SyncedMe(**msgspec.structs.asdict(changes)))
        for view in changes.messages:
            self._await_outcome(view)

    async def _resume(self, room_id: UUID, frame: protocol.Sync) -> Resumed:
        """Read the answer, and send the part that would not fit into its frame."""
        resumed = await queries.resume(
            reader_id=self._principal.user_id,
            language=self._principal.language,
            room_id=room_id,
            after=frame.after,
            epoch=frame.epoch,
            client_ids=frame.pending,
        )
        early, answer = split_pending(resumed, after=frame.after)
        for part in early:
            self._reply_synced(part)
            await self._connection.outbox.drained()  # the client reads one before the next
        return answer

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
