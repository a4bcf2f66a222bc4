"""The load generator: clients that send and receive messages, and what they record.

It runs in one process and one event loop. Records are lists indexed by the message's number, which
cost less than objects.
"""

import asyncio
import gc
import random
import resource
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import uvloop

from benchmarks.harness.client import Socket
from benchmarks.harness.figures import Figures, milliseconds, per_item
from benchmarks.harness.proc import Meter, Spent
from benchmarks.harness.texts import number_in, text_of
from benchmarks.stacks.base import Seat, Stack

T = TypeVar("T")

OPEN_TIMEOUT = 60.0  # seconds until a socket is ready while hundreds of others open
VERDICT_TIMEOUT = 15.0  # seconds to wait for verdicts after the last message
QUIET_PERIOD = 0.2  # seconds without a delivery
NEVER = 0.0


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on a uvloop event loop, with garbage collection off."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.collect()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    finally:
        gc.enable()


@dataclass
class Clients:
    """Clients of one stack.

    `sent[n]`, `queued[n]` and `judged[n]` are the times of message `n` (0.0: not yet).
    `received[n]` counts the sockets that received it.
    """

    stack: Stack
    sockets: list[Socket] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    queued: list[float] = field(default_factory=list)
    judged: list[float] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    senders: list[Socket] = field(default_factory=list)
    judged_count: int = 0
    refused: int = 0
    deliveries: int = 0
    delays: list[float] | None = None  # seconds of each delivery; None: not recorded
    errors: list[str] = field(default_factory=list)
    when_judged: Callable[[int], None] | None = None

    def __post_init__(self) -> None:
        self.meter = Meter(self.stack.roots)
        self._dialect = self.stack.dialect

    async def open_sockets(self, seats: Sequence[Seat], *, at_once: int = 32) -> float:
        """Open a socket for each seat, `at_once` concurrently. Return the seconds it took."""
        began = time.perf_counter()
        waiting = iter(seats)

        async def open_some() -> None:
            for seat in waiting:
                self.sockets.append(await self._open(seat))

        async with asyncio.timeout(OPEN_TIMEOUT + len(seats) / 20):
            await asyncio.gather(*(open_some() for _ in range(min(at_once, len(seats)))))
        return time.perf_counter() - began

    async def close_sockets(self) -> None:
        """Close all sockets."""
        closing, self.sockets = self.sockets, []
        for socket in closing:
            socket.close()
        await asyncio.wait([socket.closed for socket in closing], timeout=10)

    def send(self, sender: Socket) -> int:
        """Send the next message through this socket. Return its number."""
        number = len(self.sent)
        frame = self._dialect.build_message(text_of(number))
        self.senders.append(sender)
        self.queued.append(NEVER)
        self.judged.append(NEVER)
        self.received.append(0)
        self.sent.append(time.perf_counter())
        sender.send(frame)
        return number

    async def send_in_turn(
        self, senders: Sequence[Socket], *, in_flight: int, warm_up: float, seconds: float
    ) -> "Interval":
        """Keep `in_flight` messages in flight: a verdict triggers its sender's next message."""
        self.when_judged = lambda number: void(self.send(self.senders[number]))
        for turn in range(in_flight):
            self.send(senders[turn % len(senders)])
        await asyncio.sleep(warm_up)
        with self._interval() as interval:
            await asyncio.sleep(seconds)
        self.when_judged = None
        await self.settle()
        return interval

    async def send_at_rate(
        self, senders: Sequence[Socket], *, rate: float, seconds: float
    ) -> "Interval":
        """Send `rate` messages a second at uneven intervals, independent of verdicts."""
        generator = random.Random(rate)
        with self._interval() as interval:
            began = time.perf_counter()
            for turn in range(round(rate * seconds)):
                due = began + (turn + generator.random()) / rate
                await asyncio.sleep(max(due - time.perf_counter(), 0))
                self.send(senders[turn % len(senders)])
            await asyncio.sleep(max(began + seconds - time.perf_counter(), 0))
            await self.settle()
        return interval

    async def settle(self) -> None:
        """Wait until all messages are judged (or lost), then until deliveries stop."""
        deadline = time.perf_counter() + VERDICT_TIMEOUT
        while self.judged_count < len(self.sent) and time.perf_counter() < deadline:
            await asyncio.sleep(0.02)
        delivered = -1
        while delivered < self.deliveries and time.perf_counter() < deadline:
            delivered = self.deliveries
            await asyncio.sleep(QUIET_PERIOD)

    @contextmanager
    def _interval(self) -> Iterator["Interval"]:
        interval = Interval(self, len(self.sent), self.judged_count, self.deliveries)
        first_delay = len(self.delays or ())
        before = self.meter.read()
        yield interval
        interval.spent = before.until(self.meter.read())
        interval.close()
        interval.delays = (self.delays or [])[first_delay:]

    async def _open(self, seat: Seat) -> Socket:
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(
            lambda: Socket(seat.path, self._dialect, self._on_frame), "127.0.0.1", self.stack.port
        )
        await socket.opened
        return socket

    def _on_frame(self, socket: Socket, buffer: bytes, start: int, stop: int, now: float) -> None:
        dialect = self._dialect
        if buffer.startswith(dialect.shown, start):
            self.deliveries += 1
            number = number_in(buffer, start, stop)
            self.received[number] += 1
            if self.delays is not None:
                self.delays.append(now - self.sent[number])
            if self.senders[number] is socket:
                self._record_verdict(number, now)
        elif buffer.startswith(dialect.queued, start):
            number = number_in(buffer, start, stop)
            if self.senders[number] is socket and not self.queued[number]:
                self.queued[number] = now
        elif buffer.startswith(dialect.refused, start):
            self.refused += 1
            self._record_verdict(number_in(buffer, start, stop), now)
        else:
            self._on_other_frame(socket, buffer[start:stop])

    def _on_other_frame(self, socket: Socket, payload: bytes) -> None:
        if payload == self._dialect.ping[0]:
            socket.send(self._dialect.ping[1])
        elif payload.startswith(self._dialect.error):
            self.errors.append(payload.decode(errors="replace"))

    def _record_verdict(self, number: int, now: float) -> None:
        if self.judged[number]:
            return
        self.judged[number] = now
        self.judged_count += 1
        if self.when_judged is not None:
            self.when_judged(number)


@dataclass
class Interval:
    """A measured interval: what happened between two readings of the meter."""

    clients: Clients
    first: int
    judged_count: int
    deliveries: int
    delays: list[float] = field(default_factory=list)
    last: int = 0
    spent: Spent = field(default_factory=lambda: Spent(0, {}, 0))

    def close(self) -> None:
        self.last = len(self.clients.sent)
        self.judged_count = self.clients.judged_count - self.judged_count
        self.deliveries = self.clients.deliveries - self.deliveries

    def costs(self) -> Figures:
        """Return the CPU milliseconds per judged message, in total and by process."""
        groups = per_item(self.spent.groups, self.judged_count, factor=1000)
        return {
            "cpu_ms": sum(groups.values()),
            **{f"cpu_ms_{name}": value for name, value in groups.items()},
            "load_share": self.spent.load_share,
        }

    def latencies(self) -> Figures:
        """Return the latency of acknowledgements and verdicts of this interval's messages."""
        clients, numbers = self.clients, range(self.first, self.last)
        queued = [clients.queued[n] - clients.sent[n] for n in numbers if clients.queued[n]]
        judged = [clients.judged[n] - clients.sent[n] for n in numbers if clients.judged[n]]
        return {**milliseconds(queued, "ack"), **milliseconds(judged, "verdict")}

    def delivered(self, listeners: float) -> float:
        """Return the share of expected deliveries that arrived.

        Args:
            listeners: Sockets that should receive each public message.
        """
        received = self.clients.received[self.first : self.last]
        shown = [count for count in received if count]
        return sum(shown) / (len(shown) * listeners) if shown else 0.0

    def failures(self) -> Figures:
        """Return the numbers of lost messages and errors; both should be zero."""
        lost = sum(not self.clients.judged[n] for n in range(self.first, self.last))
        return {"lost": lost, "errors": len(self.clients.errors)}


def void(_value: object) -> None:
    """Discard the result of an expression in a callback."""
