"""Messages on their way: people, web processes that share commits, workers that judge batches.

What the product does, as far as it bounds anything, and what it costs (`costs.py`). Left out:
edits, reading, connecting, what is refused; locks and cache misses inside PostgreSQL; the network;
the patience of 0.1 s after which a store no longer holds up the next; whatever stalls a machine.
"""

from collections import defaultdict
from collections.abc import Sequence

from benchmarks.simulate.costs import Costs, published
from benchmarks.simulate.database import Message
from benchmarks.simulate.engine import Process
from benchmarks.simulate.people import People
from benchmarks.simulate.site import Setup, Site
from benchmarks.simulate.table import WAKE
from benchmarks.simulate.web import Web
from benchmarks.simulate.worker import Worker


class Model:
    """Everything at once. `run` it, then ask the parts what they did and how busy they were."""

    def __init__(self, setup: Setup, costs: Costs) -> None:
        self.setup = setup
        self.site = site = Site(setup, costs)
        self.people = people = People(site, say=self._say)
        self.webs = [
            Web(site, number, confirmed=people.confirmed, settled=people.settled)
            for number in range(setup.web)
        ]
        self.workers = [Worker(site, tell=self._tell) for _ in range(setup.workers)]
        self._listeners: dict[int, Sequence[Web]] = {}

    @property
    def messages(self) -> Sequence[Message]:
        """All that was said."""
        return self.people.messages

    def run(self, *, to_the_end: bool = False) -> None:
        """For as long as somebody speaks, or until all has been heard that was said."""
        engine = self.site.engine
        for worker in self.workers:
            engine.start(worker.process)
        self.people.begin()
        engine.run(self.setup.seconds)
        if to_the_end:
            engine.run()

    def _say(self, message: Message) -> None:
        self.webs[message.web].take(message)

    def _tell(self, batch: Sequence[Message]) -> Process:
        """Publish it, to be heard by every web process that has a socket in any of its rooms."""
        shards = self.setup.shards
        parts: dict[int, list[Message]] = defaultdict(list)
        for message in batch:
            parts[message.room % shards if shards else message.room].append(message)
        for shard, part in parts.items():
            webs = self._listening(shard)
            cost = published(len(part), len(webs)) / self.setup.valkey
            yield WAKE
            yield from self.site.valkey.work(cost)
            for web in webs:
                web.publish(part)

    def _listening(self, shard: int) -> Sequence[Web]:
        if shard not in self._listeners:
            rooms = range(shard, self.setup.rooms, self.setup.shards or self.setup.rooms)
            self._listeners[shard] = [
                web for web in self.webs if any(web.sockets(room) for room in rooms)
            ]
        return self._listeners[shard]
