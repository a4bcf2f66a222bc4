"""A WebSocket client that costs as little as Python allows: it must not be what is measured.

It knows just enough of RFC 6455 to talk to servers that keep to it: no fragments, no extensions.
Frames are handed on where they lie in the buffer, without a copy.
"""

import asyncio
import base64
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
SHORT, MEDIUM = 125, 126  # lengths beyond which two and eight more bytes follow
# A key of zeros masks nothing: the server unmasks as ever, and we need not mask.
KEY = b"\0\0\0\0"

# The socket, the buffer, where in it the frame's payload begins and ends, and when it was read.
Hear = Callable[["Socket", bytes, int, int, float], None]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server's frames begin: enough to tell them apart without parsing them."""

    ready: bytes  # the socket is signed in and listens
    queued: bytes  # a message was stored
    shown: bytes  # a message is public
    refused: tuple[bytes, ...]  # a message will not be
    error: bytes
    say: Callable[[str], bytes]  # the frame that says this text
    hello: tuple[bytes, ...] = ()  # what the client sends once it is connected
    ping: tuple[bytes, bytes] = (b"\xff", b"")  # a heartbeat in text frames, and its answer


class Socket(asyncio.Protocol):
    """One connection. `opened` is done when the server says that it is ready."""

    def __init__(self, path: str, dialect: Dialect, hear: Hear) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.over: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.frames = 0
        self._path = path
        self._dialect = dialect
        self._hear = hear
        self._rest = b""
        self._upgraded = False
        self._transport: asyncio.WriteTransport | None = None
        self._code = 1006

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {self._path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        transport.write("\r\n".join([*lines, "\r\n"]).encode())

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        buffer = self._rest + data if self._rest else data
        self._rest = buffer[self._read(buffer, now) :]

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"closed with {self._code} while opening"))
        if not self.over.done():
            self.over.set_result(self._code)

    def send(self, payload: bytes) -> None:
        self._write(TEXT, payload)

    def close(self) -> None:
        if self._transport is not None:
            self._write(CLOSE, (1000).to_bytes(2))
            self._transport.close()

    def _read(self, buffer: bytes, now: float) -> int:
        """Hand on every whole frame. How far they went."""
        at, end = 0, len(buffer)
        if not self._upgraded:
            at = self._upgrade(buffer)
        while end - at > 1:
            start, length = at + 2, buffer[at + 1]
            if length > SHORT:
                start += 2 if length == MEDIUM else 8
                if start > end:
                    break
                length = int.from_bytes(buffer[at + 2 : start])
            stop = start + length
            if stop > end:
                break
            opcode = buffer[at] & 15
            if opcode != TEXT:
                self._control(opcode, buffer[start:stop])
            elif self.opened.done():
                self.frames += 1
                self._hear(self, buffer, start, stop, now)
            else:
                self._open(buffer, start, stop)
            at = stop
        return at

    def _upgrade(self, buffer: bytes) -> int:
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return 0
        if not buffer.startswith(b"HTTP/1.1 101"):
            self._fail(buffer[:200])
            return len(buffer)
        self._upgraded = True
        for frame in self._dialect.hello:
            self.send(frame)
        return end + 4

    def _open(self, buffer: bytes, start: int, stop: int) -> None:
        if buffer.startswith(self._dialect.ready, start):
            self.opened.set_result(None)
        elif buffer.startswith(self._dialect.error, start):
            self._fail(buffer[start:stop])

    def _fail(self, said: bytes) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(said.decode(errors="replace")))

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._write(PONG, payload)
        elif opcode == CLOSE:
            self._code = int.from_bytes(payload[:2]) if payload else 1005
            if self._transport is not None:
                self._transport.close()

    def _write(self, opcode: int, payload: bytes) -> None:
        length = len(payload)
        if length <= SHORT:
            head = bytes((0x80 | opcode, 0x80 | length))
        else:
            head = bytes((0x80 | opcode, 0x80 | MEDIUM)) + length.to_bytes(2)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(head + KEY + payload)
