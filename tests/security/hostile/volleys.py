"""Sends frames to a real server over real sockets, and reports every wrong answer."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.security.hostile.frames import NOT_ANSWERED, TOO_LARGE

# Frames that a socket may receive at any time.
UNASKED = frozenset({"typing", "read", "presence", "chat_message", "message_updated"})
# Numbers of the marker pings: no generated frame uses them.
MARKERS = 5_000_000_000_000_000
VOLLEY = 50  # frames in flight
# Frames of one connection: it is closed (4029) after 2,000 refusals a minute.
FRAMES_A_CONNECTION = 1_500

Frame = dict[str, Any]


class Findings:
    """The answers, counted, and everything unexpected."""

    def __init__(self) -> None:
        self.sent = 0
        self.answers: Counter[str] = Counter()
        self.closings: Counter[str] = Counter()
        self.violations: list[str] = []
        self._perhaps_stored = 0  # messages answered by `unavailable`: they may be stored later

    def judge(self, frame: bytes, answers: list[Frame]) -> None:
        """One frame and everything received before the next one."""
        self.sent += 1
        direct = [answer for answer in answers if answer["type"] not in UNASKED]
        for answer in direct:
            self.answers[f"{answer['type']} {answer.get('code', '')}".strip()] += 1
        direct = self._without_late(frame, direct)
        if complaint := _complaint(frame, direct):
            types = [answer["type"] for answer in direct]
            self.violations.append(f"{complaint}: {frame[:120]!r} -> {types} {str(direct)[:200]}")

    def _without_late(self, frame: bytes, direct: list[Frame]) -> list[Frame]:
        """Leave out the confirmation of an earlier message that was stored after `unavailable`."""
        is_message = _kind(frame) in {"chat_message", "edit_message"}
        queued = [answer for answer in direct if answer["type"] == "message_queued"]
        late = min(len(queued) - is_message, self._perhaps_stored)
        for answer in queued[: max(0, late)]:
            direct.remove(answer)
            self._perhaps_stored -= 1
        if is_message and [answer.get("code") for answer in direct] == ["unavailable"]:
            self._perhaps_stored += 1
        return direct

    def summary(self) -> str:
        lines = [f"{count:>9,}  {what}" for what, count in self.answers.most_common()]
        ends = [f"{count:>9,}  closed {code}" for code, count in self.closings.most_common()]
        return "\n".join([f"{self.sent:>9,}  frames sent", *lines, *ends])


async def fire(url: str, frames: Iterable[bytes], findings: Findings) -> None:
    """Send each frame, on as many connections as necessary, one after the other.

    Raises ConnectionClosed only if the server refuses the connection itself.
    """
    rest = iter(frames)
    while batch := list(islice(rest, FRAMES_A_CONNECTION)):
        async with _opened(url) as connection:
            for volley in _volleys(batch):
                try:
                    await _exchange(connection, volley, findings)
                except ConnectionClosed as closed:
                    code = closed.rcvd.code if closed.rcvd else 1006
                    findings.violations.append(f"closed {code} by one of {volley[:3]!r}…")
                    break
        findings.closings[str(connection.close_code)] += 1


async def fire_too_large(url: str, findings: Findings) -> None:
    """Tell whether a frame exceeds the limit: it closes its connection, whatever it contains."""
    async with _opened(url) as connection:
        await _send(connection, b'{"type":"ping"}'.ljust(TOO_LARGE))
        try:
            while True:
                await connection.recv()
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
    findings.closings[str(code)] += 1
    if code != 1009:
        findings.violations.append(f"a frame over 64 KiB: closed {code}")


def _volleys(batch: list[bytes]) -> Iterator[list[bytes]]:
    rest = iter(batch)
    while volley := list(islice(rest, VOLLEY)):
        yield volley


async def _exchange(connection: ClientConnection, volley: list[bytes], findings: Findings) -> None:
    """Follow each frame with a ping: everything before its pong is the answer."""
    for number, frame in enumerate(volley):
        await _send(connection, frame)
        await connection.send(json.dumps({"type": "ping", "n": MARKERS + number}))
    for number, frame in enumerate(volley):
        answers = []
        while (answer := json.loads(await connection.recv())).get("n") != MARKERS + number:
            answers.append(answer)
        findings.judge(frame, answers)


async def _send(connection: ClientConnection, frame: bytes) -> None:
    """Send bytes as a text frame, valid or not: the library would refuse to."""
    connection.protocol.send_text(frame)
    connection.send_data()
    await connection.drain()


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[ClientConnection]:
    async with connect(
        url, proxy=None, compression=None, max_size=None, ping_interval=None
    ) as connection:
        # Notices of what an earlier socket of the same user has sent may come first.
        while json.loads(await connection.recv())["type"] != "connection_established":
            pass
        yield connection


def _complaint(frame: bytes, answers: list[Frame]) -> str | None:
    """Return what is wrong with these answers to this frame."""
    types = [answer["type"] for answer in answers]
    errors = [answer for answer in answers if answer["type"] == "error"]
    if any(error["code"] == "internal" or "error_id" in error for error in errors):
        return "failed"
    if any(not error["message"] or "%(" in error["message"] for error in errors):
        return "an error that says nothing"
    kind = _kind(frame)
    if types == ["error"] or (kind in NOT_ANSWERED and not types):
        return None
    return None if types in _ANSWERS.get(kind or "", ()) else "not the one answer"


_ANSWERS = {
    "chat_message": (["message_queued"],),
    "subscribe": (["subscribed"], ["subscribed", "synced"]),
    "sync": (["synced"],),
    "ping": (["pong"],),
}


def _kind(frame: bytes) -> str | None:
    """Return the type of a readable frame; only these may get an answer other than `error`."""
    try:
        read = json.loads(frame.decode(), parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    kind = read.get("type") if isinstance(read, dict) else None
    return kind if isinstance(kind, str) else None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("twice")
    return read
