"""W8: one worker process and a remote provider that takes 300 ms."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

import psycopg

from benchmarks.harness.figures import Figures
from benchmarks.harness.load import Clients, run
from benchmarks.stacks.base import ROOT, Seat, Stack
from benchmarks.workloads.base import Scale, Workload
from moderado.standalone.processes import spawn, stop

RESPONSE_TIME = 0.3  # seconds
RATE = 50  # messages a second
POLL_INTERVAL = 0.1  # seconds

_OPEN = """
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


class LocalRules(Workload):
    """The reference of W8: the same rate with local rules."""

    name = "w8-rules"
    title = "W8: 50 messages a second, local rules, one worker process"
    group = "rules"
    stacks = ("moderado",)
    columns: ClassVar = {
        "ack_p50_ms": "stored p50 (ms)",
        "ack_p99_ms": "p99",
        "verdict_p50_ms": "judged and delivered p50 (ms)",
        "verdict_p99_ms": "p99",
        "longest_transaction_ms": "longest transaction (ms)",
        "cpu_ms": "CPU ms per message",
        "lost": "lost",
    }

    @contextmanager
    def environment(self) -> Iterator[Mapping[str, str]]:
        yield {"WORKER_CONCURRENCY": "1"}

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(20, 4)
        return run(self._measure(Clients(stack), seats, scale))

    async def _measure(self, clients: Clients, seats: list[Seat], scale: Scale) -> Figures:
        await clients.open_sockets(seats)
        await clients.send_at_rate(clients.sockets, rate=RATE, seconds=1)
        watch = asyncio.create_task(_longest_transaction(clients.stack.database_url))
        interval = await clients.send_at_rate(clients.sockets, rate=RATE, seconds=scale.seconds(6))
        watch.cancel()
        longest = await watch
        await clients.close_sockets()
        return {
            **interval.latencies(),
            "longest_transaction_ms": longest * 1000,
            **interval.costs(),
            **interval.failures(),
        }


class Remote(LocalRules):
    name = "w8"
    title = "W8: the same with a remote provider that takes 300 ms"
    group = "remote"

    @contextmanager
    def environment(self) -> Iterator[Mapping[str, str]]:
        with _service() as url, super().environment() as environment:
            options = {"url": url, "idempotent": False}
            entry = {"BACKEND": "tests.faults.providers.Remote", "OPTIONS": options}
            yield {**environment, "MODERATION_PROVIDERS": json.dumps([entry])}


@contextmanager
def _service() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.harness.judge", str(RESPONSE_TIME)]
    process = spawn(command, output=subprocess.PIPE, stdin=subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/judge"
    finally:
        process.communicate()
        stop(process, signal.SIGTERM, seconds=5)


async def _longest_transaction(url: str) -> float:
    """Poll until cancelled; return the greatest age of an open transaction, in seconds."""
    longest = 0.0
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        try:
            while True:
                row = await (await connection.execute(_OPEN)).fetchone()
                longest = max(longest, row[0] if row else 0.0)
                await asyncio.sleep(POLL_INTERVAL)
        except asyncio.CancelledError:
            return longest
