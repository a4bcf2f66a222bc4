"""What was measured, for machines (JSON) and for people (Markdown)."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness.figures import Figures, medians, ratios, spread
from benchmarks.workloads.base import Workload

FOLDER = Path(__file__).resolve().parents[1] / "results"
BUSY = 0.9  # of a core: with more, the load generator may be what was measured


@dataclass
class Results:
    """`rounds[workload][stack]` has one set of figures a round."""

    date: str
    commit: str
    machine: dict[str, Any]
    rounds: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)  # stack or workload → why

    def add(self, workload: str, stack: str, figures: Figures) -> None:
        self.rounds.setdefault(workload, {}).setdefault(stack, []).append(figures)

    def write(self, workloads: Mapping[str, Workload], folder: Path = FOLDER) -> Path:
        """Both files; the path of the JSON. A result that is there already stays."""
        folder.mkdir(exist_ok=True)
        name = f"{self.date}-{self.commit.rstrip('+')}"
        path, again = folder / f"{name}.json", 1
        while path.exists():
            again += 1
            path = folder / f"{name}-{again}.json"
        summary = {
            workload: {stack: medians(rounds) for stack, rounds in by_stack.items()}
            for workload, by_stack in self.rounds.items()
        }
        path.write_text(json.dumps({"medians": summary, **asdict(self)}, indent=1) + "\n")
        path.with_suffix(".md").write_text(self.table(workloads))
        return path

    def table(self, workloads: Mapping[str, Workload]) -> str:
        """One table a workload: a line a stack, then what ours comes to beside each other one."""
        of = self.machine
        where = f"{of['cores']} cores ({of['cpu']}), {of['memory_gb']} GB, Linux {of['kernel']}"
        if of.get("settings"):
            where += "; " + ", ".join(f"{name}={value}" for name, value in of["settings"].items())
        lines = [f"# Commit {self.commit}, {self.date}", "", where, ""]
        for name, by_stack in self.rounds.items():
            lines += [f"## {workloads[name].title}", "", *_table(workloads[name], by_stack), ""]
        lines += [f"Not measured: {name}, because {why}" for name, why in self.skipped.items()]
        return "\n".join(lines).rstrip() + "\n"


def shown(value: float) -> str:
    """Three digits that matter."""
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
        cells = [f"× {shown(parts[name])}" if name in parts else "" for name in columns]
        lines.append(_row([f"{first} : {other}", *cells, ""]))
    return [*lines, *_doubts(by_stack)]


def _cell(middle: Figures, rounds: list[Figures], name: str) -> str:
    if name not in middle:
        return "–"
    apart = spread(rounds, name)
    return shown(middle[name]) + (f" ±{apart / 2:.0%}" if len(rounds) > 1 else "")


def _doubts(by_stack: Mapping[str, list[Figures]]) -> list[str]:
    """What makes a line doubtful, a sentence each."""
    found = []
    for stack, rounds in by_stack.items():
        worst = {name: max(f.get(name, 0) for f in rounds) for name in ("lost", "errors")}
        found += [f"{stack}: {number:.0f} {name}" for name, number in worst.items() if number]
        if max(figures.get("load_share", 0) for figures in rounds) > BUSY:
            found.append(f"{stack}: the load generator was busy, and may be what was measured")
    return ["", *found] if found else []


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
