"""`make bench`: every workload on every stack, in turn, three times.

`WORKLOAD=w2,w3 STACKS=moderado,tutorial ROUNDS=1` does parts of it; `QUICK=1` only shows that all
of it works. Results go to benchmarks/results, or to the folder RESULTS.
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
from benchmarks.harness.results import FOLDER, Results, shown
from benchmarks.stacks.base import CannotRun
from benchmarks.workloads.base import Scale, Workload

# Of the caller's environment: would change what is measured.
_NOT_OURS = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "LAYER_URL", "WEB_CONCURRENCY")
_QUICK = Scale(time=0.2, size=0.1)


def main() -> int:
    workloads = _chosen("WORKLOAD", WORKLOADS)
    stacks = _chosen("STACKS", STACKS)
    rounds = int(os.environ.get("ROUNDS", "3"))
    scale = _QUICK if os.environ.get("QUICK") else Scale()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and tidy up
    for name in _NOT_OURS:
        os.environ.pop(name, None)
    now = datetime.now(UTC)
    results = Results(f"{now:%Y-%m-%d}", machine.commit(), machine.machine())
    began = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="moderado-bench-"))
    scratch.chmod(0o711)  # root's PostgreSQL may have to run as somebody else
    print(f"The machine has {results.machine['load_before']:.1f} to do already.", flush=True)
    try:
        (scratch / "templates").mkdir(mode=0o711)
        for number in range(rounds):
            for _, sitting in groupby(workloads, key=lambda each: each.sitting):
                _sit(list(sitting), stacks, scratch, scale, results, number=number)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        print(f"\n{results.table(WORKLOADS)}\n{time.monotonic() - began:.0f} s", flush=True)
    if scale == Scale():
        folder = Path(os.environ.get("RESULTS") or FOLDER)
        print(f"Kept in {results.write(WORKLOADS, folder)}")
    return 0


def _sit(
    workloads: list[Workload],
    stacks: Iterable[str],
    scratch: Path,
    scale: Scale,
    results: Results,
    *,
    number: int,
) -> None:
    """One round of the workloads that share a start, on one stack after the other."""
    for name in stacks:
        mine = [each for each in workloads if name in each.stacks and _is_due(each, number)]
        if not mine or name in results.skipped:
            continue
        try:
            with (
                mine[0].surroundings() as environment,
                STACKS[name].running(scratch / "run", scratch / "templates", environment) as stack,
            ):
                for workload in mine:
                    figures = workload.measure(stack, scale)
                    results.add(workload.name, name, figures)
                    _tell(workload, name, number, figures)
        except CannotRun as reason:
            results.skipped[name] = str(reason)
            print(f"{name}: skipped, because {reason}", flush=True)


def _is_due(workload: Workload, number: int) -> bool:
    return workload.rounds is None or number < workload.rounds


def _tell(workload: Workload, stack: str, number: int, figures: dict[str, float]) -> None:
    said = ", ".join(f"{name} {shown(value)}" for name, value in figures.items())
    print(f"{number + 1} {workload.name:12} {stack:10} {said}", flush=True)


def _chosen(variable: str, known: dict) -> list:
    """What the variable names, by whole names or by their beginnings (w2: both of W2)."""
    wanted = [name for name in os.environ.get(variable, "").split(",") if name]
    for name in wanted:
        if not any(each.startswith(name) for each in known):
            sys.exit(f"{variable}={name}: there are {', '.join(known)}")
    chosen = [n for n in known if not wanted or any(n.startswith(name) for name in wanted)]
    return [known[name] for name in chosen] if known is WORKLOADS else chosen


if __name__ == "__main__":
    sys.exit(main())
