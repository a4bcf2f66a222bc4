"""W1 and W2: messages on their way from one person through moderation to the others."""

from typing import ClassVar

from benchmarks.harness.figures import Figures
from benchmarks.harness.load import Crowd, run
from benchmarks.stacks.base import Stack
from benchmarks.workloads.base import Scale, Workload

PEOPLE = 50
IN_FLIGHT = 50


class Latency(Workload):
    name = "w1"
    title = "W1: 20 messages a second in one room of ten"
    sitting = "talk"
    stacks = ("moderado", "tutorial", "socketio")
    columns: ClassVar = {
        "ack_p50_ms": "stored p50 (ms)",
        "ack_p99_ms": "p99",
        "verdict_p50_ms": "judged and heard p50 (ms)",
        "verdict_p99_ms": "p99",
        "cpu_ms": "CPU ms a message",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(10, 1)
        return run(self._talk(Crowd(stack), seats, scale.seconds(6)))

    async def _talk(self, crowd: Crowd, seats: list, seconds: float) -> Figures:
        await crowd.enter(seats)
        await crowd.talk_at(crowd.sockets, rate=20, seconds=1.5)
        stretch = await crowd.talk_at(crowd.sockets, rate=20, seconds=seconds)
        await crowd.leave()
        return stretch.waits() | stretch.costs() | stretch.failures()


class Throughput(Workload):
    """Each of 50 people says the next thing on hearing what became of the last."""

    sitting = "talk"
    stacks = ("moderado", "tutorial", "socketio")
    rooms: ClassVar[int]
    columns: ClassVar = {
        "messages_per_s": "judged a second",
        "cpu_ms": "CPU ms a message",
        "cpu_ms_worker": "of it the worker's",
        "cpu_ms_web": "web's",
        "cpu_ms_postgres": "PostgreSQL's",
        "cpu_ms_valkey": "Valkey's",
        "verdict_p50_ms": "judged and heard p50 (ms)",
        "load_share": "the load's share of a core",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(PEOPLE, self.rooms)
        return run(self._talk(Crowd(stack), seats, scale))

    async def _talk(self, crowd: Crowd, seats: list, scale: Scale) -> Figures:
        await crowd.enter(seats)
        stretch = await crowd.talk_in_turn(
            crowd.sockets,
            in_flight=IN_FLIGHT,
            warm_up=scale.seconds(1.5),
            seconds=scale.seconds(5),
        )
        await crowd.leave()
        return {
            "messages_per_s": stretch.settled / stretch.spent.seconds,
            "deliveries_per_s": stretch.deliveries / stretch.spent.seconds,
            **stretch.costs(),
            **stretch.waits(),
            **stretch.failures(),
            "refused_share": crowd.refused / len(crowd.sent),
        }


class TwentyRooms(Throughput):
    name = "w2"
    title = "W2: 50 messages under way in 20 rooms"
    rooms = 20


class OneRoom(Throughput):
    name = "w2-one-room"
    title = "W2: 50 messages under way in one room of 50"
    rooms = 1
