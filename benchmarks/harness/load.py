"""People who talk and listen: the load, and what they write down of it.

All in one process and one event loop, with lists indexed by a message's number in place of objects.
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
from benchmarks.harness.figures import Figures, milliseconds, shared
from benchmarks.harness.proc import Meter, Spent
from benchmarks.harness.texts import number_in, text_of
from benchmarks.stacks.base import Seat, Stack

T = TypeVar("T")

OPENING = 60.0  # seconds a socket may take to be ready while hundreds of others open, too
SETTLING = 15.0  # seconds after the last message in which a verdict is still waited for
QUIET = 0.2  # seconds
NEVER = 0.0


def run(work: Coroutine[Any, Any, T]) -> T:
    """Carry `work` out on an event loop of libuv, with nothing collected meanwhile."""
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
class Crowd:
    """Sockets at one stack. Message `n` was `sent[n]`, `queued[n]`, `judged[n]` (0.0: not yet), and
    was heard on `heard[n]` of them."""

    stack: Stack
    sockets: list[Socket] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    queued: list[float] = field(default_factory=list)
    judged: list[float] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    speakers: list[Socket] = field(default_factory=list)
    settled: int = 0
    refused: int = 0
    deliveries: int = 0
    delays: list[float] | None = None  # of each delivery, where somebody wants to know
    others: int = 0  # frames that tell of no message
    errors: list[str] = field(default_factory=list)
    when_judged: Callable[[int], None] | None = None

    def __post_init__(self) -> None:
        self.meter = Meter(self.stack.roots)
        self._dialect = self.stack.dialect

    async def enter(self, seats: Sequence[Seat], *, at_once: int = 32) -> float:
        """Open a socket for each seat, some at a time: how many seconds that took."""
        began = time.perf_counter()
        waiting = iter(seats)

        async def open_some() -> None:
            for seat in waiting:
                self.sockets.append(await self._open(seat))

        async with asyncio.timeout(OPENING + len(seats) / 20):
            await asyncio.gather(*(open_some() for _ in range(min(at_once, len(seats)))))
        return time.perf_counter() - began

    async def leave(self, count: int | None = None) -> None:
        """Close the last `count` sockets, or all."""
        leaving = self.sockets[len(self.sockets) - (count or len(self.sockets)) :]
        del self.sockets[len(self.sockets) - len(leaving) :]
        for socket in leaving:
            socket.close()
        await asyncio.wait([socket.over for socket in leaving], timeout=10)

    def say(self, speaker: Socket) -> int:
        """Send the next message through this socket: its number."""
        number = len(self.sent)
        frame = self._dialect.say(text_of(number))
        self.speakers.append(speaker)
        self.queued.append(NEVER)
        self.judged.append(NEVER)
        self.heard.append(0)
        self.sent.append(time.perf_counter())
        speaker.send(frame)
        return number

    async def talk_in_turn(
        self, speakers: Sequence[Socket], *, in_flight: int, warm_up: float, seconds: float
    ) -> "Stretch":
        """Keep `in_flight` messages under way: who hears the verdict on theirs says the next."""
        self.when_judged = lambda number: void(self.say(self.speakers[number]))
        for turn in range(in_flight):
            self.say(speakers[turn % len(speakers)])
        await asyncio.sleep(warm_up)
        with self._stretch() as stretch:
            await asyncio.sleep(seconds)
        self.when_judged = None
        await self.settle()
        return stretch

    async def talk_at(
        self, speakers: Sequence[Socket], *, rate: float, seconds: float
    ) -> "Stretch":
        """Say `rate` messages a second, whatever becomes of them, at uneven intervals."""
        dice = random.Random(rate)
        with self._stretch() as stretch:
            began = time.perf_counter()
            for turn in range(round(rate * seconds)):
                due = began + (turn + dice.random()) / rate
                await asyncio.sleep(max(due - time.perf_counter(), 0))
                self.say(speakers[turn % len(speakers)])
            await asyncio.sleep(max(began + seconds - time.perf_counter(), 0))
            await self.settle()
        return stretch

    async def settle(self) -> None:
        """Wait until all is judged, or for so long that the rest may be called lost; then until
        nobody hears anything more."""
        deadline = time.perf_counter() + SETTLING
        while self.settled < len(self.sent) and time.perf_counter() < deadline:
            await asyncio.sleep(0.02)
        heard = -1
        while heard < self.deliveries and time.perf_counter() < deadline:
            heard = self.deliveries
            await asyncio.sleep(QUIET)

    @contextmanager
    def _stretch(self) -> Iterator["Stretch"]:
        stretch = Stretch(self, len(self.sent), self.settled, self.deliveries)
        first_delay = len(self.delays or ())
        before = self.meter.read()
        yield stretch
        stretch.spent = before.until(self.meter.read())
        stretch.close()
        stretch.delays = (self.delays or [])[first_delay:]

    async def _open(self, seat: Seat) -> Socket:
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(
            lambda: Socket(seat.path, self._dialect, self._hear), "127.0.0.1", self.stack.port
        )
        await socket.opened
        return socket

    def _hear(self, socket: Socket, buffer: bytes, start: int, stop: int, now: float) -> None:
        dialect = self._dialect
        if buffer.startswith(dialect.shown, start):
            self.deliveries += 1
            number = number_in(buffer, start, stop)
            self.heard[number] += 1
            if self.delays is not None:
                self.delays.append(now - self.sent[number])
            if self.speakers[number] is socket:
                self._settle(number, now)
        elif buffer.startswith(dialect.queued, start):
            number = number_in(buffer, start, stop)
            if self.speakers[number] is socket and not self.queued[number]:
                self.queued[number] = now
        elif buffer.startswith(dialect.refused, start):
            self.refused += 1
            self._settle(number_in(buffer, start, stop), now)
        else:
            self._hear_other(socket, buffer[start:stop])

    def _hear_other(self, socket: Socket, payload: bytes) -> None:
        self.others += 1
        if payload == self._dialect.ping[0]:
            socket.send(self._dialect.ping[1])
        elif payload.startswith(self._dialect.error):
            self.errors.append(payload.decode(errors="replace"))

    def _settle(self, number: int, now: float) -> None:
        if self.judged[number]:
            return
        self.judged[number] = now
        self.settled += 1
        if self.when_judged is not None:
            self.when_judged(number)


@dataclass
class Stretch:
    """What happened between two looks at the meter."""

    crowd: Crowd
    first: int
    settled: int
    deliveries: int
    delays: list[float] = field(default_factory=list)
    last: int = 0
    spent: Spent = field(default_factory=lambda: Spent(0, {}, 0))

    def close(self) -> None:
        self.last = len(self.crowd.sent)
        self.settled = self.crowd.settled - self.settled
        self.deliveries = self.crowd.deliveries - self.deliveries

    def costs(self) -> Figures:
        """CPU milliseconds of a message that was judged, in all and by process."""
        groups = shared(self.spent.groups, self.settled, factor=1000)
        return {
            "cpu_ms": sum(groups.values()),
            **{f"cpu_ms_{name}": value for name, value in groups.items()},
            "load_share": self.spent.load_share,
        }

    def waits(self) -> Figures:
        """How long acknowledgement and verdict took of what was said in this stretch."""
        crowd, said = self.crowd, range(self.first, self.last)
        queued = [crowd.queued[n] - crowd.sent[n] for n in said if crowd.queued[n]]
        judged = [crowd.judged[n] - crowd.sent[n] for n in said if crowd.judged[n]]
        return {**milliseconds(queued, "ack"), **milliseconds(judged, "verdict")}

    def delivered(self, listeners: float) -> float:
        """Which share of what became public, and was to be heard by `listeners`, was heard."""
        heard = [self.crowd.heard[n] for n in range(self.first, self.last) if self.crowd.heard[n]]
        return sum(heard) / (len(heard) * listeners) if heard else 0.0

    def failures(self) -> Figures:
        """What should be zero."""
        lost = sum(not self.crowd.judged[n] for n in range(self.first, self.last))
        return {"lost": lost, "errors": len(self.crowd.errors)}


def void(_value: object) -> None:
    """Of a callback whose answer nobody wants."""
