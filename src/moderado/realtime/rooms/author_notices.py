"""What one connection was told about its own user's messages, and which outcomes it still awaits.

A notice reaches a connection by several ways: as the answer to its own frame, as a hint, from the
room, or from the periodic check. It is written once.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from uuid import UUID

import msgspec

from moderado.chat.types import MessageView
from moderado.realtime.wire.encode import (
    MESSAGE_HELD,
    MESSAGE_QUEUED,
    MESSAGE_REMOVED,
    MESSAGE_SHOWN,
    Line,
    newest_revision,
)

CAPACITY = 512  # notices, and awaited outcomes, that one connection remembers


class Awaited(msgspec.Struct, frozen=True, gc=False):
    """A revision that the author was told is queued or held, and that may have been decided."""

    revision: int
    since: float  # on the event loop's clock
    is_held: bool = False  # it waits for a moderator, perhaps for days


class AuthorNotices:
    """The notices of one connection. Bounded: the oldest are forgotten first."""

    __slots__ = ("_awaited", "_told")

    def __init__(self) -> None:
        self._awaited: OrderedDict[UUID, Awaited] = OrderedDict()
        # The last notice of each revision, and apart from it (True) its confirmation.
        self._told: OrderedDict[tuple[bool, UUID, int], str] = OrderedDict()

    def await_outcome(self, message_id: UUID, revision: int) -> None:
        """Let the periodic check find the outcome of the message, should no hint arrive."""
        self._await(message_id, revision, is_held=False)

    def await_ruling(self, message_id: UUID, revision: int) -> None:
        """Let the periodic check find what became of a held message, should no hint arrive."""
        self._await(message_id, revision, is_held=True)

    def _await(self, message_id: UUID, revision: int, *, is_held: bool) -> None:
        now = asyncio.get_running_loop().time()
        self._awaited[message_id] = Awaited(revision, now, is_held)
        if len(self._awaited) > CAPACITY:
            self._awaited.popitem(last=False)

    def stop_awaiting(self, message_id: UUID) -> None:
        """Forget a message that is awaited as queued."""
        awaited = self._awaited.get(message_id)
        if awaited is not None and not awaited.is_held:
            del self._awaited[message_id]

    def is_awaiting(self, message_id: UUID) -> bool:
        return message_id in self._awaited

    def is_still(self, message_id: UUID, awaited: Awaited) -> bool:
        """Whether nothing came about the message since it is awaited like this."""
        return self._awaited.get(message_id) is awaited

    def give_up(self, message_id: UUID, awaited: Awaited) -> None:
        """Forget a message of which no notice can come, unless something came about it."""
        if self.is_still(message_id, awaited):
            del self._awaited[message_id]

    def awaited_since_before(
        self, moment: float, *, is_held: bool = False
    ) -> Iterator[tuple[UUID, Awaited]]:
        """The queued, or held, messages whose outcome has been awaited since before `moment`."""
        return (
            (message_id, awaited)
            for message_id, awaited in self._awaited.items()
            if awaited.since < moment and awaited.is_held is is_held
        )

    def record_queued(self, view: MessageView) -> None:
        """Note that the message was confirmed: the same confirmation as a hint is dropped."""
        self._record(MESSAGE_QUEUED, view.id, newest_revision(view))

    def accept(self, line: Line, *, is_notice: bool = False) -> bool:
        """Note that a line about the user's own message is about to be written.

        Args:
            line: The line.
            is_notice: It was addressed to the author. A change that the room delivers is followed
                by a notice that explains it; this one is not.

        Returns:
            Whether to write it: False when the same notice was written before.
        """
        if line.message_id is None:
            return True
        if line.frame_type != MESSAGE_QUEUED:
            awaited = self._awaited.get(line.message_id)
            is_removal = line.frame_type == MESSAGE_REMOVED and not line.seq
            if awaited is not None and (line.revision >= awaited.revision or is_removal):
                del self._awaited[line.message_id]
        if line.seq:
            if line.frame_type != MESSAGE_REMOVED:
                self._told.pop((False, line.message_id, line.revision), None)  # it is shown again
            if line.frame_type != MESSAGE_SHOWN and not is_notice:
                # The room shows that it was removed or changed; only a notice says why.
                self.await_outcome(line.message_id, line.revision)
            return True  # a subscription delivers each change of its room once
        if line.frame_type == MESSAGE_HELD:
            self.await_ruling(line.message_id, line.revision)
        return self._record(line.frame_type, line.message_id, line.revision)

    def _record(self, frame_type: str, message_id: UUID, revision: int) -> bool:
        """Tell whether the notice is new: the same one may follow another, after an undone ruling.

        A confirmation is new only once.
        """
        key = (frame_type == MESSAGE_QUEUED, message_id, revision)
        if self._told.get(key) == frame_type:
            return False
        self._told[key] = frame_type
        if len(self._told) > CAPACITY:
            self._told.popitem(last=False)
        return True
