"""A minimal WebSocket client (RFC 6455) for load: its own cost must not be what is measured.

It supports neither fragments nor extensions. Frames are passed on as ranges of the receive buffer,
without a copy.
"""

import asyncio
import base64
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
SHORT, MEDIUM = 125, 126  # largest 7-bit length; marker of a 16-bit length
# Masking with zeros changes nothing: the client saves the work, the server unmasks as usual.
KEY = b"\0\0\0\0"

# Called with the socket, the buffer, start and end of the payload, and the time of reading.
OnFrame = Callable[["Socket", bytes, int, int, float], None]


@dataclass(frozen=True, slots=True)
class Dialect:
    """Prefixes of a server's frames, by which they are classified without parsing."""

    ready: bytes  # the socket is authenticated and subscribed
    queued: bytes  # a message was stored
    shown: bytes  # a message is public
    refused: tuple[bytes, ...]  # a message was rejected or held
    error: bytes
    build_message: Callable[[str], bytes]  # builds the frame that sends this text
    hello: tuple[bytes, ...] = ()  # frames that the client sends after the upgrade
    ping: tuple[bytes, bytes] = (b"\xff", b"")  # a heartbeat in text frames, and its reply


class Socket(asyncio.Protocol):
    """One connection. `opened` is done when the server is ready, `closed` with the close code."""

    def __init__(self, path: str, dialect: Dialect, on_frame: OnFrame) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.frames = 0
        self._path = path
        self._dialect = dialect
        self._on_frame = on_frame
        self._incomplete = b""
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
        buffer = self._incomplete + data if self._incomplete else data
        self._incomplete = buffer[self._read(buffer, now) :]

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"closed with {self._code} while opening"))
        if not self.closed.done():
            self.closed.set_result(self._code)

    def send(self, payload: bytes) -> None:
        self._write(TEXT, payload)

    def close(self) -> None:
        if self._transport is not None:
            self._write(CLOSE, (1000).to_bytes(2))
            self._transport.close()

    def _read(self, buffer: bytes, now: float) -> int:
        """Pass on every complete frame. Return the end of the last one."""
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
                self._on_frame(self, buffer, start, stop, now)
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

    def _fail(self, reason: bytes) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(reason.decode(errors="replace")))

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
