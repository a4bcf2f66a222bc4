"""`make simulate`: what carries a load, what ends first, and how much of it there must be.

`make simulate RATE=1000 ROOMS=200 SOCKETS=25 CORES=4 WEB=2 WORKERS=2` (and HOT=0.1, the share of
all talk that one room has; DATABASE_CORES, SHARDS, SEED) tells of one setup. `SCALE=1` makes the
table of what several loads need, `VALIDATE=1` compares the model with what was measured, `WRITE=1`
writes both into docs/scaling.md. `RESULTS` is a folder or a file in place of the newest result.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.harness.results import FOLDER, shown
from benchmarks.simulate.costs import Costs, measured, newest, read
from benchmarks.simulate.limits import ceiling, enough, first_limit
from benchmarks.simulate.outcome import Outcome, lasting, simulate
from benchmarks.simulate.site import Setup
from benchmarks.simulate.validation import validated

DOCUMENT = Path(__file__).parents[2] / "docs" / "scaling.md"
SCALES = (1, 10, 100, 300)
BUSY_ROOM = 100.0  # messages a second: faster than anybody reads
KNOWN = {field.name: field.type for field in fields(Setup)}


def main() -> int:
    path = Path(os.environ.get("RESULTS") or FOLDER)
    path = newest(path) if path.is_dir() else path
    costs = read(path)
    if os.environ.get("WRITE"):
        write(
            DOCUMENT, path.name, {"scale": scaled(costs), "worth": validated(costs, measured(path))}
        )
        return 0
    print(f"Costs from {path.name}, commit and machine as it says.\n")
    if os.environ.get("VALIDATE"):
        print("\n".join(validated(costs, measured(path))))
    elif os.environ.get("SCALE"):
        print("\n".join(scaled(costs)), flush=True)
    else:
        print("\n".join(told(_asked(), costs)))
    return 0


def write(document: Path, source: str, tables: Mapping[str, Sequence[str]]) -> None:
    """Put each table between the document's marks of its name, with where it is from.

    Raises ValueError where a mark is missing.
    """
    text = document.read_text()
    origin = f"Written on {datetime.now(UTC):%Y-%m-%d} by `make simulate WRITE=1`, from `{source}`."
    for name, lines in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{document} has no place for {name!r}")
        text = before + begin + "\n".join([origin, "", *lines, end]) + after
    document.write_text(text)


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
    """A table: what several loads need, and how they fare with it."""
    heads = ("messages a second", "web", "workers", "cores", "of them PostgreSQL's",
             "stored p50 / p99", "heard p50 / p99", "messages a commit: web, worker",
             "in the way")  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    needed = Setup()
    for factor in SCALES:
        rate = 100.0 * factor
        more = replace(needed, rate=rate, rooms=20 * factor, hot=min(0.1, BUSY_ROOM / rate))
        needed, in_the_way = enough(more, costs)
        lines.append(_row(simulate(lasting(needed), costs), in_the_way))
    return lines


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
        if given is not None and name not in {"locks", "seconds", "crowd"}:
            values[name] = type(getattr(Setup(), name))(given)
    return Setup(**values)


if __name__ == "__main__":
    sys.exit(main())
