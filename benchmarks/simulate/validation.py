"""The model beside what was measured: W1, W2 and its one room.

CPU of W1 is compared without what the server spends while nobody talks, which the model leaves out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from benchmarks.harness.figures import Figures
from benchmarks.harness.results import shown
from benchmarks.simulate.costs import Costs, Medians, awake
from benchmarks.simulate.outcome import Outcome, simulate
from benchmarks.simulate.site import Setup
from benchmarks.simulate.table import STEPS_MS, W2

MARGIN = 0.25
# What a workload is to the model.
WORKLOADS = {
    "w1": Setup(rate=20, rooms=1, hot=0, sockets=10, seconds=60),
    "w2": Setup(rate=0, in_flight=50, rooms=20, hot=0, sockets=3, seconds=20),
    "w2-one-room": Setup(rate=0, in_flight=50, rooms=1, hot=0, sockets=50, seconds=20),
}
COMPARED = {
    "messages_per_s": "messages a second",
    "ack_p50_ms": "stored p50 (ms)",
    "ack_p99_ms": "stored p99 (ms)",
    "verdict_p50_ms": "heard p50 (ms)",
    "verdict_p99_ms": "heard p99 (ms)",
    "cpu_ms": "CPU a message (ms)",
    "cpu_ms_web": "of it the web's",
    "cpu_ms_worker": "of it the worker's",
    "cpu_ms_postgres": "of it PostgreSQL's",
    "cpu_ms_valkey": "of it Valkey's",
}


def validated(costs: Costs, result: Medians) -> list[str]:
    """A table: model and measurement side by side; what is farther off than the margin says so."""
    lines = ["| | simulated | measured | |", "| --- | --- | --- | --- |"]
    for workload, setup in WORKLOADS.items():
        there = result.get(workload)
        if there is None:
            continue
        now = simulate(_with_clients(setup, there), costs)
        here = _as_measured(now)
        if workload == "w1":
            there = {**there, **_milliseconds(awake(result))}
        for name, title in COMPARED.items():
            if name in there:
                lines.append(_row(f"{workload}: {title}", here[name], there[name]))
        if workload == "w2":
            lines += _inside(now)
    return [*lines, "", f"**: farther off than {MARGIN:.0%}."]


def _milliseconds(seconds: Mapping[str, float]) -> Figures:
    parts = {f"cpu_ms_{name}": value * 1000 for name, value in seconds.items()}
    return {"cpu_ms": sum(parts.values()), **parts}


def _with_clients(setup: Setup, there: Figures) -> Setup:
    """The load generator's share of a core belongs to the messages that it sent and heard."""
    return replace(setup, crowd=there["load_share"] / (setup.rate or there["messages_per_s"]))


def _inside(now: Outcome) -> Iterator[str]:
    yield _row("w2: messages a commit of the web", now.batches["stored"], W2.stored)
    yield _row("w2: messages a commit of the worker", now.batches["judged"], W2.judged)
    for name, measured in STEPS_MS.items():
        yield _row(f"w2: {name} (ms a batch)", now.steps[name], measured)


def _row(title: str, here: float, there: float) -> str:
    off = here / there - 1
    mark = f"{off:+.0%}" + (" **" if abs(off) > MARGIN else "")
    return f"| {title} | {shown(here)} | {shown(there)} | {mark} |"


def _as_measured(now: Outcome) -> Figures:
    waits = {
        name.replace("stored", "ack").replace("heard", "verdict"): value
        for name, value in now.waits.items()
    }
    spent = {name: value / 1000 for name, value in now.cpu.items()}
    return {"messages_per_s": now.heard, **waits, **_milliseconds(spent)}
