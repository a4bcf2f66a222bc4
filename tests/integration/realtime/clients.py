"""WebSocket clients of the real server, and the frames that they received."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.journey import Frame, Socket


class Client(Socket):
    """A connection that remembers its frames."""

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__(connection)
        self.heard: list[Frame] = []

    async def send_text(self, text: str | bytes) -> None:
        await self.connection.send(text)

    async def up_to_date(self) -> None:
        """Wait until everything that the server has written is received."""
        marker = len(self.heard) + 1_000_000
        await self.send("ping", n=marker)
        await self.next("pong", where=lambda frame: frame["n"] == marker)

    async def receive(self) -> Frame:
        frame = await super().receive()
        self.heard.append(frame)
        return frame

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
