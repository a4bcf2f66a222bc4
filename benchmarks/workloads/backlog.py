"""W6: the backlog after the worker was stopped."""

import signal
import time
from typing import ClassVar

import psycopg

from benchmarks.harness.figures import Figures, per_item
from benchmarks.harness.proc import Meter
from benchmarks.stacks.base import CannotRun, Stack
from benchmarks.workloads.base import Scale, Workload

TIMEOUT = 120.0  # seconds
POLL_INTERVAL = 0.05  # seconds


class Backlog(Workload):
    name = "w6"
    title = "W6: a backlog of 10,000 messages in 20 rooms (tutorial: 500)"
    group = "backlog"
    stacks = ("moderado", "tutorial")
    columns: ClassVar = {
        "messages_per_s": "judged a second",
        "cpu_ms": "CPU ms per message",
        "cpu_ms_worker": "worker",
        "seconds": "seconds in total",
    }

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        # The worker is suspended until all messages are stored.
        stack.signal("worker", signal.SIGSTOP)
        count = stack.fill(scale.count(stack.backlog))
        meter = Meter(stack.roots)
        before = meter.read()
        stack.signal("worker", signal.SIGCONT)
        _wait_until_judged(stack)
        spent = before.until(meter.read())
        groups = per_item(spent.groups, count, factor=1000)
        return {
            "seconds": spent.seconds,
            "messages_per_s": count / spent.seconds,
            "cpu_ms": sum(groups.values()),
            **{f"cpu_ms_{name}": value for name, value in groups.items()},
        }


def _wait_until_judged(stack: Stack) -> None:
    deadline = time.monotonic() + TIMEOUT
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        while connection.execute(stack.pending_query).fetchone() is not None:
            if time.monotonic() > deadline:
                raise CannotRun(f"the queue was not empty after {TIMEOUT:.0f} s")
            time.sleep(POLL_INTERVAL)
