"""W4: open, authenticated, idle sockets."""

import asyncio
from typing import ClassVar

from benchmarks.harness.figures import Figures
from benchmarks.harness.load import Clients, run
from benchmarks.stacks.base import Seat, Stack
from benchmarks.workloads.base import Scale, Workload

KIB = 1024
# Seconds after which each worker process has run its first periodic tasks, which load code.
WORKER_WARM_UP = 8.0
SETTLE = 1.0  # seconds until memory used for opening is released
IDLE = 3.0  # seconds in which nothing happens
WARM_UP = 200  # sockets opened first


class Idle(Workload):
    name = "w4"
    title = "W4: 1,000 idle sockets in 20 rooms"
    group = "crowd"
    stacks = ("moderado", "tutorial", "broadcast", "socketio")
    columns: ClassVar = {
        "kib_per_socket": "KiB per socket (all processes)",
        "kib_per_socket_web": "web",
        "connects_per_s": "connects a second",
        "connects_per_cpu_s": "connects per second of CPU",
        "idle_cpu_share": "CPU cores while idle",
        "memory_mib": "MiB of the server before",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(scale.count(1000) + WARM_UP, 20)
        return run(self._measure(Clients(stack), seats))

    async def _measure(self, clients: Clients, seats: list[Seat]) -> Figures:
        # The first sockets load code and fill pools, which is no cost of a socket.
        await clients.open_sockets(seats[:WARM_UP])
        await asyncio.sleep(WORKER_WARM_UP)
        memory = clients.meter.memory()
        before = clients.meter.read()
        idle_seats = seats[WARM_UP:]
        seconds = await clients.open_sockets(idle_seats)
        spent = before.until(clients.meter.read())
        await asyncio.sleep(SETTLE)
        before_rest = clients.meter.read()
        await asyncio.sleep(IDLE)
        rest = before_rest.until(clients.meter.read())
        grown = {name: now - memory[name] for name, now in clients.meter.memory().items()}
        await clients.close_sockets()
        return {
            "kib_per_socket": sum(grown.values()) / len(idle_seats) / KIB,
            **{f"kib_per_socket_{n}": size / len(idle_seats) / KIB for n, size in grown.items()},
            "connects_per_s": len(idle_seats) / seconds,
            "connects_per_cpu_s": len(idle_seats) / spent.cpu if spent.cpu else 0.0,
            "idle_cpu_share": rest.cpu / rest.seconds,
            "connect_cpu_ms": spent.cpu * 1000 / len(idle_seats),
            **{f"connect_cpu_ms_{n}": s * 1000 / len(idle_seats) for n, s in spent.groups.items()},
            "memory_mib": sum(memory.values()) / KIB / KIB,
        }
