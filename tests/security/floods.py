"""Clients that send as many small WebSocket frames as the server takes.

They bypass WebSocket libraries, which limit themselves.
"""

import asyncio
import base64
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode

BLOCK = 64 * 1024  # bytes of one write
CLOSE = b"\x88"  # the first byte of a close frame


def _frame(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin=fin).serialize(mask=True)


def _fragments(piece: bytes) -> bytes:
    """One message in many pieces."""
    begin = _frame(Opcode.TEXT, piece, fin=False)
    return begin + _frame(Opcode.CONT, piece, fin=False) * 5_000 + _frame(Opcode.CONT, piece)


# What each flood repeats.
FLOODS: Mapping[str, bytes] = {
    "pings of six bytes": _frame(Opcode.PING),
    "large pings": _frame(Opcode.PING, b"x" * 125),
    "unsolicited pongs": _frame(Opcode.PONG, b"nada"),
    "empty fragments": _fragments(b""),
    "fragments of one byte": _fragments(b"x"),
    "empty messages": _frame(Opcode.TEXT),
    "short messages": _frame(Opcode.TEXT, b'{"type":"ping"}'),
}


@dataclass(frozen=True, slots=True)
class Flooded:
    """How a flood ended.

    `code` is the server's close code, None if it cut the connection or if the flood ended first.
    """

    sent: int  # bytes that the server's kernel took
    seconds: float
    is_cut_off: bool
    code: int | None


async def opened(url: str, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a WebSocket, and return its TCP connection after the handshake."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    key = base64.b64encode(os.urandom(16)).decode()
    head = (
        f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n\r\n"
    )
    writer.write(head.encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def flood(url: str, path: str, unit: bytes, *, seconds: float, reads: bool = True) -> Flooded:
    """Repeat `unit` until the server cuts the connection, or `seconds` have passed.

    Args:
        url: Of the server.
        path: Of the WebSocket, with credentials or without.
        unit: Whole frames.
        seconds: How long at most.
        reads: Whether to read what the server answers.
    """
    reader, writer = await opened(url, path)
    block = unit * max(1, BLOCK // len(unit))
    received = bytearray()
    reading = asyncio.create_task(_read(reader, received)) if reads else None
    began, sent = time.monotonic(), 0
    is_cut_off = False
    try:
        async with asyncio.timeout(seconds):
            while not (reading and reading.done()):
                writer.write(block)
                await writer.drain()
                sent += len(block)
                await asyncio.sleep(0)
            is_cut_off = True
    except TimeoutError:
        pass
    except OSError:
        is_cut_off = True
    finally:
        took = time.monotonic() - began
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        writer.transport.abort()
    return Flooded(sent, took, is_cut_off, _code(bytes(received)))


async def _read(reader: asyncio.StreamReader, received: bytearray) -> None:
    """Keep the end of what the server sends."""
    while chunk := await reader.read(BLOCK):
        received += chunk
        del received[:-512]


def _code(received: bytes) -> int | None:
    """The close code, if the bytes end with a close frame without a reason."""
    closing = received[-4:]
    return int.from_bytes(closing[2:]) if closing[:2] == CLOSE + b"\x02" else None
