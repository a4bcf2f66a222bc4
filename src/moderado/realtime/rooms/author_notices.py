"""What one connection was told about its own user's messages, and which outcomes it still awaits.

A notice reaches a connection by several ways: as the answer to its own frame, as a hint, from the
room, or from the periodic check. It is written once.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from moderado.chat.types import MessageView
from moderado.realtime.wire.encode import (
    MESSAGE_QUEUED,
    MESSAGE_REMOVED,
    MESSAGE_SHOWN,
    Line,
    newest_revision,
)

CAPACITY = 512  # notices, and awaited outcomes, that one connection remembers


@dataclass(frozen=True, slots=True)
class Awaited:
    """A revision that the author was told is queued, and whose outcome they do not know yet."""

    revision: int
    since: float  # on the event loop's clock


class AuthorNotices:
    """The notices of one connection. Bounded: the oldest are forgotten first."""

    __slots__ = ("_awaited", "_sent")

    def __init__(self) -> None:
        self._awaited: OrderedDict[UUID, Awaited] = OrderedDict()
        self._sent: OrderedDict[tuple[str, UUID, int], None] = OrderedDict()

    def await_outcome(self, message_id: UUID, revision: int) -> None:
        """Let the periodic check find the outcome of the message, should no hint arrive."""
        self._awaited[message_id] = Awaited(revision, asyncio.get_running_loop().time())
        if len(self._awaited) > CAPACITY:
            self._awaited.popitem(last=False)

    def stop_awaiting(self, message_id: UUID) -> None:
        self._awaited.pop(message_id, None)

    def is_awaiting(self, message_id: UUID) -> bool:
        return message_id in self._awaited

    def awaited_since_before(self, moment: float) -> Iterator[UUID]:
        """The messages whose outcome has been awaited since before `moment`."""
        return (each for each, awaited in self._awaited.items() if awaited.since < moment)

    def record_queued(self, view: MessageView) -> None:
        """Note that the message was confirmed: the same confirmation as a hint is dropped."""
        self._record((MESSAGE_QUEUED, view.id, newest_revision(view)))

    def accept(self, line: Line) -> bool:
        """Note that a line about the user's own message is about to be written.

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
            if line.frame_type != MESSAGE_SHOWN:
                # The room shows that it was removed or changed; only a notice says why.
                self.await_outcome(line.message_id, line.revision)
            return True  # a subscription delivers each change of its room once
        return self._record((line.frame_type, line.message_id, line.revision))

    def _record(self, notice: tuple[str, UUID, int]) -> bool:
        if notice in self._sent:
            return False
        self._sent[notice] = None
        if len(self._sent) > CAPACITY:
            self._sent.popitem(last=False)
        return True
