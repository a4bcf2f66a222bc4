"""W1 and W2: latency and throughput of messages, from author through moderation to members."""

from typing import ClassVar

from benchmarks.harness.figures import Figures
from benchmarks.harness.load import Clients, run
from benchmarks.stacks.base import Seat, Stack
from benchmarks.workloads.base import Scale, Workload

USERS = 50
IN_FLIGHT = 50


class Latency(Workload):
    name = "w1"
    title = "W1: 20 messages a second in one room of ten"
    group = "talk"
    stacks = ("moderado", "tutorial", "socketio")
    columns: ClassVar = {
        "ack_p50_ms": "stored p50 (ms)",
        "ack_p99_ms": "p99",
        "verdict_p50_ms": "judged and delivered p50 (ms)",
        "verdict_p99_ms": "p99",
        "cpu_ms": "CPU ms per message",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(10, 1)
        return run(self._measure(Clients(stack), seats, scale.seconds(6)))

    async def _measure(self, clients: Clients, seats: list[Seat], seconds: float) -> Figures:
        await clients.open_sockets(seats)
        await clients.send_at_rate(clients.sockets, rate=20, seconds=1.5)
        interval = await clients.send_at_rate(clients.sockets, rate=20, seconds=seconds)
        await clients.close_sockets()
        return interval.latencies() | interval.costs() | interval.failures()


class Throughput(Workload):
    """50 users; each sends its next message when the last one is judged."""

    group = "talk"
    stacks = ("moderado", "tutorial", "socketio")
    rooms: ClassVar[int]
    columns: ClassVar = {
        "messages_per_s": "judged a second",
        "cpu_ms": "CPU ms per message",
        "cpu_ms_worker": "worker",
        "cpu_ms_web": "web",
        "cpu_ms_postgres": "PostgreSQL",
        "cpu_ms_valkey": "Valkey",
        "verdict_p50_ms": "judged and delivered p50 (ms)",
        "load_share": "load generator (cores)",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(USERS, self.rooms)
        return run(self._measure(Clients(stack), seats, scale))

    async def _measure(self, clients: Clients, seats: list[Seat], scale: Scale) -> Figures:
        await clients.open_sockets(seats)
        interval = await clients.send_in_turn(
            clients.sockets,
            in_flight=IN_FLIGHT,
            warm_up=scale.seconds(1.5),
            seconds=scale.seconds(5),
        )
        await clients.close_sockets()
        return {
            "messages_per_s": interval.judged_count / interval.spent.seconds,
            "deliveries_per_s": interval.deliveries / interval.spent.seconds,
            **interval.costs(),
            **interval.latencies(),
            **interval.failures(),
            "refused_share": clients.refused / len(clients.sent),
        }


class TwentyRooms(Throughput):
    name = "w2"
    title = "W2: 50 messages in flight in 20 rooms"
    rooms = 20


class OneRoom(Throughput):
    name = "w2-one-room"
    title = "W2: 50 messages in flight in one room of 50"
    rooms = 1
