"""W4: sockets that are open, signed in, and silent."""

import asyncio
from typing import ClassVar

from benchmarks.harness.figures import Figures
from benchmarks.harness.load import Crowd, run
from benchmarks.stacks.base import Stack
from benchmarks.workloads.base import Scale, Workload

KIB = 1024
SETTLED = 1.0  # seconds until what opening them took is given back
RESTED = 3.0  # seconds in which nothing happens
WARM = 200  # sockets that come first


class Idle(Workload):
    name = "w4"
    title = "W4: 1,000 silent sockets in 20 rooms"
    sitting = "crowd"
    stacks = ("moderado", "tutorial", "broadcast", "socketio")
    columns: ClassVar = {
        "kib_per_socket": "KiB a socket (all processes)",
        "kib_per_socket_web": "of it the web's",
        "connects_per_s": "connects a second",
        "connects_per_cpu_s": "connects a second of CPU",
        "idle_cpu_share": "cores of CPU while silent",
        "memory_mib": "MiB of the server without them",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(scale.count(1000) + WARM, 20)
        return run(self._sit(Crowd(stack), seats))

    async def _sit(self, crowd: Crowd, seats: list) -> Figures:
        # The first ones have code loaded and pools filled, which is no cost of a socket's.
        await crowd.enter(seats[:WARM])
        await asyncio.sleep(SETTLED)
        memory = crowd.meter.memory()
        before = crowd.meter.read()
        silent = seats[WARM:]
        seconds = await crowd.enter(silent)
        spent = before.until(crowd.meter.read())
        await asyncio.sleep(SETTLED)
        before_rest = crowd.meter.read()
        await asyncio.sleep(RESTED)
        rest = before_rest.until(crowd.meter.read())
        grown = {name: now - memory[name] for name, now in crowd.meter.memory().items()}
        await crowd.leave()
        return {
            "kib_per_socket": sum(grown.values()) / len(silent) / KIB,
            **{f"kib_per_socket_{n}": size / len(silent) / KIB for n, size in grown.items()},
            "connects_per_s": len(silent) / seconds,
            "connects_per_cpu_s": len(silent) / spent.cpu if spent.cpu else 0.0,
            "idle_cpu_share": rest.cpu / rest.seconds,
            "connect_cpu_ms": spent.cpu * 1000 / len(silent),
            **{f"connect_cpu_ms_{n}": s * 1000 / len(silent) for n, s in spent.groups.items()},
            "memory_mib": sum(memory.values()) / KIB / KIB,
        }
