"""Finds the frames in a client's bytes before they are parsed (RFC 6455, section 5.2).

A frame of six bytes costs as much to parse as one of a kilobyte. Limits therefore count frames, and
a client that exceeds them is cut off before the parser sees the frame (ADR 0040).
"""

from typing import NamedTuple

from moderado.core.wire_limits import CONTROL_FRAMES_BURST, CONTROL_FRAMES_PER_SECOND
from moderado.realtime.infra.token_bucket import TokenBucket

_FINAL = 0x80
_OPCODE = 0x0F
_MESSAGES = (0x1, 0x2)  # text and binary
_MASKED = 0x80
_LENGTH = 0x7F
_MASK_BYTES = 4
_LONG = {126: 2, 127: 8}  # bytes of the length that follow, by the short length
_LEAST = {126: 126, 127: 65_536}  # the smallest length that may be written so
_MOST = (1 << 63) - 1  # the first bit of a length is 0


class ClientFrame(NamedTuple):
    """The position of a frame; `end` may lie beyond what was received."""

    end: int
    is_message: bool  # a whole message; otherwise a control frame or a fragment
    is_valid: bool = True  # the length is of the shortest form, in 63 bits; no parser checks that


def find_frame(data: bytes, at: int) -> ClientFrame | None:
    """Return the frame that begins at `at`, or None if its length is not received yet.

    Frames that violate the protocol are found, too: the parser refuses most of them.
    """
    if len(data) - at < 2:  # noqa: PLR2004  (the bytes of the shortest header)
        return None
    first, second = data[at], data[at + 1]
    begin, size, is_valid = at + 2, second & _LENGTH, True
    if more := _LONG.get(size):
        if len(data) - begin < more:
            return None
        least, size = _LEAST[size], int.from_bytes(data[begin : begin + more])
        begin, is_valid = begin + more, least <= size <= _MOST
    if second & _MASKED:
        begin += _MASK_BYTES
    is_message = bool(first & _FINAL) and first & _OPCODE in _MESSAGES
    return ClientFrame(begin + size, is_message, is_valid)


def new_control_bucket(now: float) -> TokenBucket:
    """Return what limits the control frames and fragments of one client, from `now` on."""
    return TokenBucket(rate=CONTROL_FRAMES_PER_SECOND, burst=CONTROL_FRAMES_BURST, now=now)
