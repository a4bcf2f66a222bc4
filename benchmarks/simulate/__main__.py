"""`make simulate`: what carries a load, what ends first, and how much of it there must be.

`make simulate RATE=1000 ROOMS=200 SOCKETS=25 CORES=4 WEB=2 WORKERS=2` (and HOT=0.1, the share of
all talk that one room has; DATABASE_CORES, SHARDS, SEED) tells of one setup. `SCALE=1` makes the
table of docs/scaling.md, `VALIDATE=1` compares the model with what was measured.
"""

import os
import sys
from dataclasses import fields, replace
from pathlib import Path

from benchmarks.harness.results import FOLDER, shown
from benchmarks.simulate.costs import Costs, measured, newest, read
from benchmarks.simulate.limits import ceiling, enough, first_limit
from benchmarks.simulate.model import Setup
from benchmarks.simulate.outcome import Outcome, lasting, simulate

SCALES = (1, 10, 100, 1000)
BUSY_ROOM = 100.0  # messages a second: faster than anybody reads
MARGIN = 0.25
KNOWN = {field.name: field.type for field in fields(Setup)}
# What a workload is to the model; `taken` is the load generator's share of a core there.
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
    "cpu_ms": "CPU ms a message",
}


def main() -> int:
    path = newest(Path(os.environ.get("RESULTS") or FOLDER))
    costs = read(path)
    print(f"Costs from {path.name}, commit and machine as it says.\n")
    if os.environ.get("VALIDATE"):
        print("\n".join(validated(costs, measured(path))))
    elif os.environ.get("SCALE"):
        print("\n".join(scaled(costs)), flush=True)
    else:
        print("\n".join(told(_asked(), costs)))
    return 0


def told(setup: Setup, costs: Costs) -> list[str]:
    """One setup under its load: what comes through, what is busy, where it ends."""
    now = simulate(lasting(setup), costs)
    lines = [f"{name:22} {shown(value)}" for name, value in _figures(now).items()]
    lines += ["", "busy:"]
    lines += [f"  {name:20} {share:6.0%}" for name, share in now.busy.items()]
    top = ceiling(setup, costs)
    name, gain = first_limit(replace(setup, rate=top * 1.3), costs)
    lines += ["", f"Carries up to {shown(top)} messages a second; then ends first: {name}"]
    lines[-1] += f" (twice of it: {gain - 1:+.0%})."
    if not now.is_carried:
        needed, in_the_way = enough(setup, costs)
        lines += [f"This load needs {_processes(needed)}{_unless(in_the_way)}."]
    return lines


def scaled(costs: Costs) -> list[str]:
    """The table of docs/scaling.md, and how much one room carries by itself."""
    heads = ("messages a second", "web", "workers", "cores", "of them PostgreSQL's",
             "stored p50 / p99", "heard p50 / p99", "messages a commit: web, worker",
             "in the way")  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for factor in SCALES:
        rate = 100.0 * factor
        setup = Setup(rate=rate, rooms=20 * factor, hot=min(0.1, BUSY_ROOM / rate))
        needed, in_the_way = enough(setup, costs)
        lines.append(_row(simulate(lasting(needed), costs), in_the_way))
    alone = Setup(rate=500, rooms=1, hot=0, cores=16, web=4, workers=4)
    lines += ["", f"One room of 25 by itself: {shown(ceiling(alone, costs))} messages a second."]
    return lines


def validated(costs: Costs, result: dict[str, dict[str, float]]) -> list[str]:
    """Model and measurement side by side; what is farther off than the margin says so."""
    lines = ["| | simulated | measured | |", "| --- | --- | --- | --- |"]
    for workload, setup in WORKLOADS.items():
        if workload not in result:
            continue
        there = result[workload]
        here = _as_measured(simulate(replace(setup, taken=there["load_share"]), costs))
        for name, title in COMPARED.items():
            if name in there:
                off = here[name] / there[name] - 1
                mark = f"{off:+.0%}" + (" **" if abs(off) > MARGIN else "")
                values = f"{shown(here[name])} | {shown(there[name])}"
                lines.append(f"| {workload}: {title} | {values} | {mark} |")
    return [*lines, "", f"**: farther off than {MARGIN:.0%}."]


def _as_measured(now: Outcome) -> dict[str, float]:
    waits = now.waits
    return {
        "messages_per_s": now.heard,
        "ack_p50_ms": waits["stored_p50_ms"],
        "ack_p99_ms": waits["stored_p99_ms"],
        "verdict_p50_ms": waits["heard_p50_ms"],
        "verdict_p99_ms": waits["heard_p99_ms"],
        "cpu_ms": sum(now.cpu.values()),
    }


def _figures(now: Outcome) -> dict[str, float]:
    waits = {name.replace("_", " "): value for name, value in now.waits.items()}
    return {"said a second": now.said, "heard a second": now.heard, **waits} | {
        f"CPU ms a message: {name}"[:22]: value for name, value in now.cpu.items()
    }


def _row(now: Outcome, in_the_way: list[str]) -> str:
    setup, waits, batches = now.setup, now.waits, now.batches
    cells = (
        f"{setup.rate:,.0f}",
        str(setup.web),
        str(setup.workers),
        str(setup.cores),
        shown(now.cpu["postgres"] * now.heard / 1000),
        f"{shown(waits['stored_p50_ms'])} / {shown(waits['stored_p99_ms'])} ms",
        f"{shown(waits['heard_p50_ms'])} / {shown(waits['heard_p99_ms'])} ms",
        f"{shown(batches['stored'])}, {shown(batches['judged'])}",
        ", ".join(in_the_way) or ("–" if now.is_carried else "not carried"),
    )
    return f"| {' | '.join(cells)} |"


def _processes(setup: Setup) -> str:
    return f"{setup.web} web and {setup.workers} worker processes on {setup.cores} cores"


def _unless(in_the_way: list[str]) -> str:
    return f", and something else than one of: {', '.join(in_the_way)}" if in_the_way else ""


def _asked() -> Setup:
    """What the environment says in place of the defaults."""
    values = {}
    for name in KNOWN:
        given = os.environ.get(name.upper())
        if given is not None and name not in {"locks", "seconds"}:
            values[name] = type(getattr(Setup(), name))(given)
    return Setup(**values)


if __name__ == "__main__":
    sys.exit(main())
