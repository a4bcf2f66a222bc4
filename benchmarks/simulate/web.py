"""A web process: it stores what its sockets say, and tells them what it hears.

`realtime/posting.py` (one store under way, up to 100 messages in it, a moment for company after one
that was shared, unless there is enough), `hub.py` and `socket.py`. Its event loop reads frames,
confirms, hears and writes; stores are a thread's beside it.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from benchmarks.simulate import table
from benchmarks.simulate.database import Message
from benchmarks.simulate.engine import Process
from benchmarks.simulate.machine import Loop
from benchmarks.simulate.site import Site
from benchmarks.simulate.table import CALL, ELSEWHERE, LINE, PRESS, WAKE

LARGEST, ENOUGH = 100, 16  # messages in a commit, and in a crowd: as in `posting`
COMPANY = 0.002  # seconds, as there
THREADS_TURN = 0.0005  # seconds, as in `config/gunicorn.py`
PARCEL = 32  # lines after which the others may write, as in `fanout`
SLEPT = 0.1  # seconds of silence after which a socket's other side has gone to sleep

Told = Callable[[Message], None]


class Web:
    """`confirmed` and `settled` are called when the author's socket is written to."""

    def __init__(self, site: Site, number: int, *, confirmed: Told, settled: Told) -> None:
        self.number = number
        self.stores: list[int] = []  # how many messages each had
        self.program = site.program("web", turn=THREADS_TURN)
        self.backend = site.connection()
        self._site = site
        self._confirmed, self._settled = confirmed, settled
        self._loop = Loop(site.engine, self.program)
        self._inbox: deque[Message] = deque()
        self._is_storing = False
        self._heard_at: dict[int, float] = {}

    def sockets(self, room: int) -> int:
        """How many of the room's are here."""
        each, rest = divmod(self._site.setup.sockets, self._site.setup.web)
        return each + ((self.number + room) % self._site.setup.web < rest)

    def take(self, message: Message) -> None:
        """A frame has come in."""
        self._loop.post(table.READ * self._site.costs.store.each, lambda: self._read(message))

    def publish(self, part: Sequence[Message]) -> None:
        """A publication has come in."""
        rooms: dict[int, list[Message]] = defaultdict(list)
        for message in part:
            rooms[message.room].append(message)
        here = {room: lines for room, lines in rooms.items() if self.sockets(room)}
        cost = self._site.costs.hear.of(sum(map(len, here.values())))
        cost += ELSEWHERE * (len(rooms) - len(here))
        self._loop.post(cost, lambda: self._hear(here))

    def _hear(self, rooms: Mapping[int, Sequence[Message]]) -> None:
        for room, lines in rooms.items():
            for first in range(0, len(lines), PARCEL):
                self._hand_on(room, lines[first : first + PARCEL])

    def _hand_on(self, room: int, lines: Sequence[Message]) -> None:
        cost = self._writing(room, self.sockets(room), lines)
        self._loop.post(cost, lambda: self._written(lines))

    def _written(self, lines: Sequence[Message]) -> None:
        for message in lines:
            message.heard.append(self.number)
            if message.web == self.number:
                self._settled(message)

    def _writing(self, room: int, sockets: int, lines: Sequence[Message]) -> float:
        now, costs = self._site.engine.now, self._site.costs
        slept = now - self._heard_at.get(room, -1.0) > SLEPT
        self._heard_at[room] = now
        write = costs.write + (costs.woken if slept else 0.0)
        return sockets * (write + len(lines) * LINE)

    def _read(self, message: Message) -> None:
        self._inbox.append(message)
        if not self._is_storing:
            self._is_storing = True
            self._site.engine.start(self._store())

    def _store(self) -> Process:
        site, size = self._site, 0
        while self._inbox:
            if size > 1 and len(self._inbox) < ENOUGH:
                yield COMPANY
                yield from self._loop.turn()
            batch = [self._inbox.popleft() for _ in range(min(LARGEST, len(self._inbox)))]
            size = len(batch)
            self.stores.append(size)
            yield from site.watch.times("store", self._store_batch(batch))
        self._is_storing = False

    def _store_batch(self, batch: Sequence[Message]) -> Process:
        """In a thread, which has to wait for the interpreter after each answer."""
        site, size = self._site, len(batch)
        yield from self._loop.turn(table.READ * site.costs.store.fixed)
        yield WAKE
        yield from site.watch.times("store: quota", self._count(size))
        yield from site.watch.times("store: statement", self._write(size))
        site.queue.add(batch)
        site.engine.start(self._press())
        yield from self._confirm(batch)

    def _count(self, size: int) -> Process:
        costs = self._site.costs.count.of(size) / self._site.setup.valkey
        yield from self._in_thread(self._part(table.COUNT, size) / 2, calls=2)
        yield from self._site.valkey.serve(costs)
        yield from self._in_thread(self._part(table.COUNT, size) / 2, calls=1)

    def _write(self, size: int) -> Process:
        yield from self._in_thread(self._part(table.WRITE, size) / 2, calls=1)
        yield WAKE
        yield from self.backend.work(self._site.costs.store_there.of(size))
        yield from self._site.disk.flush()
        yield WAKE
        yield from self._in_thread(self._part(table.WRITE, size) / 2)

    def _in_thread(self, seconds: float, *, calls: int = 0) -> Process:
        """Work in which the kernel is called so often, and lets go of the interpreter each time.

        A socket with a time limit is asked whether it is ready, then written to or read: two calls.
        psycopg asks once before it writes. The one that waits for the answer is not among them.
        """
        for _ in range(calls):
            yield from self.program.work(0.0)
        yield from self.program.work(seconds)

    def _press(self) -> Process:
        """The doorbell's thread: a worker hears it a moment later."""
        yield from self.program.work(PRESS)
        yield WAKE
        if self._site.doorbell.press():
            yield from self.program.work(CALL)
            self._site.doorbell.call()

    def _confirm(self, batch: Sequence[Message]) -> Process:
        yield from self._loop.turn(self._part(table.ANSWER, len(batch)))
        each = self._part(table.CONFIRM, len(batch)) / len(batch)
        for message in batch:
            self._loop.post(each, partial(self._confirmed, message))
        yield from self._loop.turn()

    def _part(self, share: float, size: int) -> float:
        return share * self._site.costs.store.of(size)
