"""A server's transport that records what a client would receive."""

import asyncio
from typing import Any

from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.uri import parse_uri


class FakeTransport:
    """Takes frames while it is open, and encoded ones only where it is `direct`."""

    def __init__(self, *, direct: bool) -> None:
        self.direct = direct
        self.written: list[str] = []
        self.close_code: int | None = None
        self.close_reason = ""
        self.open = asyncio.Event()
        self.open.set()
        self.aborted = False
        self.finished = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        await self.open.wait()
        if message["type"] == "websocket.close":
            self.close_code, self.close_reason = message["code"], message["reason"]
        else:
            self.written.append(message["text"])

    def write_now(self, frames: bytes) -> bool:
        if not (self.direct and self.open.is_set()):
            return False
        parser = ClientProtocol(parse_uri("ws://here/"), max_size=None)
        parser.state = State.OPEN
        parser.parser = parser.parse()
        next(parser.parser)
        parser.receive_data(frames)
        self.written += [event.data.decode() for event in parser.events_received()]
        return True

    def acknowledged(self) -> int:
        return 0

    def abort(self) -> None:
        self.aborted = True
