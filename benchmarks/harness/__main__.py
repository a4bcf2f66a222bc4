"""`make bench`: run every workload on every stack, three rounds, the stacks taking turns.

`WORKLOAD=w2,w3 STACKS=moderado,tutorial ROUNDS=1` selects parts. `QUICK=1` runs short versions and
keeps no figures. Results go to benchmarks/results, or to the folder RESULTS.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from benchmarks.harness import machine
from benchmarks.harness.registry import STACKS, WORKLOADS
from benchmarks.harness.results import FOLDER, Results, format_value
from benchmarks.stacks.base import CannotRun
from benchmarks.workloads.base import Scale, Workload

# Variables of the caller that would change what is measured.
_REMOVED_VARIABLES = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "BROKER_URL",
    "LAYER_URL",
    "WEB_CONCURRENCY",
)
_QUICK = Scale(time=0.2, size=0.1)


def main() -> int:
    workloads = [WORKLOADS[name] for name in _chosen("WORKLOAD", WORKLOADS)]
    stacks = _chosen("STACKS", STACKS)
    rounds = int(os.environ.get("ROUNDS", "3"))
    scale = _QUICK if os.environ.get("QUICK") else Scale()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # runs the finally blocks
    for name in _REMOVED_VARIABLES:
        os.environ.pop(name, None)
    now = datetime.now(UTC)
    results = Results(f"{now:%Y-%m-%d}", machine.commit(), machine.machine())
    began = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="moderado-bench-"))
    scratch.chmod(0o711)  # PostgreSQL may run as another account if started by root
    print(f"Load average before the start: {results.machine['load_before']:.1f}", flush=True)
    try:
        (scratch / "templates").mkdir(mode=0o711)
        for number in range(rounds):
            for _, group in groupby(workloads, key=lambda each: each.group):
                _run_group(list(group), stacks, scratch, scale, results, number=number)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        print(f"\n{results.table(WORKLOADS)}\n{time.monotonic() - began:.0f} s", flush=True)
    if scale == Scale():
        folder = Path(os.environ.get("RESULTS") or FOLDER)
        print(f"Written to {results.write(WORKLOADS, folder)}")
    return 0


def _run_group(
    workloads: list[Workload],
    stacks: Iterable[str],
    scratch: Path,
    scale: Scale,
    results: Results,
    *,
    number: int,
) -> None:
    """Run one round of the workloads that share a started stack, on each stack."""
    for name in stacks:
        due = [each for each in workloads if name in each.stacks and _is_due(each, number)]
        if not due or name in results.skipped:
            continue
        try:
            with (
                due[0].environment() as environment,
                STACKS[name].running(scratch / "run", scratch / "templates", environment) as stack,
            ):
                for workload in due:
                    figures = workload.measure(stack, scale)
                    results.add(workload.name, name, figures)
                    _print_figures(workload, name, number, figures)
        except CannotRun as reason:
            results.skipped[name] = str(reason)
            print(f"{name}: skipped, because {reason}", flush=True)


def _is_due(workload: Workload, number: int) -> bool:
    return workload.rounds is None or number < workload.rounds


def _print_figures(workload: Workload, stack: str, number: int, figures: dict[str, float]) -> None:
    text = ", ".join(f"{name} {format_value(value)}" for name, value in figures.items())
    print(f"{number + 1} {workload.name:12} {stack:10} {text}", flush=True)


def _chosen(variable: str, known: Iterable[str]) -> list[str]:
    """Return the names that the variable selects. A prefix selects several (`w2`: both of W2)."""
    wanted = [name for name in os.environ.get(variable, "").split(",") if name]
    for name in wanted:
        if not any(each.startswith(name) for each in known):
            sys.exit(f"{variable}={name} is unknown; known are {', '.join(known)}")
    return [n for n in known if not wanted or any(n.startswith(name) for name in wanted)]


if __name__ == "__main__":
    sys.exit(main())
