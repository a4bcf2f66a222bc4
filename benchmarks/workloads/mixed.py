"""W7: messages, edits, reads and typing at the same time."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from typing import ClassVar

from benchmarks.harness.client import Socket
from benchmarks.harness.figures import Figures, milliseconds
from benchmarks.harness.load import Clients, Interval, run
from benchmarks.harness.texts import number_in, text_of
from benchmarks.stacks.base import Seat, Stack
from benchmarks.workloads.base import Scale, Workload

# Per second, all rooms together.
MESSAGES, EDITS, READS, TYPING = 50, 5, 40, 30


class Mixed(Workload):
    name = "w7"
    title = (
        f"W7: 500 sockets in 20 rooms; {MESSAGES} messages, {EDITS} edits, {READS} reads and "
        f"{TYPING} typing events a second"
    )
    group = "crowd"
    stacks = ("moderado",)
    columns: ClassVar = {
        "ack_p50_ms": "stored p50 (ms)",
        "ack_p99_ms": "p99",
        "verdict_p50_ms": "judged and delivered p50 (ms)",
        "verdict_p99_ms": "p99",
        "edit_p50_ms": "edit delivered p50 (ms)",
        "edit_p99_ms": "p99",
        "delivered_share": "delivered",
        "frames_per_s": "frames a second",
        "cpu_share": "CPU cores",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(scale.count(500), 20)
        return run(self._measure(MixedClients(stack), seats, scale))

    async def _measure(self, clients: "MixedClients", seats: list[Seat], scale: Scale) -> Figures:
        await clients.open_sockets(seats)
        await clients.act(scale.seconds(1.5))
        clients.edited.clear()
        before = sum(socket.frames for socket in clients.sockets)
        interval = await clients.act(scale.seconds(6))
        frames = sum(socket.frames for socket in clients.sockets) - before
        await clients.close_sockets()
        return {
            **interval.latencies(),
            **milliseconds(list(clients.edited.values()), "edit"),
            "edits_unheard": clients.edits - len(clients.edited),
            "delivered_share": interval.delivered(len(seats) / 20),
            "frames_per_s": frames / interval.spent.seconds,
            "cpu_share": interval.spent.cpu / interval.spent.seconds,
            **interval.costs(),
            **interval.failures(),
        }


class MixedClients(Clients):
    """Clients that also edit, mark as read and type."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.edits = 0
        self.edited: dict[int, float] = {}  # seconds until the author received the new text
        self._begun: dict[int, tuple[Socket, float]] = {}
        self._mine: list[tuple[Socket, str, int]] = []  # shown and not edited yet
        self._seq: dict[Socket, int] = {}

    async def act(self, seconds: float) -> Interval:
        self.edits = 0
        actions = [
            self._repeat(EDITS, seconds, self._edit),
            self._repeat(READS, seconds, self._read),
            self._repeat(TYPING, seconds, self._type),
        ]
        messages = self.send_at_rate(self.sockets, rate=MESSAGES, seconds=seconds)
        interval, *_ = await asyncio.gather(messages, *actions)
        assert interval is not None, "it sent something"
        return interval

    async def _repeat(self, rate: float, seconds: float, action: Callable[[Socket], None]) -> None:
        generator = random.Random(rate)
        began = time.perf_counter()
        for turn in range(round(rate * seconds)):
            due = began + (turn + generator.random()) / rate
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            action(generator.choice(self.sockets))

    def _edit(self, _socket: Socket) -> None:
        if not self._mine:
            return
        socket, message, number = self._mine.pop(0)
        self.edits += 1
        self._begun[number] = socket, time.perf_counter()
        _send(socket, type="edit_message", id=message, message=f"mudei: {text_of(number)}")

    def _read(self, socket: Socket) -> None:
        _send(socket, type="mark_read", seq=self._seq.get(socket, 0))

    def _type(self, socket: Socket) -> None:
        _send(socket, type="typing")

    def _on_frame(self, socket: Socket, buffer: bytes, start: int, stop: int, now: float) -> None:
        super()._on_frame(socket, buffer, start, stop, now)
        if buffer.startswith(self._dialect.shown, start):
            number = number_in(buffer, start, stop)
            if self.senders[number] is socket:
                frame = json.loads(buffer[start:stop])
                self._mine.append((socket, frame["message"]["id"], number))
                self._seq[socket] = frame["seq"]
        elif buffer.startswith(b'{"type":"message_updated"', start):
            number = number_in(buffer, start, stop)
            author, began = self._begun.get(number, (None, now))
            if author is socket:
                self.edited[number] = now - began


def _send(socket: Socket, **frame: object) -> None:
    socket.send(json.dumps(frame).encode())
