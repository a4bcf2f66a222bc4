"""What travels through the layer: many hints in one message, each unwrapped only where it is
wanted."""

from uuid import uuid4

import msgspec
import pytest

from moderado.realtime.pubsub import envelope, fanout
from moderado.realtime.pubsub.envelope import (
    AccessChanged,
    Heartbeat,
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


def test_hints_arrive_as_they_were_and_in_their_order():
    hints = [
        lines(HERE, 1, 2),
        AccessChanged(room_id=HERE, acl_version=2, removed_user_id=uuid4()),
        SessionClosed(user_id=HERE, session_id=uuid4()),
        Heartbeat(),
    ]

    assert unpack(pack(hints), lambda _: True) == hints


def test_what_is_for_nobody_here_stays_wrapped(monkeypatch):
    message = pack([lines(ELSEWHERE, 1), lines(HERE, 1), lines(ELSEWHERE, 2)])
    opened = []
    real = msgspec.msgpack.Decoder(envelope.AnyHint)

    class Watched:
        def decode(self, wrapped):
            opened.append(wrapped)
            return real.decode(wrapped)

    monkeypatch.setattr(envelope, "_decoder", Watched())

    (hint,) = unpack(message, {HERE}.__contains__)

    assert hint.room_id == HERE
    assert len(opened) == 1


@pytest.mark.parametrize("part", ["body", "mac"])
def test_a_message_of_which_a_byte_was_changed_is_not_believed(part):
    message = pack([lines(HERE, 1)])
    message[part] = bytes([message[part][0] ^ 1]) + message[part][1:]

    assert unpack(message, lambda _: True) is None


def test_a_publication_is_not_so_large_that_it_holds_up_the_loop():
    hints = [lines(uuid4(), 1, size=fanout.PUBLICATION_BYTES // 3) for _ in range(10)]

    portions = list(fanout._portions(hints))

    assert [hint for portion in portions for hint in portion] == hints
    assert max(map(len, portions)) <= 4
    assert len(portions) < len(hints)


def test_rooms_and_people_are_spread_over_the_shards(settings):
    settings.ENV = settings.ENV.model_copy(update={"layer_shards": 4})
    fanout._shards.cache_clear()
    try:
        found = {fanout.shard_of(uuid4()) for _ in range(200)}
    finally:
        fanout._shards.cache_clear()

    assert {shard.rpartition(".")[2] for shard in found} == {"0", "1", "2", "3"}


def test_who_shares_the_redis_shares_no_shard(settings):
    ours = fanout.shard_of(HERE)
    fanout._shards.cache_clear()
    settings.SECRET_KEY = "of-another-installation"
    try:
        theirs = fanout.shard_of(HERE)
    finally:
        fanout._shards.cache_clear()

    assert ours != theirs
