"""`python -m benchmarks.harness.compare before.json after.json`: compare two results.

Only stacks in both results are compared. `~` marks a difference within the spread of the rounds.
"""

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.harness.figures import medians, spread
from benchmarks.harness.results import format_value

MIN_ROUNDS = 3  # fewer say nothing about their spread


def compare(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return one line for each figure of each workload and stack."""
    lines = []
    for workload, by_stack in after["rounds"].items():
        for stack, rounds in by_stack.items():
            earlier = before["rounds"].get(workload, {}).get(stack)
            if earlier:
                lines += _lines(f"{workload} {stack}", earlier, rounds)
    return lines


def _lines(
    label: str, earlier: list[dict[str, float]], rounds: list[dict[str, float]]
) -> list[str]:
    old, new = medians(earlier), medians(rounds)
    lines = []
    for name in new:
        if not old.get(name):
            continue
        ratio = new[name] / old[name]
        noise = (spread(earlier, name) + spread(rounds, name)) / 2
        significant = min(len(earlier), len(rounds)) >= MIN_ROUNDS and abs(ratio - 1) > noise
        mark = " " if significant else "~"
        lines.append(
            f"{label:24} {name:24} {format_value(old[name]):>10} {format_value(new[name]):>10} "
            f"{mark}{ratio:.3f}"
        )
    return lines


if __name__ == "__main__":
    results = [json.loads(Path(name).read_text()) for name in sys.argv[1:3]]
    print("\n".join(compare(*results)))
