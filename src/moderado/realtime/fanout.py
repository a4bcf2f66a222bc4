"""From what has happened to the hubs that should hear of it. The only sender to the channel layer.

The handlers are called after a commit, in any thread of any process. They never wait, never
raise, and promise nothing: a hint that is lost is found again by the hubs' periodic check.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from channels.layers import get_channel_layer

from moderado.accounts.events import SessionEnded
from moderado.accounts.types import Principal
from moderado.chat.events import AudienceChanged, AuthorTold, RoomChanged, RoomRead
from moderado.chat.types import Person
from moderado.realtime import protocol
from moderado.realtime.courier import Courier
from moderado.realtime.envelope import (
    AudienceMoved,
    AuthorNote,
    Beat,
    Hint,
    RoomLines,
    RoomNote,
    SessionOver,
    seal,
)
from moderado.realtime.frames import Line, line_of, line_of_change, line_of_notice

# A hub hands one parcel to its sockets without a pause: it must fit into every outbox.
PARCEL_LINES = 32
PARCEL_BYTES = 128 * 1024


def room_group(room_id: UUID) -> str:
    return f"room.{room_id.hex}"


def user_group(user_id: UUID) -> str:
    return f"user.{user_id.hex}"


def on_room_changed(event: RoomChanged) -> None:
    """One frame a change, encoded here, once; one publication for the batch."""
    for lines in parcels(map(line_of_change, event.changes)):
        hint = RoomLines(room_id=event.room_id, acl_version=event.acl_version, lines=lines)
        _to_room(event.room_id, hint)


def author_note(event: AuthorTold) -> AuthorNote:
    """What the hubs are told of it."""
    line = line_of_notice(event.notice, event.view)
    return AuthorNote(user_id=event.author_id, room_id=event.room_id, line=line)


def on_author_told(event: AuthorTold) -> None:
    _to_user(event.author_id, author_note(event))


def on_audience_changed(event: AudienceChanged) -> None:
    hint = AudienceMoved(
        room_id=event.room_id,
        acl_version=event.acl_version,
        removed_user_id=event.removed_user_id,
    )
    _to_room(event.room_id, hint)


def on_session_ended(event: SessionEnded) -> None:
    hint = SessionOver(user_id=event.user_id, session_id=event.session_id)
    _to_user(event.user_id, hint)


def on_room_read(event: RoomRead) -> None:
    frame = protocol.Read(room=event.room_id, user=protocol.Reader(event.user_id), seq=event.seq)
    _to_room(event.room_id, RoomNote(room_id=event.room_id, line=line_of(frame)))


def tell_typing(principal: Principal, room_id: UUID) -> None:
    """Tell the others in the room that somebody is writing."""
    person = Person(id=principal.user_id, name=principal.name)
    line = line_of(protocol.TypingShown(room=room_id, user=person))
    _to_room(room_id, RoomNote(room_id=room_id, line=line, not_to=principal.user_id))


def tell_presence(user_id: UUID, room_id: UUID, *, present: bool) -> None:
    """Tell the others that somebody came to listen, or went."""
    frame = protocol.Presence(room=room_id, user=protocol.Reader(user_id), present=present)
    _to_room(room_id, RoomNote(room_id=room_id, line=line_of(frame), not_to=user_id))


def send_beat(channel: str) -> None:
    """Let a hub hear itself, by the way that every hint takes."""
    _courier.take(_Parcel(Beat(), channel=channel))


def parcels(lines: Iterable[Line]) -> Iterator[tuple[Line, ...]]:
    """`lines` in their order, in portions that fit into an empty outbox."""
    parcel: list[Line] = []
    size = 0
    for line in lines:
        if parcel and (len(parcel) >= PARCEL_LINES or size + line.size > PARCEL_BYTES):
            yield tuple(parcel)
            parcel, size = [], 0
        parcel.append(line)
        size += line.size
    if parcel:
        yield tuple(parcel)


@dataclass(frozen=True, slots=True)
class _Parcel:
    hint: Hint
    group: str | None = None
    channel: str | None = None


async def _deliver(parcel: _Parcel) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    if parcel.group is not None:
        await layer.group_send(parcel.group, seal(parcel.hint))
    elif parcel.channel is not None:
        await layer.send(parcel.channel, seal(parcel.hint))


_courier = Courier(_deliver, name="fanout")


def _to_room(room_id: UUID, hint: Hint) -> None:
    _courier.take(_Parcel(hint, group=room_group(room_id)))


def _to_user(user_id: UUID, hint: Hint) -> None:
    _courier.take(_Parcel(hint, group=user_group(user_id)))
