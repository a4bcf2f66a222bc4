"""W3: rooms with many receiving sockets."""

from typing import ClassVar

from benchmarks.harness.figures import Figures, milliseconds
from benchmarks.harness.load import Clients, Interval, run
from benchmarks.stacks.base import Seat, Stack
from benchmarks.workloads.base import Scale, Workload

SENDERS = 20


def _deliveries(interval: Interval) -> Figures:
    spent = interval.spent
    return {
        "deliveries_per_s": interval.deliveries / spent.seconds,
        "cpu_us": spent.cpu * 1e6 / max(interval.deliveries, 1),
        "cpu_us_web": spent.groups["web"] * 1e6 / max(interval.deliveries, 1),
        **milliseconds(interval.delays, "delivery"),
        "load_share": spent.load_share,
        **interval.failures(),
    }


class FanOut(Workload):
    """Maximum throughput: 20 users of one room keep one message each in flight."""

    name = "w3"
    title = "W3: one room of 500 sockets, 20 messages in flight"
    group = "crowd"
    stacks = ("moderado", "tutorial", "broadcast", "socketio")
    columns: ClassVar = {
        "deliveries_per_s": "deliveries a second",
        "cpu_us": "CPU µs per delivery",
        "cpu_us_web": "web",
        "load_share": "load generator (cores)",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(scale.count(500), 1)
        return run(self._listen(Clients(stack, delays=[]), seats, scale))

    async def _listen(self, clients: Clients, seats: list[Seat], scale: Scale) -> Figures:
        await clients.open_sockets(seats)
        interval = await clients.send_in_turn(
            clients.sockets[:SENDERS],
            in_flight=SENDERS,
            warm_up=scale.seconds(1.5),
            seconds=scale.seconds(5),
        )
        await clients.close_sockets()
        return _deliveries(interval)


class LargeRoom(Workload):
    """A constant rate that must reach every socket."""

    name = "w3-2000"
    title = "W3: one room of 2,000 sockets, 5 messages a second"
    group = "crowd"
    stacks = ("moderado", "broadcast", "socketio")
    columns: ClassVar = {
        "delivered_share": "delivered",
        "delivery_p50_ms": "delivered p50 (ms)",
        "delivery_p99_ms": "p99",
        "cpu_us": "CPU µs per delivery",
        "load_share": "load generator (cores)",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(scale.count(2000), 1)
        return run(self._listen(Clients(stack, delays=[]), seats, scale))

    async def _listen(self, clients: Clients, seats: list[Seat], scale: Scale) -> Figures:
        await clients.open_sockets(seats)
        senders = clients.sockets[:SENDERS]
        await clients.send_at_rate(senders, rate=5, seconds=1)
        interval = await clients.send_at_rate(senders, rate=5, seconds=scale.seconds(6))
        await clients.close_sockets()
        return {"delivered_share": interval.delivered(len(seats)), **_deliveries(interval)}
