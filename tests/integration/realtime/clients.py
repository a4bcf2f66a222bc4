"""WebSocket clients of the real server, and the frames that they received."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]

PATIENCE = 60.0  # seconds: the machine may be busy


class Client:
    """One connection. Keeps received frames until `next` returns them."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[Frame] = []
        self._unread: list[Frame] = []

    async def send(self, kind: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def send_text(self, text: str | bytes) -> None:
        await self.connection.send(text)

    async def next(
        self, kind: str, *, where: Callable[[Frame], bool] = bool, within: float = PATIENCE
    ) -> Frame:
        """Return the first frame of this type that was not returned before."""
        for frame in self._unread:
            if frame["type"] == kind and where(frame):
                self._unread.remove(frame)
                return frame
        try:
            async with asyncio.timeout(within):
                while True:
                    frame = await self.receive()
                    if frame["type"] == kind and where(frame):
                        self._unread.remove(frame)
                        return frame
        except TimeoutError:
            seen = [frame["type"] for frame in self._unread]
            raise AssertionError(f"no {kind} within {within} s, but {seen}") from None

    async def up_to_date(self) -> None:
        """Wait until everything that the server has written is received."""
        marker = len(self.heard) + 1_000_000
        await self.send("ping", n=marker)
        await self.next("pong", where=lambda frame: frame["n"] == marker)

    async def closed(self, *, within: float = PATIENCE) -> int | None:
        """Wait for the end. Returns the close code; None when the connection was aborted."""
        try:
            async with asyncio.timeout(within):
                while True:
                    await self.receive()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    def types(self) -> list[str]:
        return [frame["type"] for frame in self.heard]

    def seqs(self, room: object) -> list[int]:
        """Return the seqs of the room's frames, in the order received."""
        kinds = {"chat_message", "message_updated", "message_removed"}
        return [
            frame["seq"]
            for frame in self.heard
            if frame["type"] in kinds and frame["room"] == str(room)
        ]

    async def receive(self) -> Frame:
        """Wait for the next frame. `next` returns it, too."""
        frame: Frame = json.loads(await self.connection.recv(decode=True))
        self.heard.append(frame)
        self._unread.append(frame)
        return frame


@asynccontextmanager
async def connected(url: str, **options: Any) -> AsyncIterator[Client]:
    """Connect a client, without waiting for the greeting."""
    options.setdefault("proxy", None)
    options.setdefault("compression", None)
    connection = await connect(url, **options)
    try:
        yield Client(connection)
    finally:
        await connection.close()
        connection.transport.abort()  # if the server did not complete the closing handshake
