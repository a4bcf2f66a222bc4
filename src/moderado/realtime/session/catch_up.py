"""Lets a client catch up: its subscriptions, and the answers to `sync` and `sync_me`.

New messages of the client are stored meanwhile. What is read may be older than their confirmation,
so each answer is written between them, and names what was confirmed while it was read.
"""

from dataclasses import replace
from uuid import UUID

import msgspec

from moderado.accounts.types import Principal
from moderado.chat.errors import NoSuchRoom
from moderado.chat.types import MessageView
from moderado.chat.views import OwnCursor
from moderado.core.wire_limits import MAX_ROOMS
from moderado.realtime.infra import queries
from moderado.realtime.infra.queries import Opened, Resumed
from moderado.realtime.node import Node
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.rooms.subscription import State, Subscription
from moderado.realtime.session.refusals import TooManyRooms
from moderado.realtime.session.replies import greeting, split_pending, synced
from moderado.realtime.wire import protocol


class CatchUp:
    """The subscriptions and syncs of one authenticated connection, one at a time.

    Raises what services and selectors raise: the session answers with an `error` frame.
    """

    def __init__(self, node: Node, connection: Connection, principal: Principal) -> None:
        self._hub = node.hub
        self._presence = node.presence
        self._connection = connection
        self._principal = principal
        self._confirmed: dict[tuple[UUID, str], MessageView] | None = None  # while a sync is read

    def note_confirmed(self, client_id: str | None, view: MessageView) -> None:
        """Note that a new message was confirmed: a sync that is being read may not contain it."""
        if self._confirmed is not None and client_id is not None:
            self._confirmed[view.room, client_id] = view

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

    async def subscribe(self, frame: protocol.Subscribe) -> None:
        """Subscribe to a room, and send what changed in it since the client was here."""
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
        async with self._connection.not_storing():
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

    async def sync(self, room_id: UUID, frame: protocol.Sync) -> None:
        """Send all changes up to the head, then those that came while it was read."""
        self._confirmed = {}
        try:
            await self._sync(room_id, frame)
        finally:
            self._confirmed = None

    async def _sync(self, room_id: UUID, frame: protocol.Sync) -> None:
        subscription = self._hub.subscription(self._connection, room_id)
        if subscription is None:
            resumed = await self._resume(room_id, frame)
            async with self._connection.not_storing():
                self._reply_synced(resumed)
            return
        was_behind = subscription.state is State.BEHIND
        subscription.start_sync()
        try:
            resumed = await self._resume(room_id, frame)
        except BaseException:
            subscription.finish_sync(subscription.seq, more=was_behind)
            raise
        async with self._connection.not_storing():
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
        confirmed = self._confirmed or {}
        pending = {
            client_id: view or confirmed.get((resumed.changes.room, client_id))
            for client_id, view in resumed.pending.items()
        }
        self._connection.reply(synced(replace(resumed, pending=pending)))
        for view in (*resumed.changes.messages, *filter(None, resumed.pending.values())):
            if view.author.id == self._principal.user_id:
                self._connection.await_outcome(view)

    async def sync_me(self, frame: protocol.SyncMe) -> None:
        """Send what changed for the user, of whichever room."""
        changes = await queries.own_changes(
            author_id=self._principal.user_id, after=frame.after, language=self._principal.language
        )
        async with self._connection.not_storing():
            self._connection.reply(protocol.SyncedMe(**msgspec.structs.asdict(changes)))
            for view in changes.messages:
                self._connection.await_outcome(view)

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
            async with self._connection.not_storing():
                self._reply_synced(part)
            await self._connection.outbox.drained()  # the client reads one before the next
        return answer
