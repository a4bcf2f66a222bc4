"""W6: what has piled up while no worker ran."""

import signal
import time
from typing import ClassVar

import psycopg

from benchmarks.harness.figures import Figures, shared
from benchmarks.harness.proc import Meter
from benchmarks.stacks.base import CannotRun, Stack
from benchmarks.workloads.base import Scale, Workload

LONGEST = 120.0  # seconds
LOOK = 0.05  # seconds between two looks at the queue


class Backlog(Workload):
    name = "w6"
    title = "W6: a queue of 10,000 waiting messages in 20 rooms (the tutorial: of 500)"
    sitting = "backlog"
    stacks = ("moderado", "tutorial")
    columns: ClassVar = {
        "messages_per_s": "judged a second",
        "cpu_ms": "CPU ms a message",
        "cpu_ms_worker": "of it the worker's",
        "seconds": "seconds in all",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        # Those who judge stand still, as if they had been away, until everything waits.
        stack.signal("worker", signal.SIGSTOP)
        count = stack.fill(scale.count(stack.backlog))
        meter = Meter(stack.roots)
        before = meter.read()
        stack.signal("worker", signal.SIGCONT)
        _wait_until_none_waits(stack)
        spent = before.until(meter.read())
        groups = shared(spent.groups, count, factor=1000)
        return {
            "seconds": spent.seconds,
            "messages_per_s": count / spent.seconds,
            "cpu_ms": sum(groups.values()),
            **{f"cpu_ms_{name}": value for name, value in groups.items()},
        }


def _wait_until_none_waits(stack: Stack) -> None:
    deadline = time.monotonic() + LONGEST
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        while connection.execute(stack.waiting).fetchone() is not None:
            if time.monotonic() > deadline:
                raise CannotRun(f"the queue was not empty after {LONGEST:.0f} s")
            time.sleep(LOOK)
