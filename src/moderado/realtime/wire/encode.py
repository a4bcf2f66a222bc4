"""Encodes changes and notices of the chat as frames, once for all sockets that receive them."""

import struct
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid5

import msgspec

from moderado.chat.events import Change, ChangeKind, Notice
from moderado.chat.types import MessageView
from moderado.enforcement.events import PersonNotice
from moderado.enforcement.views import SanctionView
from moderado.realtime.wire import person_frames, protocol

# The one place where names of the domain become names on the wire.
_ROOM_FRAMES: dict[ChangeKind, type[protocol.RoomFrame]] = {
    ChangeKind.PUBLISHED: protocol.MessageShown,
    ChangeKind.UPDATED: protocol.MessageUpdated,
    ChangeKind.REMOVED: protocol.MessageRemoved,
}
_AUTHOR_FRAMES: dict[Notice, type[protocol.AuthorFrame]] = {
    Notice.QUEUED: protocol.MessageQueued,
    Notice.REJECTED: protocol.MessageRejected,
    Notice.HELD: protocol.MessageHeld,
}
_PERSON_FRAMES: dict[PersonNotice, Callable[[Any], protocol.ServerFrame]] = {
    PersonNotice.REPORT_DECIDED: lambda body: person_frames.ReportDecided(report=body),
    PersonNotice.SANCTION_APPLIED: lambda body: person_frames.SanctionApplied(sanction=body),
    PersonNotice.SANCTION_CHANGED: lambda body: person_frames.SanctionChanged(sanction=body),
    PersonNotice.SANCTION_LIFTED: lambda body: person_frames.SanctionLifted(sanction=body),
    PersonNotice.DECISION_MADE: lambda body: person_frames.DecisionMade(decision=body),
    PersonNotice.DECISION_REVERSED: lambda body: person_frames.DecisionReversed(decision=body),
    PersonNotice.MESSAGES_PURGED: lambda body: person_frames.MessagesPurged(decision=body),
    PersonNotice.APPEAL_DECIDED: lambda body: person_frames.AppealDecided(appeal=body),
    PersonNotice.REPORTING_SUSPENDED: lambda body: person_frames.ReportingSuspended(
        suspension=body
    ),
    PersonNotice.REPORTING_RESTORED: lambda body: person_frames.ReportingRestored(suspension=body),
    PersonNotice.BLOCK_CHANGED: lambda body: person_frames.BlockChanged(
        user=body.user, is_blocked=body.is_blocked, created_at=body.created_at
    ),
}
_FRAME_TYPES = {frame: str(frame.__struct_config__.tag) for frame in protocol.SERVER_FRAMES}

PERSON_FRAME_TYPES = frozenset(
    name for frame, name in _FRAME_TYPES.items() if frame.__module__ == person_frames.__name__
)
MESSAGE_HELD = _FRAME_TYPES[protocol.MessageHeld]
MESSAGE_QUEUED = _FRAME_TYPES[protocol.MessageQueued]
MESSAGE_REMOVED = _FRAME_TYPES[protocol.MessageRemoved]
_MESSAGE = '"message":{'
MESSAGE_SHOWN = _FRAME_TYPES[protocol.MessageShown]


class Line(msgspec.Struct, frozen=True):
    """A frame that is encoded once and written to every socket that receives it.

    Only the author's sockets receive the `client_id` of the message: `text_for_author` has it.
    `frame_type` is the frame's `type` on the wire. `seq` is 0 for a frame outside the room's
    order. `revision` is that of the message, or of its waiting edit. `message_id` is that of a
    sanction, or of a change of its end, in a frame about one.
    """

    frame_type: str
    text: str
    size: int
    seq: int = 0
    message_id: UUID | None = None
    author_id: UUID | None = None
    revision: int = 0
    client_id: str | None = None

    @property
    def text_for_author(self) -> str:
        """The frame with the `client_id`, which the author knows the message by."""
        if self.client_id is None:
            return self.text
        name = msgspec.json.encode(self.client_id).decode()
        # No field before the message contains this text: they are ids, numbers and the type.
        return self.text.replace(_MESSAGE, f'{_MESSAGE}"client_id":{name},', 1)


class Block:
    """Consecutive lines of a room, encoded once for all sockets of this process."""

    __slots__ = ("_wire", "authors", "first", "last", "lines")

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.first, self.last = lines[0].seq, lines[-1].seq
        self.authors = frozenset(line.author_id for line in lines)
        self._wire: bytes | None = None

    @property
    def wire(self) -> bytes:
        """All lines as WebSocket frames."""
        if self._wire is None:
            self._wire = b"".join(text_frame(line.text) for line in self.lines)
        return self._wire


def text_frame(text: str) -> bytes:
    """Encode a text message as one unfragmented, unmasked frame (RFC 6455, section 5.2)."""
    payload = text.encode()
    size = len(payload)
    if size < 126:  # noqa: PLR2004  (at these lengths the header grows)
        return bytes((0x81, size)) + payload
    if size < 65_536:  # noqa: PLR2004
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


def line_of_change(change: Change) -> Line:
    """Encode a public change for the subscribers of the room."""
    frame = _ROOM_FRAMES[change.kind](room=change.view.room, seq=change.seq, message=change.view)
    return _line(frame, change.view, seq=change.seq, client_id=change.client_id)


def line_of_notice(notice: Notice, view: MessageView, revision: int = 0) -> Line:
    """Encode a notice for the connections of a message's author.

    Its frame has no place in the room's order and says `seq` 0, also for a public change: a
    connection that does not subscribe to the room may receive it before earlier changes.

    Args:
        notice: What happened.
        view: The author's view of the message.
        revision: The revision that the notice is about; 0 stands for the newest.
    """
    if author_frame_of_notice := _AUTHOR_FRAMES.get(notice):
        frame = author_frame(author_frame_of_notice, view, revision)
        return _line(frame, view, revision=revision)
    # A removal that only the author sees is no change of the room and has no number.
    seq = 0 if notice is Notice.REMOVED else view.seq
    room_frame = _ROOM_FRAMES[ChangeKind(notice.value)]
    return _line(room_frame(room=view.room, seq=0, message=view), view, seq=seq)


def author_frame(
    kind: type[protocol.AuthorFrame], view: MessageView, revision: int = 0
) -> protocol.AuthorFrame:
    """Build the author's frame. The decision stands beside the message as well as inside it.

    If an edit waits or was refused, the decision is that about the edit, unless the frame is about
    another `revision`.
    """
    is_about_edit = view.edit and revision in {0, view.edit.revision}
    judged = view.edit if view.edit and is_about_edit else view
    decision = ("reason", "categories", "explanation", "appealable", "resources")
    if judged is not view:
        view = msgspec.structs.replace(view, **{name: getattr(judged, name) for name in decision})
    return kind(
        message=view,
        reason=judged.reason,
        categories=judged.categories,
        explanation=judged.explanation,
        appealable=judged.appealable,
        resources=judged.resources,
    )


def line_of(frame: protocol.ServerFrame, *, author_id: UUID | None = None) -> Line:
    """Encode any other frame. `author_id`: the user whom a line in a room is not sent to."""
    text = protocol.encode(frame)
    return Line(
        frame_type=_FRAME_TYPES[type(frame)],
        text=text,
        size=len(text.encode()),
        author_id=author_id,
    )


def line_of_person_notice(notice: PersonNotice, body: msgspec.Struct) -> Line:
    """Encode a notice of enforcement for the connections of one person.

    That of a sanction names it, or the change of its end, so that the same news is delivered once.
    """
    line = line_of(_PERSON_FRAMES[notice](body))
    if not isinstance(body, SanctionView):
        return line
    news_id = body.id
    if notice is PersonNotice.SANCTION_CHANGED:
        news_id = uuid5(body.id, str(body.end_changed_at))
    return msgspec.structs.replace(line, message_id=news_id)


def newest_revision(view: MessageView) -> int:
    """Return the revision whose outcome the author waits for: that of the edit, if there is one."""
    return view.edit.revision if view.edit else view.revision


def _line(
    frame: protocol.ServerFrame,
    view: MessageView,
    *,
    seq: int = 0,
    revision: int = 0,
    client_id: str | None = None,
) -> Line:
    text = protocol.encode(frame)
    return Line(
        frame_type=_FRAME_TYPES[type(frame)],
        text=text,
        size=len(text.encode()),
        seq=seq,
        message_id=view.id,
        author_id=view.author.id,
        revision=revision or newest_revision(view),
        client_id=client_id,
    )
