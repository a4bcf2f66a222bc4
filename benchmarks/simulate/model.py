"""Messages on their way: web processes that share commits, workers that judge batches, sockets.

What the product does, as far as it bounds anything: `realtime/posting.py` (one store under way in
each web process, up to 100 messages in it), `chat/services/screening.py` (the pace of a worker, its
lingering, when it is called), `claims.py` (a fair share for each room, skipping what others hold),
`publication.py` (rooms' rows locked from numbering to commit), `fanout.py` and `hub.py`.

Left out: edits, reading, connecting, what is refused; locks and cache misses inside PostgreSQL; the
network; the patience of 0.1 s after which a store no longer holds up the next.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.simulate.costs import FLUSH, HEAR, LINE, UNDER_LOCK, Costs, published
from benchmarks.simulate.database import Backend, Disk, Message, Waiting
from benchmarks.simulate.engine import Asking, Cores, Engine, Process, Program, Queue

LARGEST = 100  # messages in one commit of the web
BATCH, FIRST, SLOW = 200, 20, 0.2  # as in `claims` and `screening`
LINGER, COMPANY, COMPANY_IN_WEB = 0.05, 0.003, 0.002
SLEPT = 0.1  # seconds of silence after which a socket's other side has gone to sleep
PARCEL = 32  # lines in one write
BEFORE = 0.75  # of a store's CPU in the web, until its authors are answered
AFTER_LOCK = 0.1  # of a batch's CPU in the worker, while it holds its rooms
REACTION = 0.0005  # seconds until who takes turns says the next thing


@dataclass(frozen=True, slots=True)
class Setup:
    """A load, and what there is to carry it. `rate` 0: `in_flight` people who take turns."""

    rate: float = 100.0
    rooms: int = 20
    hot: float = 0.1  # of all that is said, in one of the rooms
    sockets: int = 25  # in each room
    cores: int = 2
    database_cores: int = 0  # of PostgreSQL's own machine; 0: it shares the others
    web: int = 1
    workers: int = 2
    shards: int = 1  # publications of a batch at most; 0: one for each room of it
    in_flight: int = 0
    seconds: float = 5.0
    taken: float = 0.0  # cores that others use, as the load generator of a benchmark does
    locks: bool = True  # whether rooms are locked while they are numbered
    valkey: float = 1.0  # how fast Valkey is, and the disk
    disk: float = 1.0
    seed: int = 1


class Site:
    """Everything at once. `run` it, then ask `messages`, and the parts how busy they were."""

    def __init__(self, setup: Setup, costs: Costs) -> None:
        self.setup, self.costs = setup, costs
        self.engine = engine = Engine(setup.seed)
        self.dice = engine.dice
        self.cores = Cores(engine, setup.cores)
        own = setup.database_cores
        self.database = Cores(engine, own) if own else self.cores
        self.valkey = Program(engine, self.cores, cold=costs.cold["valkey"])
        self.disk = Disk(engine, FLUSH / setup.disk)
        self.messages: list[Message] = []
        self.queue = Waiting(engine, locks=setup.locks)
        self.webs = [Web(self, number) for number in range(setup.web)]
        self.workers = [Worker(self) for _ in range(setup.workers)]
        self._joined: dict[int, Sequence[Web]] = {}
        self.calls = 0  # tasks that nobody has taken up
        self.idle: Queue = deque()
        self.door: Queue = deque()  # workers that wait for a knock
        self.is_rung = self.is_knocked = False

    def run(self, *, to_the_end: bool = False) -> None:
        """For as long as somebody speaks, or until all has been heard that was said."""
        for web in self.webs:
            self.engine.start(web.hear())
        for number in range(self.setup.in_flight):
            room = number % self.setup.rooms
            self.say(self._seat(number // self.setup.rooms, room), room)
        if self.setup.rate:
            self.engine.start(self._talk())
        if self.setup.taken:
            self.engine.start(self._others())
        for worker in self.workers:
            self.engine.start(worker.process)
        self.engine.run(self.setup.seconds)
        if to_the_end:
            self.engine.run()

    def connection(self) -> Backend:
        return Backend(self.engine, self.database, cold=self.costs.cold["postgres"])

    def say(self, web: "Web", room: int) -> None:
        message = Message(room, web.number, self.engine.now)
        self.messages.append(message)
        web.take(message)

    def heard(self, message: Message) -> None:
        """Its author has heard it: in a closed circle, the next one is said."""
        message.settled = self.engine.now
        if self.setup.in_flight and self.engine.now < self.setup.seconds:
            self.engine.start(self._answer(message))

    def tell(self, batch: Sequence[Message]) -> Process:
        """Publish it, to be heard by every web process."""
        shards = self.setup.shards
        parts: dict[int, list[Message]] = defaultdict(list)
        for message in batch:
            parts[message.room % shards if shards else message.room].append(message)
        for shard, part in parts.items():
            ears = self._ears(shard)
            yield from self.valkey.work(published(len(part), len(ears)) / self.setup.valkey)
            for web in ears:
                web.publish(part)

    def _ears(self, shard: int) -> Sequence["Web"]:
        """The web processes with a socket in any of its rooms."""
        if shard not in self._joined:
            rooms = range(shard, self.setup.rooms, self.setup.shards or self.setup.rooms)
            self._joined[shard] = [
                web for web in self.webs if any(web.sockets(room) for room in rooms)
            ]
        return self._joined[shard]

    def press(self) -> None:
        """Call a worker; where one was called that has not answered yet, knock."""
        if not self.is_rung:
            self.is_rung = True
            self.calls += 1
            if self.idle:
                self.engine.start(self.idle.popleft())
        else:
            self.is_knocked = True
            if self.door:
                self.engine.start(self.door.popleft())

    def _talk(self) -> Process:
        setup = self.setup
        while True:
            yield self.dice.expovariate(setup.rate)
            if self.engine.now >= setup.seconds:
                return
            is_hot = self.dice.random() < setup.hot
            room = 0 if is_hot else self.dice.randrange(setup.rooms)
            self.say(self._seat(self.dice.randrange(setup.sockets), room), room)

    def _seat(self, socket: int, room: int) -> "Web":
        """Sockets are spread evenly, those of each room as well."""
        return self.webs[(socket - room) % len(self.webs)]

    def _answer(self, message: Message) -> Process:
        yield self.dice.expovariate(1 / REACTION)
        self.say(self.webs[message.web], message.room)

    def _others(self) -> Process:
        while self.engine.now < self.setup.seconds:
            yield from self.cores.take()
            yield 0.01 * self.setup.taken
            self.cores.give()
            yield 0.01 * (1 - self.setup.taken)


class Web:
    """A web process: it stores what its sockets say, and tells them what it hears."""

    def __init__(self, site: Site, number: int) -> None:
        self.number = number
        self.stores: list[int] = []  # how many messages each had
        self.program = Program(site.engine, site.cores, cold=site.costs.cold["web"])
        self.backend = site.connection()
        self._site = site
        self._inbox: deque[Message] = deque()
        self._is_storing = False
        self._told: deque[Sequence[Message]] = deque()
        self._ear: Queue = deque()
        self._heard_at: dict[int, float] = {}

    def take(self, message: Message) -> None:
        self._inbox.append(message)
        if not self._is_storing:
            self._is_storing = True
            self._site.engine.start(self._store())

    def publish(self, part: Sequence[Message]) -> None:
        self._told.append(part)
        if self._ear:
            self._site.engine.start(self._ear.popleft())

    def hear(self) -> Process:
        while True:
            if not self._told:
                yield self._ear
            part = self._told.popleft()
            yield from self.program.work(HEAR + self._writing(part))
            for message in part:
                if self.sockets(message.room):
                    message.heard.append(self.number)
                if message.web == self.number:
                    self._site.heard(message)

    def _writing(self, part: Sequence[Message]) -> float:
        now, costs, total = self._site.engine.now, self._site.costs, 0.0
        for room, lines in Counter(message.room for message in part).items():
            slept = now - self._heard_at.get(room, -1.0) > SLEPT
            self._heard_at[room] = now
            write = costs.write + (costs.woken if slept else 0.0)
            total += self.sockets(room) * (-(-lines // PARCEL) * write + lines * LINE)
        return total

    def sockets(self, room: int) -> int:
        each, rest = divmod(self._site.setup.sockets, self._site.setup.web)
        return each + ((self.number + room) % self._site.setup.web < rest)

    def _store(self) -> Process:
        site, costs = self._site, self._site.costs
        size = 0
        while self._inbox:
            if size > 1:
                yield COMPANY_IN_WEB
            batch = [self._inbox.popleft() for _ in range(min(LARGEST, len(self._inbox)))]
            size = len(batch)
            self.stores.append(size)
            cost = costs.store.of(size)
            yield from self.program.work(cost * BEFORE)
            yield from site.valkey.work(costs.count.of(size) / site.setup.valkey)
            yield from self.backend.work(costs.store_there.of(size))
            yield from site.disk.flush()
            for message in batch:
                message.stored = site.engine.now
            site.queue.add(batch)
            site.press()
            yield from self.program.work(cost * (1 - BEFORE))
        self._is_storing = False


class Worker:
    """A worker process: called, it judges batch after batch until nothing waits."""

    def __init__(self, site: Site) -> None:
        self.batches: list[int] = []
        self.at_work = 0.0  # seconds in which it had a batch
        self.program = Program(site.engine, site.cores, cold=site.costs.cold["worker"])
        self.backend = site.connection()
        self._site = site
        self.process = self._serve()
        self._pace = FIRST
        self._waits = 0

    def _serve(self) -> Process:
        site = self._site
        while True:
            while not site.calls:
                yield site.idle
            site.calls -= 1
            yield from self.program.work(site.costs.call)
            yield from self._screen()

    def _screen(self) -> Process:
        is_leaving = False
        while True:
            limit = self._pace
            taken, more = yield from self._batch(limit)
            if more:
                if self._pace <= limit:
                    self._site.is_rung = False
            elif is_leaving and not taken:
                return
            else:
                is_leaving = not (yield from self._hears_a_knock())
                if is_leaving:
                    self._site.is_rung = False
                elif taken > 1:
                    yield COMPANY

    def _hears_a_knock(self) -> Asking[bool]:
        site = self._site
        if not site.is_knocked:
            self._waits += 1
            site.engine.start(self._go_on(self._waits))
            yield site.door
        heard, site.is_knocked = site.is_knocked, False
        return heard

    def _go_on(self, wait: int) -> Process:
        yield LINGER
        if wait == self._waits and self.process in self._site.door:
            self._site.door.remove(self.process)
            self._site.engine.start(self.process)

    def _batch(self, limit: int) -> Asking[tuple[int, bool]]:
        """How many it had, and whether more may wait."""
        site, costs = self._site, self._site.costs
        arrived = site.engine.now
        yield from self.program.work(costs.look)
        yield from self.backend.work(costs.look_there)
        batch, more = site.queue.claim(limit)
        if not batch:
            return 0, False
        began, size = site.engine.now, len(batch)
        self.batches.append(size)
        here, there = costs.judge.of(size), costs.judge_there.of(size)
        yield from self.program.work(here * (1 - AFTER_LOCK))
        yield from self.backend.work(there * (1 - UNDER_LOCK))
        rooms = sorted({message.room for message in batch})
        yield from site.queue.lock(rooms)
        locked = site.engine.now
        yield from self.backend.work(there * UNDER_LOCK)
        yield from self.program.work(here * AFTER_LOCK)
        self._learn(size, site.engine.now - began, more=more)
        yield from site.disk.flush()
        site.queue.settle(batch, rooms, locked)
        self.at_work += site.engine.now - arrived
        for message in batch:
            message.judged = site.engine.now
        site.engine.start(self._tell(batch, len(rooms)))
        return size, more

    def _tell(self, batch: Sequence[Message], rooms: int) -> Process:
        if not self._site.setup.shards:
            yield from self.program.work(HEAR * (rooms - 1))
        yield from self._site.tell(batch)

    def _learn(self, judged: int, seconds: float, *, more: bool) -> None:
        if seconds > SLOW:
            self._pace = max(1, int(judged * SLOW / seconds))
        elif more:
            self._pace = min(BATCH, self._pace * 2)
