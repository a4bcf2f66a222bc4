"""Signed batches of hints, their shards, and what of them a process decodes."""

from uuid import uuid4

import pytest

from moderado.realtime.pubsub import fanout
from moderado.realtime.pubsub.envelope import (
    AccessChanged,
    Heartbeat,
    RoomHint,
    RoomLines,
    SessionClosed,
    pack,
    unpack,
)
from moderado.realtime.wire.encode import Line

HERE, ELSEWHERE = uuid4(), uuid4()


def lines(room_id, *seqs, size=10):
    told = tuple(
        Line(frame_type="x", text="{}", size=size, seq=seq, author_id=uuid4()) for seq in seqs
    )
    return RoomLines(room_id=room_id, acl_version=1, lines=told)


def test_unpacked_hints_equal_packed_ones_in_order():
    hints = [
        lines(HERE, 1, 2),
        AccessChanged(room_id=HERE, acl_version=2, removed_user_id=uuid4()),
        SessionClosed(user_id=HERE, session_id=uuid4()),
        Heartbeat(),
    ]

    assert unpack(pack(hints), lambda _: True) == hints


class FutureHint(RoomHint, frozen=True, tag="future"):
    """A hint that this release cannot decode."""


def test_hints_for_other_processes_are_not_decoded():
    message = pack([FutureHint(room_id=ELSEWHERE), lines(HERE, 1), lines(ELSEWHERE, 2)])

    (hint,) = unpack(message, {HERE}.__contains__)

    assert hint.room_id == HERE
    assert unpack(message, lambda _: True) is None  # it fails where it is decoded


@pytest.mark.parametrize("part", ["body", "mac"])
def test_tampered_message_is_rejected(part):
    message = pack([lines(HERE, 1)])
    message[part] = bytes([message[part][0] ^ 1]) + message[part][1:]

    assert unpack(message, lambda _: True) is None


def test_large_batches_are_published_in_parts():
    hints = [lines(uuid4(), 1, size=fanout.MAX_PUBLICATION_BYTES // 3) for _ in range(10)]

    batches = list(fanout._publication_batches(hints))

    assert [hint for batch in batches for hint in batch] == hints
    assert max(map(len, batches)) <= 4
    assert len(batches) < len(hints)


def test_addresses_spread_over_shards(settings):
    settings.ENV = settings.ENV.model_copy(update={"layer_shards": 4})
    fanout._shards.cache_clear()
    try:
        found = {fanout.shard_of(uuid4()) for _ in range(200)}
    finally:
        fanout._shards.cache_clear()

    assert {shard.rpartition(".")[2] for shard in found} == {"0", "1", "2", "3"}


def test_installations_on_one_redis_have_different_shards(settings):
    ours = fanout.shard_of(HERE)
    fanout._shards.cache_clear()
    settings.SECRET_KEY = "of-another-installation"
    try:
        theirs = fanout.shard_of(HERE)
    finally:
        fanout._shards.cache_clear()

    assert ours != theirs
