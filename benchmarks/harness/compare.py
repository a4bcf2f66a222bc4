"""`python -m benchmarks.harness.compare before.json after.json`: what a change changed.

Only stacks that are in both; a difference smaller than the rounds' own is marked `~`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.harness.figures import medians, spread
from benchmarks.harness.results import shown

FEWEST = 3  # rounds, from which it can be told how much they differ by themselves


def compared(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """A line for each figure of each workload and stack."""
    lines = []
    for workload, by_stack in after["rounds"].items():
        for stack, rounds in by_stack.items():
            earlier = before["rounds"].get(workload, {}).get(stack)
            if earlier:
                lines += _lines(f"{workload} {stack}", earlier, rounds)
    return lines


def _lines(what: str, earlier: list[dict[str, float]], rounds: list[dict[str, float]]) -> list[str]:
    old, new = medians(earlier), medians(rounds)
    lines = []
    for name in new:
        if not old.get(name):
            continue
        ratio = new[name] / old[name]
        noise = (spread(earlier, name) + spread(rounds, name)) / 2
        certain = min(len(earlier), len(rounds)) >= FEWEST and abs(ratio - 1) > noise
        mark = " " if certain else "~"
        lines.append(
            f"{what:24} {name:24} {shown(old[name]):>10} {shown(new[name]):>10} {mark}{ratio:.3f}"
        )
    return lines


if __name__ == "__main__":
    results = [json.loads(Path(name).read_text()) for name in sys.argv[1:3]]
    print("\n".join(compared(*results)))
