"""A worker process: called, it judges batch after batch until nothing waits.

`chat/services/screening.py` (its pace, its lingering at the door, when it lets others be called),
`claims.py` (a fair share for each room, skipping what others hold) and `publication.py` (rooms
locked from numbering to commit). One step after the other, each of which waits for PostgreSQL;
only telling is a thread of its own.
"""

from collections.abc import Callable, Sequence

from benchmarks.simulate import table
from benchmarks.simulate.database import Message
from benchmarks.simulate.engine import Asking, Process
from benchmarks.simulate.machine import PYTHON_TURN
from benchmarks.simulate.site import Site
from benchmarks.simulate.table import CALL, HEAR, WAKE

BATCH, FIRST, SLOW = 200, 20, 0.2  # messages, messages, seconds: as in `claims` and `screening`
LINGER = 0.05  # seconds, as in `screening`

Tell = Callable[[Sequence[Message]], Process]


class Worker:
    """`tell` publishes a batch that was judged."""

    def __init__(self, site: Site, *, tell: Tell) -> None:
        self.batches: list[int] = []
        self.at_work = 0.0  # seconds in which it had a batch
        self.program = site.program("worker", turn=PYTHON_TURN)
        self.backend = site.connection()
        self.process = self._serve()
        self._site = site
        self._tell = tell
        self._pace = FIRST

    def _serve(self) -> Process:
        while True:
            yield from self._site.doorbell.is_called()
            yield WAKE
            yield from self.program.work(CALL)
            yield from self._screen()

    def _screen(self) -> Process:
        doorbell, is_leaving = self._site.doorbell, False
        while True:
            limit = self._pace
            taken, more = yield from self._batch(limit)
            if more:
                if self._pace <= limit:
                    doorbell.answer()
            elif is_leaving and not taken:
                return
            else:
                is_leaving = not (yield from doorbell.hears_a_knock(self.process, LINGER))
                yield WAKE
                yield from self.program.work(self._site.costs.knock)
                if is_leaving:
                    doorbell.answer()

    def _batch(self, limit: int) -> Asking[tuple[int, bool]]:
        """How many it had, and whether more may wait."""
        site, arrived = self._site, self._site.engine.now
        batch, more = yield from self._claim(limit)
        if not batch:
            return 0, False
        site.watch.note("claim", since=arrived)
        self.batches.append(len(batch))
        began = site.engine.now
        judging = self.program.work(table.JUDGE * self._here(batch))
        yield from site.watch.times("judge", judging)
        locked = yield from site.watch.times("apply", self._apply(batch))
        self._learn(len(batch), site.engine.now - began, more=more)
        yield from site.watch.times("commit", self._commit(batch, locked))
        self.at_work += site.engine.now - arrived
        site.engine.start(self._publish(batch))
        return len(batch), more

    def _claim(self, limit: int) -> Asking[tuple[list[Message], bool]]:
        costs = self._site.costs
        yield 2 * WAKE  # BEGIN is an exchange of its own, with next to nothing to do
        yield from self.program.work(costs.look)
        yield WAKE
        yield from self.backend.work(costs.look_there)
        batch, more = self._site.queue.claim(limit)
        yield from self.backend.work(table.CLAIM_THERE * self._there(batch) - costs.look_there)
        yield WAKE
        yield from self.program.work(table.CLAIM * self._here(batch) - costs.look)
        return batch, more

    def _apply(self, batch: Sequence[Message]) -> Asking[float]:
        """Log, number and settle: since when the rooms are locked."""
        site = self._site
        yield from self._ask(table.RECORD, table.RECORD_THERE, batch)
        yield from self.program.work(table.SETTLE * self._here(batch))
        yield WAKE
        yield from site.queue.lock(_rooms(batch))
        locked = site.engine.now
        yield from self.backend.work(table.ROWS_THERE * self._there(batch))
        yield WAKE
        yield from self.program.work(table.MEASURE * self._here(batch))
        return locked

    def _commit(self, batch: Sequence[Message], locked: float) -> Process:
        site = self._site
        yield WAKE
        yield from self.backend.work(table.COMMIT_THERE * self._there(batch))
        yield from site.disk.flush()
        site.queue.settle(batch, _rooms(batch), locked)
        for message in batch:
            message.judged = site.engine.now
        yield WAKE
        yield from self.program.work(table.COMMIT * self._here(batch))

    def _ask(self, here: float, there: float, batch: Sequence[Message]) -> Process:
        """A statement: these shares of what a batch costs the worker and PostgreSQL."""
        yield from self.program.work(here * self._here(batch))
        yield WAKE
        yield from self.backend.work(there * self._there(batch))
        yield WAKE

    def _publish(self, batch: Sequence[Message]) -> Process:
        """The thread that carries parcels to the layer."""
        yield WAKE
        yield from self.program.work(table.TOLD * self._here(batch))
        if not self._site.setup.shards:
            yield from self.program.work(HEAR * (len(_rooms(batch)) - 1))
        yield from self._tell(batch)

    def _learn(self, judged: int, seconds: float, *, more: bool) -> None:
        if seconds > SLOW:
            self._pace = max(1, int(judged * SLOW / seconds))
        elif more:
            self._pace = min(BATCH, self._pace * 2)

    def _here(self, batch: Sequence[Message]) -> float:
        return self._site.costs.judge.of(len(batch), len(_rooms(batch)))

    def _there(self, batch: Sequence[Message]) -> float:
        return self._site.costs.judge_there.of(len(batch), len(_rooms(batch)))


def _rooms(batch: Sequence[Message]) -> list[int]:
    return sorted({message.room for message in batch})
