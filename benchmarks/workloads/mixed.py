"""W7: a little of everything at once."""

import asyncio
import json
import random
import time
from typing import ClassVar

from benchmarks.harness.client import Socket
from benchmarks.harness.figures import Figures, milliseconds
from benchmarks.harness.load import Crowd, Stretch, run
from benchmarks.harness.texts import number_in, text_of
from benchmarks.stacks.base import Stack
from benchmarks.workloads.base import Scale, Workload

# A second, in all rooms together.
MESSAGES, EDITS, READS, TYPING = 50, 5, 40, 30


class Mixed(Workload):
    name = "w7"
    title = (
        f"W7: 500 sockets in 20 rooms; {MESSAGES} messages, {EDITS} edits, {READS} reads and "
        f"{TYPING} signs of typing a second"
    )
    sitting = "crowd"
    stacks = ("moderado",)
    columns: ClassVar = {
        "ack_p50_ms": "stored p50 (ms)",
        "ack_p99_ms": "p99",
        "verdict_p50_ms": "judged and heard p50 (ms)",
        "verdict_p99_ms": "p99",
        "edit_p50_ms": "edit heard p50 (ms)",
        "edit_p99_ms": "p99",
        "delivered_share": "delivered",
        "frames_per_s": "frames a second",
        "cpu_share": "cores of CPU",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(scale.count(500), 20)
        return run(self._live(Life(stack), seats, scale))

    async def _live(self, crowd: "Life", seats: list, scale: Scale) -> Figures:
        await crowd.enter(seats)
        await crowd.live(scale.seconds(1.5))
        crowd.edited.clear()
        before = sum(socket.frames for socket in crowd.sockets)
        stretch = await crowd.live(scale.seconds(6))
        frames = sum(socket.frames for socket in crowd.sockets) - before
        await crowd.leave()
        return {
            **stretch.waits(),
            **milliseconds(list(crowd.edited.values()), "edit"),
            "edits_unheard": crowd.edits - len(crowd.edited),
            "delivered_share": stretch.delivered(len(seats) / 20),
            "frames_per_s": frames / stretch.spent.seconds,
            "cpu_share": stretch.spent.cpu / stretch.spent.seconds,
            **stretch.costs(),
            **stretch.failures(),
        }


class Life(Crowd):
    """People who also change what they said, say that they read, and that they are writing."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.edits = 0
        self.edited: dict[int, float] = {}  # seconds until its author heard the new text
        self._begun: dict[int, tuple[Socket, float]] = {}
        self._mine: list[tuple[Socket, str, int]] = []  # what was said and shown, not edited yet
        self._seq: dict[Socket, int] = {}

    async def live(self, seconds: float) -> Stretch:
        self.edits = 0
        others = [
            self._at(EDITS, seconds, self._edit),
            self._at(READS, seconds, self._read),
            self._at(TYPING, seconds, self._type),
        ]
        talking = self.talk_at(self.sockets, rate=MESSAGES, seconds=seconds)
        return (await asyncio.gather(talking, *others))[0]

    async def _at(self, rate: float, seconds: float, act) -> None:  # noqa: ANN001
        dice = random.Random(rate)
        began = time.perf_counter()
        for turn in range(round(rate * seconds)):
            due = began + (turn + dice.random()) / rate
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            act(dice.choice(self.sockets))

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

    def _hear(self, socket: Socket, buffer: bytes, start: int, stop: int, now: float) -> None:
        super()._hear(socket, buffer, start, stop, now)
        if buffer.startswith(self._dialect.shown, start):
            number = number_in(buffer, start, stop)
            if self.speakers[number] is socket:
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
