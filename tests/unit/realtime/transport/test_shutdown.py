"""What a client receives when the server stops, over real TCP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from uvicorn.server import ServerState
from websockets.frames import Close, Frame, Opcode

from moderado.realtime.transport import leaving
from moderado.realtime.transport.uvicorn_protocol import ChatProtocol
from tests.unit.realtime.transport.servers import serving

SECONDS = 10  # for what must happen at all
GOING_AWAY = Close(1012, "going_away").serialize()
HANDSHAKE = (
    b"GET /ws/chat/ HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)


class Application:
    """Sends `frames`, and reads nothing."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.sent = 0
        self.protocol: ChatProtocol | None = None
        self.is_done = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.protocol = scope["extensions"]["moderado.transport"]
        assert self.protocol is not None
        self.protocol.before_leaving = self.finish
        await receive()
        await send({"type": "websocket.accept"})
        for text in self.frames:
            await send({"type": "websocket.send", "text": text})
            self.sent += 1
        self.is_done.set()
        while (await receive())["type"] != "websocket.disconnect":
            await asyncio.Event().wait()

    async def finish(self) -> None:
        await self.is_done.wait()

    async def fills_its_buffer(self) -> None:
        """Wait until more is sent than the client has read."""
        assert self.protocol is not None
        async with asyncio.timeout(SECONDS):
            while self.protocol.writable.is_set():
                await asyncio.sleep(0.001)


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
async def state(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[ServerState, int]]:
    monkeypatch.setattr(leaving, "SHUTDOWN_SPREAD", 0.0)
    async with serving(application, ChatProtocol) as served:
        yield served


def text(size: int) -> bytes:
    return Frame(Opcode.TEXT, b"x" * size).serialize(mask=True)


async def open_socket(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HANDSHAKE)
    async with asyncio.timeout(SECONDS):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    return reader, writer


@pytest.mark.proves("R146")
async def test_client_that_is_still_sending_gets_its_frames_and_1012(application, state):
    server, port = state
    application.frames = ["stored"] * 1_000
    reader, writer = await open_socket(port)
    writer.write(text(60_000) * 20)  # more than the server reads ahead

    await application.is_done.wait()
    for connection in list(server.connections):
        connection.shutdown()
    async with asyncio.timeout(SECONDS):
        received = await reader.read()  # ConnectionResetError: what was not read would be lost
    writer.close()

    assert received.count(b"stored") == 1_000
    assert received.endswith(GOING_AWAY)


@pytest.mark.proves("R146")
async def test_client_that_reads_slowly_gets_its_frames_and_1012(application, state):
    server, port = state
    application.frames = ["x" * 60_000] * 100
    reader, writer = await open_socket(port)
    await application.fills_its_buffer()

    for connection in list(server.connections):
        connection.shutdown()
    async with asyncio.timeout(SECONDS):
        received = await reader.read()
    writer.close()

    assert received.count(b"x") == 100 * 60_000
    assert received.endswith(GOING_AWAY)


@pytest.mark.proves("R146")
async def test_client_that_reads_nothing_does_not_hold_the_server(application, state, monkeypatch):
    monkeypatch.setattr(leaving, "SHUTDOWN_TIMEOUT", 0.0)
    server, port = state
    application.frames = ["x" * 60_000] * 100
    _, writer = await open_socket(port)
    await application.fills_its_buffer()

    for connection in list(server.connections):
        connection.shutdown()
    async with asyncio.timeout(SECONDS):
        while server.connections:
            await asyncio.sleep(0.001)
    writer.close()
