"""Publishes domain events to the hubs of all web processes. The only sender to the channel layer.

Handlers run after a commit, in any thread of any process. They never block and never raise.
Delivery is at most once: the reconciler of each hub finds what a lost hint announced.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import cast
from urllib.parse import urlsplit
from uuid import UUID

from channels.layers import get_channel_layer
from django.conf import settings

from moderado.accounts.events import SessionEnded
from moderado.accounts.types import Person, Principal
from moderado.chat.events import (
    AudienceChanged,
    AuthorNotified,
    RoomDetailsChanged,
    RoomRead,
    RoomsChanged,
)
from moderado.core.wire_limits import KIB, MAX_BATCH_BYTES, MAX_BATCH_LINES
from moderado.enforcement.events import AppealsChanged, BlocksChanged, PersonNotified
from moderado.moderation.events import CasesChanged
from moderado.realtime.pubsub.envelope import (
    STAFF_ADDRESSES,
    AccessChanged,
    AppealsHint,
    AuthorNotice,
    BlocksHint,
    CasesHint,
    EphemeralLines,
    Heartbeat,
    Hint,
    PersonLine,
    RoomLines,
    SessionClosed,
    pack,
)
from moderado.realtime.pubsub.layer import ChatLayer
from moderado.realtime.pubsub.publisher import Publisher
from moderado.realtime.wire import protocol
from moderado.realtime.wire.encode import (
    Line,
    line_of,
    line_of_change,
    line_of_notice,
    line_of_person_notice,
)

MAX_CASES = 100  # and appeals of one commit that are named; lists have the rest
MAX_PUBLICATION_BYTES = 256 * KIB  # of lines; a publication ends with the hint that exceeds it


def shard_of(address: UUID) -> str:
    """Return the channel-layer group that carries the hints of a room or user (ADR 0030)."""
    if address in STAFF_ADDRESSES:
        return f"{_installation()}.cases"
    return _shards()[address.int % len(_shards())]


def _installation() -> str:
    # Redis' publish/subscribe ignores database numbers. Installations that share a server, and
    # tests that run in parallel, must not share groups.
    installation = f"{settings.SECRET_KEY} {urlsplit(settings.ENV.layer).path}"
    return blake2b(installation.encode(), digest_size=8, person=b"moderado.shard").hexdigest()


@cache
def _shards() -> Sequence[str]:
    return [f"{_installation()}.{number}" for number in range(settings.ENV.layer_shards)]


def on_rooms_changed(event: RoomsChanged) -> None:
    # The publisher's thread encodes the frames: the caller, a worker, goes on with its work.
    _publish(event)


def author_notice(event: AuthorNotified) -> AuthorNotice:
    """Return the hint for the connections of the author."""
    line = line_of_notice(event.notice, event.view, event.revision)
    return AuthorNotice(user_id=event.author_id, room_id=event.room_id, line=line)


def on_author_notified(*events: AuthorNotified) -> None:
    _publish(*map(author_notice, events))


def on_audience_changed(event: AudienceChanged) -> None:
    _publish(
        AccessChanged(
            room_id=event.room_id,
            acl_version=event.acl_version,
            removed_user_id=event.removed_user_id,
        )
    )


def on_cases_changed(event: CasesChanged) -> None:
    _publish(CasesHint(changes=event.changes[:MAX_CASES]))


def on_appeals_changed(event: AppealsChanged) -> None:
    _publish(AppealsHint(changes=event.changes[:MAX_CASES]))


def on_person_notified(event: PersonNotified) -> None:
    line = line_of_person_notice(event.notice, event.body)
    _publish(PersonLine(user_id=event.user_id, line=line))


def on_blocks_changed(event: BlocksChanged) -> None:
    _publish(*(BlocksHint(user_id=user_id) for user_id in event.user_ids))


def on_session_ended(event: SessionEnded) -> None:
    _publish(SessionClosed(user_id=event.user_id, session_id=event.session_id))


def on_room_read(event: RoomRead) -> None:
    frame = protocol.Read(room=event.room_id, user=protocol.UserRef(event.user_id), seq=event.seq)
    _publish_to_room(event.room_id, frame, acl_version=event.acl_version)


def on_room_details_changed(event: RoomDetailsChanged) -> None:
    frame = protocol.RoomChanged(
        room=event.room_id,
        name=event.name,
        is_private=event.is_private,
        moderation_mode=event.moderation_mode,
        audience=event.audience,
        frozen_until=event.measures.frozen_until,
        newcomers_wait_until=event.measures.newcomers_wait_until,
        newcomers_after=event.measures.newcomers_after,
        slow_mode=event.measures.slow_mode,
    )
    _publish_to_room(event.room_id, frame, acl_version=event.acl_version)


def _publish_to_room(room_id: UUID, frame: protocol.ServerFrame, *, acl_version: int) -> None:
    _publish(EphemeralLines(room_id=room_id, lines=(line_of(frame),), acl_version=acl_version))


def publish_typing(principal: Principal, room_id: UUID, *, acl_version: int) -> None:
    """Tell the room's other subscribers that a user is typing."""
    person = Person(id=principal.user_id, name=principal.name)
    line = line_of(protocol.TypingShown(room=room_id, user=person), author_id=person.id)
    _publish(EphemeralLines(room_id=room_id, lines=(line,), acl_version=acl_version))


def publish_presence(room_id: UUID, changes: Mapping[UUID, bool], *, acl_version: int) -> None:
    """Tell the room's other subscribers which users are present (true) or left (false)."""
    lines = [
        line_of(
            protocol.Presence(room=room_id, user=protocol.UserRef(user_id), present=present),
            author_id=user_id,
        )
        for user_id, present in changes.items()
    ]
    _publish(
        *(
            EphemeralLines(room_id=room_id, lines=some, acl_version=acl_version)
            for some in batches_of_lines(lines)
        )
    )


def send_heartbeat(channel: str) -> None:
    """Send a listener a hint of its own, by the way that every hint takes."""
    _publish(_Direct(Heartbeat(), channel))


def batches_of_lines(lines: Iterable[Line]) -> Iterator[tuple[Line, ...]]:
    """Split `lines`, in order, into batches that fit into an empty outbox."""
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
    """A hint for one channel. All others go to the group of their address."""

    hint: Hint
    channel: str


_Publication = Hint | RoomsChanged | _Direct
Publish = Callable[..., None]  # accepts publications; never blocks and never raises


def _deliver(publications: Sequence[_Publication]) -> None:
    layer = cast("ChatLayer", get_channel_layer())
    by_shard: dict[str, list[Hint]] = defaultdict(list)
    for publication in publications:
        match publication:
            case _Direct():
                layer.send_now(publication.channel, pack([publication.hint]))
            case RoomsChanged():
                for hint in _room_lines(publication):
                    by_shard[shard_of(hint.address)].append(hint)
            case _:
                by_shard[shard_of(publication.address)].append(publication)
    for shard, hints in by_shard.items():
        for batch in _publication_batches(hints):
            layer.group_send_now(shard, pack(batch))


def _room_lines(event: RoomsChanged) -> Iterator[Hint]:
    for room in event.rooms:
        for lines in batches_of_lines(map(line_of_change, room.changes)):
            yield RoomLines(room_id=room.room_id, acl_version=room.acl_version, lines=lines)


def _publication_batches(hints: Iterable[Hint]) -> Iterator[list[Hint]]:
    """Split `hints`, in order, so that no publication blocks a receiving event loop for long."""
    batch: list[Hint] = []
    size = 0
    for hint in hints:
        if batch and size > MAX_PUBLICATION_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(hint)
        size += sum(line.size for line in hint.lines) if isinstance(hint, RoomLines) else 0
    if batch:
        yield batch


_publish: Publish = Publisher(_deliver, name="fanout").publish


@contextmanager
def publishing_by(publish: Publish) -> Iterator[Publish]:
    """Publish by another function until the block ends; yields the one it replaces. For tests."""
    global _publish  # noqa: PLW0603  (one publisher a process)
    replaced, _publish = _publish, publish
    try:
        yield replaced
    finally:
        _publish = replaced
