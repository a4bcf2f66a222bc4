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
from moderado.chat.events import AudienceChanged, AuthorNotified, RoomRead, RoomsChanged
from moderado.chat.types import Person
from moderado.core.wire_limits import MAX_BATCH_BYTES, MAX_BATCH_LINES
from moderado.realtime.pubsub.envelope import (
    AccessChanged,
    AuthorNotice,
    EphemeralLines,
    Heartbeat,
    Hint,
    RoomLines,
    SessionClosed,
    pack,
)
from moderado.realtime.pubsub.layer import ChatLayer
from moderado.realtime.pubsub.publisher import Publisher
from moderado.realtime.wire import protocol
from moderado.realtime.wire.encode import Line, line_of, line_of_change, line_of_notice

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
    _publisher.publish(event)


def author_notice(event: AuthorNotified) -> AuthorNotice:
    """What the hubs are told of it."""
    line = line_of_notice(event.notice, event.view)
    return AuthorNotice(user_id=event.author_id, room_id=event.room_id, line=line)


def on_author_notified(*events: AuthorNotified) -> None:
    _publisher.publish(*map(author_notice, events))


def on_audience_changed(event: AudienceChanged) -> None:
    _publisher.publish(
        AccessChanged(
            room_id=event.room_id,
            acl_version=event.acl_version,
            removed_user_id=event.removed_user_id,
        )
    )


def on_session_ended(event: SessionEnded) -> None:
    _publisher.publish(SessionClosed(user_id=event.user_id, session_id=event.session_id))


def on_room_read(event: RoomRead) -> None:
    frame = protocol.Read(room=event.room_id, user=protocol.Reader(event.user_id), seq=event.seq)
    _publisher.publish(EphemeralLines(room_id=event.room_id, lines=(line_of(frame),)))


def publish_typing(principal: Principal, room_id: UUID) -> None:
    """Tell the others in the room that somebody is writing."""
    person = Person(id=principal.user_id, name=principal.name)
    line = line_of(protocol.TypingShown(room=room_id, user=person), author_id=person.id)
    _publisher.publish(EphemeralLines(room_id=room_id, lines=(line,)))


def publish_presence(room_id: UUID, news: Mapping[UUID, bool]) -> None:
    """Tell the others who came to listen (true), and who went."""
    lines = [
        line_of(
            protocol.Presence(room=room_id, user=protocol.Reader(user_id), present=present),
            author_id=user_id,
        )
        for user_id, present in news.items()
    ]
    _publisher.publish(
        *(EphemeralLines(room_id=room_id, lines=some) for some in batches_of_lines(lines))
    )


def send_heartbeat(channel: str) -> None:
    """Let a hub hear itself, by the way that every hint takes."""
    _publisher.publish(_Direct(Heartbeat(), channel))


def batches_of_lines(lines: Iterable[Line]) -> Iterator[tuple[Line, ...]]:
    """`lines` in their order, in portions that fit into an empty outbox."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        if batch and (len(batch) >= MAX_BATCH_LINES or size + line.size > MAX_BATCH_BYTES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(line)
        size += line.size
    if batch:
        yield tuple(batch)


@dataclass(frozen=True, slots=True)
class _Direct:
    """A hint for one channel. All others go to whoever listens to the shard of their address."""

    hint: Hint
    channel: str


_Publication = Hint | RoomsChanged | _Direct


def _deliver(publications: Sequence[_Publication]) -> None:
    layer = cast("ChatLayer", get_channel_layer())
    by_shard: dict[str, list[Hint]] = defaultdict(list)
    for batch in publications:
        match batch:
            case _Direct():
                layer.send_now(batch.channel, pack([batch.hint]))
            case RoomsChanged():
                for hint in _lines(batch):
                    by_shard[shard_of(hint.address)].append(hint)
            case _:
                by_shard[shard_of(batch.address)].append(batch)
    for shard, hints in by_shard.items():
        for portion in _portions(hints):
            layer.group_send_now(shard, pack(portion))


def _lines(event: RoomsChanged) -> Iterator[Hint]:
    for room in event.rooms:
        for lines in batches_of_lines(map(line_of_change, room.changes)):
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


_publisher = Publisher(_deliver, name="fanout")
