"""W8: judged by somebody on the network who takes 300 ms, by one worker process."""

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
from benchmarks.harness.load import Crowd, run
from benchmarks.stacks.base import ROOT, Stack
from benchmarks.workloads.base import Scale, Workload
from moderado.standalone.processes import spawn, stop

THINKS = 0.3  # seconds
RATE = 50  # messages a second
LOOK = 0.1  # seconds between two looks at the transactions

_OPEN = """
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


class RulesAlone(Workload):
    """What W8 is compared with: the same pace, judged where the worker is."""

    name = "w8-rules"
    title = "W8: 50 messages a second, judged by the rules, one worker process"
    sitting = "rules"
    stacks = ("moderado",)
    columns: ClassVar = {
        "ack_p50_ms": "stored p50 (ms)",
        "ack_p99_ms": "p99",
        "verdict_p50_ms": "judged and heard p50 (ms)",
        "verdict_p99_ms": "p99",
        "longest_transaction_ms": "longest transaction seen (ms)",
        "cpu_ms": "CPU ms a message",
        "lost": "lost",
    }

    @contextmanager
    def surroundings(self) -> Iterator[Mapping[str, str]]:
        yield {"WORKER_CONCURRENCY": "1"}

    def measure(self, stack: Stack, scale: Scale) -> Figures:
        seats = stack.populate(20, 4)
        return run(self._talk(Crowd(stack), seats, scale))

    async def _talk(self, crowd: Crowd, seats: list, scale: Scale) -> Figures:
        await crowd.enter(seats)
        await crowd.talk_at(crowd.sockets, rate=RATE, seconds=1)
        watch = asyncio.create_task(_longest_transaction(crowd.stack.database_url))
        stretch = await crowd.talk_at(crowd.sockets, rate=RATE, seconds=scale.seconds(6))
        watch.cancel()
        longest = await watch
        await crowd.leave()
        return {
            **stretch.waits(),
            "longest_transaction_ms": longest * 1000,
            **stretch.costs(),
            **stretch.failures(),
        }


class Remote(RulesAlone):
    name = "w8"
    title = "W8: the same, judged by a service that takes 300 ms"
    sitting = "remote"

    @contextmanager
    def surroundings(self) -> Iterator[Mapping[str, str]]:
        with _judge() as url, super().surroundings() as environment:
            options = {"url": url, "idempotent": False}
            entry = {"BACKEND": "tests.faults.providers.Remote", "OPTIONS": options}
            yield {**environment, "MODERATION_PROVIDERS": json.dumps([entry])}


@contextmanager
def _judge() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.harness.judge", str(THINKS)]
    process = spawn(command, output=subprocess.PIPE, stdin=subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/judge"
    finally:
        process.communicate()
        stop(process, signal.SIGTERM, seconds=5)


async def _longest_transaction(url: str) -> float:
    """The age of the oldest transaction that was ever seen open, until this is cancelled."""
    longest = 0.0
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        try:
            while True:
                row = await (await connection.execute(_OPEN)).fetchone()
                longest = max(longest, row[0] if row else 0.0)
                await asyncio.sleep(LOOK)
        except asyncio.CancelledError:
            return longest
