"""A client that reads steadily, over a link that is slower than the rooms that it catches up."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from tests.integration.realtime.clients import Client
from tests.integration.realtime.conftest import Cast, fill_queue, screen

RATE = 1024 * 1024  # bytes a second
PIECE = 16 * 1024  # bytes
ROOMS = 7
MESSAGES = 30  # of 12 KB in each room: more than an outbox and the kernel's buffers hold together
LATER = 10  # messages while the client catches up


@asynccontextmanager
async def slow_link(port: int) -> AsyncIterator[socket.socket]:
    """Yield a connection to the server which passes on what it sends at RATE, and all of it."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
    server.connect(("127.0.0.1", port))
    server.setblocking(False)
    inner, client = socket.socketpair()
    inner.setblocking(False)
    loop = asyncio.get_running_loop()

    async def carry(source: socket.socket, target: socket.socket, pause: float) -> None:
        while piece := await loop.sock_recv(source, PIECE):
            await loop.sock_sendall(target, piece)
            await asyncio.sleep(pause)
        target.shutdown(socket.SHUT_WR)

    carrying = [
        asyncio.create_task(carry(server, inner, PIECE / RATE)),
        asyncio.create_task(carry(inner, server, 0)),
    ]
    try:
        yield client
    finally:
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)
        server.close()
        inner.close()


@pytest.mark.proves("R62")
@pytest.mark.usefixtures("obedient_provider")
async def test_steady_reader_on_a_slow_link_catches_up_many_rooms(cast: Cast, configured):
    configured(limit_messages_per_user="10000/minute")
    rooms = [await cast.room() for _ in range(ROOMS)]
    ana, bia = await cast.member(rooms[0]), await cast.member(rooms[0])
    for room in rooms:
        await fill_queue(room, ana, MESSAGES, "# " + "漢" * 3_900)
    await screen()

    async with slow_link(urlsplit(cast.url).port or 0) as link:
        at_bia = await cast.join(bia, sock=link)
        for room in rooms:
            epoch = str(room.epoch)
            await at_bia.send("subscribe", room=str(room.id), after=0, epoch=epoch)
        for number in range(LATER):
            await cast.post(rooms[0], ana.id, f"{MESSAGES + number} " + "字" * 3_900)
        await screen()
        ends = {str(room.id): MESSAGES for room in rooms}
        ends[str(rooms[0].id)] += LATER
        seqs = await follow(at_bia, ends)
        await at_bia.connection.close()

    assert seqs == {room: list(range(1, end + 1)) for room, end in ends.items()}


async def follow(client: Client, ends: dict[str, int]) -> dict[str, list[int]]:
    """Follow each room to its end, as the protocol says; return the seqs in their order."""
    seqs: dict[str, list[int]] = {room: [] for room in ends}
    async with asyncio.timeout(60):
        while any(ends[room] not in seqs[room] for room in ends):
            frame = await client.receive()
            if frame["type"] == "chat_message":
                seqs[frame["room"]].append(frame["seq"])
            elif frame["type"] == "synced":
                seqs[frame["room"]] += [message["seq"] for message in frame["messages"]]
                if frame["more"]:
                    known = max(seqs[frame["room"]], default=0)
                    again = {"room": frame["room"], "epoch": frame["epoch"]}
                    await client.send("sync", after=known, **again)
    return seqs
