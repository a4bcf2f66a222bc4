"""Results of a run, written as JSON and as Markdown tables."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness.figures import Figures, medians, ratios, spread
from benchmarks.workloads.base import Workload

FOLDER = Path(__file__).resolve().parents[1] / "results"
MAX_LOAD_SHARE = 0.9  # of a core; above it, the load generator may limit the measurement


@dataclass
class Results:
    """`rounds[workload][stack]` has one set of figures per round."""

    date: str
    commit: str
    machine: dict[str, Any]
    rounds: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)  # stack → reason

    def add(self, workload: str, stack: str, figures: Figures) -> None:
        self.rounds.setdefault(workload, {}).setdefault(stack, []).append(figures)

    def write(self, workloads: Mapping[str, Workload], folder: Path = FOLDER) -> Path:
        """Write both files and return the path of the JSON. Existing results are kept."""
        folder.mkdir(exist_ok=True)
        name = f"{self.date}-{self.commit.rstrip('+')}"
        path, number = folder / f"{name}.json", 1
        while path.exists():
            number += 1
            path = folder / f"{name}-{number}.json"
        summary = {
            workload: {stack: medians(rounds) for stack, rounds in by_stack.items()}
            for workload, by_stack in self.rounds.items()
        }
        path.write_text(json.dumps({"medians": summary, **asdict(self)}, indent=1) + "\n")
        path.with_suffix(".md").write_text(self.table(workloads))
        return path

    def table(self, workloads: Mapping[str, Workload]) -> str:
        """Return one table per workload: a line per stack, then the ratios to the first stack."""
        machine = self.machine
        where = (
            f"{machine['cores']} cores ({machine['cpu']}), {machine['memory_gb']} GB, "
            f"Linux {machine['kernel']}"
        )
        if machine.get("settings"):
            where += "; " + ", ".join(
                f"{name}={value}" for name, value in machine["settings"].items()
            )
        lines = [f"# Commit {self.commit}, {self.date}", "", where, ""]
        for name, by_stack in self.rounds.items():
            lines += [f"## {workloads[name].title}", "", *_table(workloads[name], by_stack), ""]
        lines += [f"Not measured: {name}, because {why}" for name, why in self.skipped.items()]
        return "\n".join(lines).rstrip() + "\n"


def format_value(value: float) -> str:
    """Format a value with three significant digits."""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:.{digits}f}"


def _table(workload: Workload, by_stack: Mapping[str, list[Figures]]) -> list[str]:
    columns = workload.columns
    lines = [_row(["", *columns.values(), "rounds"]), _row(["---"] * (len(columns) + 2))]
    for stack, rounds in by_stack.items():
        middle = medians(rounds)
        cells = [_cell(middle, rounds, name) for name in columns]
        lines.append(_row([stack, *cells, str(len(rounds))]))
    first, *others = by_stack
    for other in others:
        parts = ratios(by_stack[first], by_stack[other])
        cells = [f"× {format_value(parts[name])}" if name in parts else "" for name in columns]
        lines.append(_row([f"{first} : {other}", *cells, ""]))
    return [*lines, *_warnings(by_stack)]


def _cell(middle: Figures, rounds: list[Figures], name: str) -> str:
    if name not in middle:
        return "–"
    apart = spread(rounds, name)
    return format_value(middle[name]) + (f" ±{apart / 2:.0%}" if len(rounds) > 1 else "")


def _warnings(by_stack: Mapping[str, list[Figures]]) -> list[str]:
    """Return one sentence for each reason to doubt a line."""
    warnings = []
    for stack, rounds in by_stack.items():
        worst = {name: max(f.get(name, 0) for f in rounds) for name in ("lost", "errors")}
        warnings += [f"{stack}: {number:.0f} {name}" for name, number in worst.items() if number]
        if max(figures.get("load_share", 0) for figures in rounds) > MAX_LOAD_SHARE:
            warnings.append(f"{stack}: the load generator was busy and may limit the measurement")
    return ["", *warnings] if warnings else []


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
