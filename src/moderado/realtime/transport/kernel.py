"""What the kernel keeps and knows of a connection (`socket(7)`, `tcp(7)`)."""

import asyncio
import socket
import sys

from moderado.core.wire_limits import KIB

SEND_BUFFER = 256 * KIB  # bytes for a slow reader; the default is megabytes

_TCP_INFO_SIZE = 128  # of `struct tcp_info` in linux/tcp.h, up to the field that is read
_BYTES_ACKED = slice(120, 128)


def limit_send_buffer(transport: asyncio.BaseTransport) -> None:
    """Let the kernel keep at most `SEND_BUFFER` bytes that the peer has not read."""
    if raw := transport.get_extra_info("socket"):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


def acknowledged_bytes(transport: asyncio.BaseTransport) -> int:
    """Return how many bytes the peer has acknowledged; 0 if the kernel does not say, or if the
    connection is closed."""
    raw = transport.get_extra_info("socket")
    if raw is None:
        return 0
    try:
        info = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
    except (OSError, ValueError):  # uvloop's socket of a closed connection has no number
        return 0
    return int.from_bytes(info[_BYTES_ACKED], sys.byteorder)
