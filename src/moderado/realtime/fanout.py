"""From what has happened to the hubs that should hear of it. The only sender to the channel layer.

The handlers are called after a commit, in any thread of any process. They never wait, never
raise, and promise nothing: a hint that is lost is found again by the hubs' periodic check.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import cast
from urllib.parse import urlsplit
from uuid import UUID

from channels.layers import get_channel_layer
from django.conf import settings

from moderado.accounts.events import SessionEnded
from moderado.accounts.types import Principal
from moderado.chat.events import AudienceChanged, AuthorTold, RoomRead, RoomsChanged
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
from moderado.realtime.layer import ChatLayer

# A hub hands one parcel to its sockets without a pause: it must fit into every outbox.
PARCEL_LINES = 32
PARCEL_BYTES = 128 * 1024
PUBLICATION_BYTES = 256 * 1024  # after so many another publication begins


def shard_of(address: UUID) -> str:
    """The group of the layer by which what concerns this room or user is told."""
    return _shards()[address.int % len(_shards())]


@cache
def _shards() -> Sequence[str]:
    # Subscriptions know nothing of Redis' numbered databases: whoever shares the server, another
    # installation or a test beside this one, has shards of its own.
    ours = f"{settings.SECRET_KEY} {urlsplit(settings.ENV.layer).path}"
    name = blake2b(ours.encode(), digest_size=8, person=b"moderado.shard").hexdigest()
    return [f"{name}.{number}" for number in range(settings.ENV.layer_shards)]


def on_rooms_changed(event: RoomsChanged) -> None:
    """One frame a change, encoded once, by the courier: whoever judges has more to judge."""
    _courier.take(event)


def author_note(event: AuthorTold) -> AuthorNote:
    """What the hubs are told of it."""
    line = line_of_notice(event.notice, event.view)
    return AuthorNote(user_id=event.author_id, room_id=event.room_id, line=line)


def on_author_told(*events: AuthorTold) -> None:
    _courier.take(*map(author_note, events))


def on_audience_changed(event: AudienceChanged) -> None:
    _courier.take(
        AudienceMoved(
            room_id=event.room_id,
            acl_version=event.acl_version,
            removed_user_id=event.removed_user_id,
        )
    )


def on_session_ended(event: SessionEnded) -> None:
    _courier.take(SessionOver(user_id=event.user_id, session_id=event.session_id))


def on_room_read(event: RoomRead) -> None:
    frame = protocol.Read(room=event.room_id, user=protocol.Reader(event.user_id), seq=event.seq)
    _courier.take(RoomNote(room_id=event.room_id, lines=(line_of(frame),)))


def tell_typing(principal: Principal, room_id: UUID) -> None:
    """Tell the others in the room that somebody is writing."""
    person = Person(id=principal.user_id, name=principal.name)
    line = line_of(protocol.TypingShown(room=room_id, user=person), author_id=person.id)
    _courier.take(RoomNote(room_id=room_id, lines=(line,)))


def tell_presence(room_id: UUID, news: Mapping[UUID, bool]) -> None:
    """Tell the others who came to listen (true), and who went."""
    lines = [
        line_of(
            protocol.Presence(room=room_id, user=protocol.Reader(user_id), present=present),
            author_id=user_id,
        )
        for user_id, present in news.items()
    ]
    _courier.take(*(RoomNote(room_id=room_id, lines=some) for some in parcels(lines)))


def send_beat(channel: str) -> None:
    """Let a hub hear itself, by the way that every hint takes."""
    _courier.take(_Direct(Beat(), channel))


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
class _Direct:
    """A hint for one channel. All others go to whoever listens to the shard of their address."""

    hint: Hint
    channel: str


_Parcel = Hint | RoomsChanged | _Direct


def _deliver(parcels: Sequence[_Parcel]) -> None:
    layer = cast("ChatLayer", get_channel_layer())
    by_shard: dict[str, list[Hint]] = defaultdict(list)
    for parcel in parcels:
        match parcel:
            case _Direct():
                layer.send_now(parcel.channel, seal([parcel.hint]))
            case RoomsChanged():
                for hint in _lines(parcel):
                    by_shard[shard_of(hint.address)].append(hint)
            case _:
                by_shard[shard_of(parcel.address)].append(parcel)
    for shard, hints in by_shard.items():
        for portion in _portions(hints):
            layer.group_send_now(shard, seal(portion))


def _lines(event: RoomsChanged) -> Iterator[Hint]:
    for room in event.rooms:
        for lines in parcels(map(line_of_change, room.changes)):
            yield RoomLines(room_id=room.room_id, acl_version=room.acl_version, lines=lines)


def _portions(hints: Iterable[Hint]) -> Iterator[list[Hint]]:
    """`hints` in their order, in publications that hold up no event loop for long."""
    portion: list[Hint] = []
    size = 0
    for hint in hints:
        if portion and size > PUBLICATION_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(hint)
        size += sum(line.size for line in hint.lines) if isinstance(hint, RoomLines) else 0
    if portion:
        yield portion


_courier = Courier(_deliver, name="fanout")
