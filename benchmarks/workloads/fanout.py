"""W3 and W4: many sockets that listen."""

from typing import ClassVar

from benchmarks.harness.figures import Figures, milliseconds
from benchmarks.harness.load import Crowd, Stretch, run
from benchmarks.stacks.base import Stack
from benchmarks.workloads.base import Scale, Workload

SPEAKERS = 20


def _deliveries(stretch: Stretch) -> Figures:
    spent = stretch.spent
    return {
        "deliveries_per_s": stretch.deliveries / spent.seconds,
        "cpu_us": spent.cpu * 1e6 / max(stretch.deliveries, 1),
        "cpu_us_web": spent.groups["web"] * 1e6 / max(stretch.deliveries, 1),
        **milliseconds(stretch.delays, "delivery"),
        "load_share": spent.load_share,
        **stretch.failures(),
    }


class FanOut(Workload):
    """As much as goes: 20 people of one room keep a message under way each."""

    name = "w3"
    title = "W3: one room of 500 sockets, 20 messages under way"
    sitting = "crowd"
    stacks = ("moderado", "tutorial", "broadcast", "socketio")
    columns: ClassVar = {
        "deliveries_per_s": "deliveries a second",
        "cpu_us": "CPU µs a delivery",
        "cpu_us_web": "of it the web's",
        "load_share": "the load's share of a core",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(scale.count(500), 1)
        return run(self._listen(Crowd(stack, delays=[]), seats, scale))

    async def _listen(self, crowd: Crowd, seats: list, scale: Scale) -> Figures:
        await crowd.enter(seats)
        stretch = await crowd.talk_in_turn(
            crowd.sockets[:SPEAKERS],
            in_flight=SPEAKERS,
            warm_up=scale.seconds(1.5),
            seconds=scale.seconds(5),
        )
        await crowd.leave()
        return _deliveries(stretch)


class LargeRoom(Workload):
    """A steady pace that must reach everybody."""

    name = "w3-2000"
    title = "W3: one room of 2,000 sockets, 5 messages a second"
    sitting = "crowd"
    stacks = ("moderado", "broadcast", "socketio")
    columns: ClassVar = {
        "delivered_share": "delivered",
        "delivery_p50_ms": "heard p50 (ms)",
        "delivery_p99_ms": "p99",
        "cpu_us": "CPU µs a delivery",
        "load_share": "the load's share of a core",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(scale.count(2000), 1)
        return run(self._listen(Crowd(stack, delays=[]), seats, scale))

    async def _listen(self, crowd: Crowd, seats: list, scale: Scale) -> Figures:
        await crowd.enter(seats)
        speakers = crowd.sockets[:SPEAKERS]
        await crowd.talk_at(speakers, rate=5, seconds=1)
        stretch = await crowd.talk_at(speakers, rate=5, seconds=scale.seconds(6))
        await crowd.leave()
        return {"delivered_share": stretch.delivered(len(seats)), **_deliveries(stretch)}
