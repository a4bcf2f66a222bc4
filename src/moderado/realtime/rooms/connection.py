"""One connected client as the rooms see it: its user, its rooms, and the order of its frames.

No method waits: what cannot be written at once goes to the outbox.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from django.conf import settings

from moderado.accounts.types import Principal
from moderado.chat.types import MessageView
from moderado.core.wire_limits import MAX_OUTBOX_FRAMES
from moderado.realtime.rooms.audience import OWN_ROOMS, Access
from moderado.realtime.rooms.author_notices import AuthorNotices
from moderado.realtime.transport.outbox import Outbox
from moderado.realtime.wire.encode import Block, Line, author_frame, newest_revision, text_frame
from moderado.realtime.wire.protocol import Error, MessageQueued, ServerFrame, encode


class Connection:
    """A client's connection, from the accepted handshake to its end."""

    __slots__ = (
        "_confirming",
        "_deferred",
        "_is_greeted",
        "_is_storing",
        "_user_id",
        "hidden",
        "id",
        "language",
        "notices",
        "only_room",
        "outbox",
        "principal",
        "rooms",
    )

    def __init__(self, outbox: Outbox) -> None:
        self.id = uuid4().hex
        self.outbox = outbox
        self.principal: Principal | None = None
        self.language: str = settings.LANGUAGE_CODE  # of errors
        self.only_room: UUID | None = None  # of a connection that was opened for one room
        self.rooms: set[UUID] = set()
        self.notices = AuthorNotices()
        self.hidden: frozenset[UUID] = frozenset()  # whom this user does not see in direct views
        self._user_id: UUID | None = None
        self._is_greeted = False
        self._is_storing = False
        self._confirming = asyncio.Lock()
        self._deferred: list[tuple[Line, Access]] = []

    @property
    def closing(self) -> int | None:
        """The close code, once the connection is being closed or was lost."""
        return self.outbox.closing

    def start(self, on_finished: Callable[[], None]) -> None:
        """Begin to write. `on_finished` is called after the last frame."""
        self.outbox.start(on_finished, name=f"writer-{self.id}")

    def authenticate(self, principal: Principal) -> None:
        """Note whose connection this is."""
        self.principal, self._user_id = principal, principal.user_id
        self.language = principal.language

    def visible(self, user_ids: Iterable[UUID]) -> tuple[UUID, ...]:
        """Return these users without those who are hidden from the client."""
        return tuple(each for each in user_ids if each not in self.hidden)

    def reply(self, frame: ServerFrame) -> None:
        """Answer the client's frame. Deferred lines come after it."""
        self.outbox.append(encode(frame))

    def reply_queued(self, view: MessageView) -> None:
        """Confirm that a message is stored."""
        self.notices.record_queued(view)
        self.reply(author_frame(MessageQueued, view))

    def await_outcome(self, view: MessageView) -> None:
        """Let what becomes of a message that waits reach the client even if no hint does.

        The client was shown `view`, as queued or as held.
        """
        waits = (view.status, view.edit.status if view.edit else None)
        if "PENDING" in waits:
            self.notices.await_outcome(view.id, newest_revision(view))
        elif "HELD" in waits:
            self.notices.await_ruling(view.id, newest_revision(view))

    def push(self, line: Line, access: Access) -> None:
        """Write a line that `access` admits, unless it repeats a notice to the author.

        While a message of this client is being stored, lines about its author's messages are
        deferred, and so is all that follows them: the confirmation comes first. Until the client
        is greeted, all lines are deferred.
        """
        if self.outbox.closing is not None or not access.admits(line):
            return
        is_own = line.author_id == self._user_id
        if not self._is_greeted or (self._is_storing and (self._deferred or is_own)):
            self._deferred.append((line, access))
            if len(self._deferred) > MAX_OUTBOX_FRAMES:
                self.outbox.overflow()
        elif not is_own:
            self.outbox.append(line.text)
        elif self.notices.accept(line, is_notice=access is OWN_ROOMS):
            self.outbox.append(line.text_for_author)

    def push_block(self, block: Block, access: Access) -> None:
        """As `push` for each line of the block, all of one room, in one write where possible."""
        outbox = self.outbox
        if outbox.closing is not None or not access.admits(block.lines[-1]):
            return
        has_own = self._user_id in block.authors
        if self._deferred or (has_own and self._is_storing):
            for line in block.lines:
                self.push(line, access)
            return
        if not has_own:
            if not outbox.write_now(block.wire):
                for line in block.lines:
                    outbox.append(line.text)
            return
        texts = [*self._own_texts(block)]
        if texts and not outbox.write_now(b"".join(map(text_frame, texts))):
            for text in texts:
                outbox.append(text)

    @asynccontextmanager
    async def storing(self) -> AsyncIterator[None]:
        """Defer lines about this user's messages while one of them is being stored."""
        async with self._confirming:
            self._is_storing = True
            try:
                yield
            finally:
                self._is_storing = False
                self._push_deferred()

    def not_storing(self) -> asyncio.Lock:
        """Return a context in which no message is being stored.

        An answer that may show the message is written in it: the confirmation comes first.
        """
        return self._confirming

    def greeted(self) -> None:
        """Write what was deferred until the client was greeted."""
        self._is_greeted = True
        self._push_deferred()

    def close(self, code: int, error: Error | None = None) -> None:
        """Close the connection after what waits, and `error`, are written."""
        if self.outbox.closing is not None:
            return
        if error is not None:
            self.reply(error)
        self.outbox.close(code, reason="" if error is None else error.code)

    def _push_deferred(self) -> None:
        while self._deferred and self.outbox.closing is None:
            self.push(*self._deferred.pop(0))
        self._deferred.clear()

    def _own_texts(self, block: Block) -> Iterator[str]:
        """The frames of a block that has lines about this user's own messages."""
        for line in block.lines:
            if line.author_id != self._user_id:
                yield line.text
            elif self.notices.accept(line):
                yield line.text_for_author
