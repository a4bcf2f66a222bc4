"""Invalid frames, floods and slow readers, which never affect other clients."""

import asyncio
import socket
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from msgspec import structs

from moderado.realtime import node
from moderado.realtime.wire import protocol
from moderado.realtime.wire.encode import line_of
from tests.integration.realtime.conftest import (
    Cast,
    fill_queue,
    make_user,
    screen,
    timing_with,
)

BAD_FRAMES = [
    b"binary",
    "",
    "null",
    "[]",
    "7",
    "NaN",
    "{",
    "[" * 60_000,
    '{"type":"ping","n":' + "9" * 5_000 + "}",
    '{"type":"ping","n":NaN}',
    '{"type":"ping","n":Infinity}',
    '{"type":"ping","n":-Infinity}',
    '{"type":"ping","n":' + "[" * 65_000,
    '{"a":' * 13_000,
    '{"type":"ping","n":1,"n":2}',
    '\ufeff{"type":"ping"}',
    '{"type":"nonsense"}',
    '{"type":"chat_message","message":"\\ud800"}',
    '{"type":"chat_message","message":"\\u0000"}',
    '{"type":"chat_message","message":"   "}',
    '{"type":"chat_message","message":"' + "x" * 4_001 + '"}',
    '{"type":"chat_message","message":"' + "\ufdfa" * 4_000 + '"}' * 2,
    '{"type":"chat_message","message":"x","status":"APPROVED"}',
    '{"type":"chat_message","message":"x","client_id":" "}',
    '{"type":"chat_message","message":"x","client_id":"\\u0000"}',
    '{"type":"edit_message","id":"01a2039b-9a15-7407-af99-ecfe5ba06f52","message":"x"}',
    '{"type":"delete_message","id":"01a2039b-9a15-7407-af99-ecfe5ba06f52"}',
    '{"type":"subscribe","room":"01a2039b-9a15-7407-af99-ecfe5ba06f52"}',
    '{"type":"authenticate","token":"x"}',
    '{"type":"mark_read","seq":-1}',
]


@pytest.mark.proves("S15", "S16")
async def test_each_invalid_frame_is_one_error_and_keeps_the_connection(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)

    for frame in BAD_FRAMES:
        heard = len(at_ana.heard)
        await at_ana.send_text(frame)
        await at_ana.up_to_date()
        answers = [answer["type"] for answer in at_ana.heard[heard:]]
        assert answers == ["error", "pong"], frame[:60]
    errors = [answer for answer in at_ana.heard if answer["type"] == "error"]
    assert all(error["message"] and error["error"] == error["message"] for error in errors)


@pytest.mark.proves("S16")
async def test_invalid_utf8_is_one_error(cast: Cast):
    room = await cast.room()
    at_ana = await cast.join(await cast.member(room), room)
    protocol = at_ana.connection.protocol

    protocol.send_text(b'{"type":"ping","n":"\xff"}')
    at_ana.connection.send_data()
    error = await at_ana.next("error")
    await at_ana.up_to_date()

    assert error["code"] == "malformed"


@pytest.mark.proves("S15")
async def test_frame_over_64_kib_closes_with_1009(cast: Cast):
    at_ana = await cast.join(await cast.member(await cast.room()))

    await at_ana.send("chat_message", message="x" * 65_536)

    assert await at_ana.closed() == 1009


@pytest.mark.proves("R127")
async def test_errors_are_in_the_language_of_the_user(cast: Cast):
    room = await cast.room()
    said: dict[str, list[dict[str, Any]]] = {}
    for language in ("en", "pt-br"):
        client = await cast.join(await cast.member(room, language=language), room)
        for frame in BAD_FRAMES:
            await client.send_text(frame)
        await client.up_to_date()
        said[language] = [answer for answer in client.heard if answer["type"] == "error"]

    for frame, english, portuguese in zip(BAD_FRAMES, said["en"], said["pt-br"], strict=True):
        assert english["code"] == portuguese["code"]
        assert english["message"] != portuguese["message"], frame[:60]


@pytest.mark.proves("S19")
async def test_frames_over_the_rate_limit_are_refused_with_retry_after(cast: Cast, configured):
    # Slow enough that no token returns during the test, however busy the machine is.
    configured(limit_frames_per_second=0.001, limit_frames_burst=20)
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)

    for number in range(100):
        await at_ana.send("chat_message", message="oi", client_id=str(number))
    refused = [await at_ana.next("error") for _ in range(80)]
    accepted = at_ana.types().count("message_queued")

    assert {frame["code"] for frame in refused} == {"rate_limited"}
    assert all(frame["retry_after"] >= 1 and frame["client_id"] for frame in refused)
    assert accepted == 20


async def test_message_quota_counts_all_connections_of_an_account(cast: Cast, configured):
    configured(limit_messages_per_user="3/minute")
    room = await cast.room()
    ana = await cast.member(room)
    sockets = [await cast.join(ana, room) for _ in range(2)]

    for number in range(3):
        await sockets[0].send("chat_message", message="oi", client_id=str(number))
        await sockets[0].next("message_queued")
    await sockets[1].send("chat_message", message="oi", client_id="more")
    error = await sockets[1].next("error")

    assert (error["code"], error["client_id"]) == ("rate_limited", "more")
    assert error["retry_after"] >= 1


async def test_non_members_do_not_spend_the_quota_of_a_private_room(cast: Cast, configured):
    configured(limit_messages_per_room="1/minute")
    room = await cast.room(is_private=True)
    at_stranger = await cast.join(await make_user())
    at_member = await cast.join(await cast.member(room), room)

    for number in range(3):
        await at_stranger.send(
            "chat_message", message="oi", client_id=str(number), room=str(room.id)
        )
        assert (await at_stranger.next("error"))["code"] == "no_such_room"
    await at_member.send("chat_message", message="oi", client_id="1")

    assert await at_member.next("message_queued")


@pytest.mark.proves("S40")
async def test_internal_error_has_an_id_and_no_details(cast: Cast, monkeypatch):
    async def broken(*_arguments):
        raise ValueError("secret detail")

    room = await cast.room()
    at_ana = await cast.join(await cast.member(room), room)
    monkeypatch.setattr(node.current().send_batcher, "post", broken)

    await at_ana.send("chat_message", message="oi", client_id="1")
    error = await at_ana.next("error")
    await at_ana.up_to_date()

    assert (error["code"], error["client_id"]) == ("internal", "1")
    assert UUID(error["error_id"])
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("wakes", "code", "timing"),
    [
        (True, 4008, timing_with(close_grace=60.0, stall=1.0)),
        (False, None, timing_with(close_grace=0.5, stall=1.0)),
    ],
)
async def test_slow_reader_is_closed_and_delays_no_other(cast: Cast, wakes, code):
    room = await cast.room()
    ana, slow = await cast.member(room), await cast.member(room)
    at_ana = await cast.join(ana, room)
    asleep = await cast.join(slow, room, sock=small_socket(cast.url))
    asleep.connection.transport.pause_reading()
    here = node.current().hub
    (ours,) = here.users[slow.id]

    for number in range(600):
        line = line_of(protocol.Pong(n=number))
        text = line.text.ljust(4_000)
        here.rooms[room.id]._broadcast([structs.replace(line, text=text, size=len(text))])
        assert (await at_ana.next("pong"))["n"] == number  # else the busy machine delays it
    async with asyncio.timeout(30):
        while ours.closing is None:
            await asyncio.sleep(0.05)
    assert ours.closing == 4008
    async with asyncio.timeout(10):
        while not wakes and slow.id in here.users:
            await asyncio.sleep(0.05)
    asleep.connection.transport.resume_reading()

    assert await asleep.closed() == code
    assert 0 < asleep.types().count("pong") < 600


def small_socket(url: str) -> socket.socket:
    """A TCP connection with a small receive buffer, so that backpressure is soon felt."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    sock.connect(("127.0.0.1", urlsplit(url).port))
    sock.setblocking(False)
    return sock


@pytest.mark.usefixtures("obedient_provider")
@pytest.mark.parametrize("size", [1, 3])
async def test_bursts_do_not_close_a_connection_that_reads(cast: Cast, size):
    rooms = [await cast.room() for _ in range(size)]
    ana, bia = await cast.member(rooms[0]), await cast.member(rooms[0])
    at_bia = await cast.join(bia)
    for room in rooms:
        await at_bia.send("subscribe", room=str(room.id))
        await at_bia.next("subscribed")
        await fill_queue(room, ana, 300 // size, "# " + "x" * 3_900)
    await screen()

    shown: dict[str, list[int]] = {str(room.id): [] for room in rooms}
    while sum(map(len, shown.values())) < 300:
        frame = await at_bia.receive()
        if frame["type"] == "chat_message":
            shown[frame["room"]].append(frame["seq"])
        elif frame["type"] == "synced":  # on a busy machine it reads more slowly than rooms change
            shown[frame["room"]] += [message["seq"] for message in frame["messages"]]
            if frame["more"]:
                where = {"room": frame["room"], "epoch": frame["epoch"]}
                await at_bia.send("sync", after=frame["seq"], **where)
    assert list(shown.values()) == [list(range(1, 300 // size + 1))] * size
