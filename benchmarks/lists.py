"""Print what the built-in lists make of labelled texts: `python -m benchmarks.lists FOLDER`.

Reads every CSV and JSONL file of the folder that has the columns `text` and `label` (1: toxic in
the sense of its source). Prints the share of texts with each outcome, with Wilson intervals (95 %),
and the precision of HOLD and BLOCK where a file has both labels.
"""

import argparse
import csv
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import django

_ID = UUID(int=0)
_FIELD_LIMIT = 1 << 24
_Z = 1.96


@dataclass
class Rates:
    """The outcomes of the texts of one file, by label."""

    name: str
    outcomes: dict[int, Counter[str]] = field(default_factory=dict)

    def texts(self, label: int) -> int:
        """Return the number of texts with a label."""
        return sum(self.outcomes.get(label, Counter()).values())

    def at_least(self, label: int, *outcomes: str) -> int:
        """Return how many texts with a label have one of the outcomes."""
        counted = self.outcomes.get(label, Counter())
        return sum(counted[outcome] for outcome in outcomes)

    @property
    def precision(self) -> float | None:
        """The share of toxic texts among those held or blocked; None without both labels."""
        right, wrong = (self.at_least(label, "HOLD", "BLOCK") for label in (1, 0))
        both = self.texts(0) and self.texts(1) and right + wrong
        return right / (right + wrong) if both else None


def measure(folder: Path) -> Iterator[Rates]:
    """Judge the texts of each file in `folder` by the built-in lists alone."""
    from moderado.moderation.decide import CompiledPolicy, decide  # noqa: PLC0415  (set up by now)
    from moderado.moderation.providers.blocklist import BlocklistProvider  # noqa: PLC0415
    from moderado.moderation.types import Content  # noqa: PLC0415

    provider = BlocklistProvider()
    policy = CompiledPolicy(rules=[provider.effects])
    for path in sorted(folder.iterdir()):
        rates = Rates(path.name)
        for text, label in _labelled(path):
            content = Content(subject_type="message", subject_id=_ID, revision=1, text=text)
            verdict = decide(provider.assess([content]), [], policy, content)
            rates.outcomes.setdefault(label, Counter())[verdict.outcome.value] += 1
        if rates.outcomes:
            yield rates


def _labelled(path: Path) -> Iterator[tuple[str, int]]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            csv.field_size_limit(_FIELD_LIMIT)
            rows = csv.DictReader(file)
            if {"text", "label"} <= set(rows.fieldnames or ()):
                yield from ((row["text"], int(row["label"])) for row in rows)
        elif path.suffix == ".jsonl":
            for row in map(json.loads, file):
                if "label" in row:
                    yield row["text"], int(row["label"])


def _share(count: int, whole: int) -> str:
    """Return a share in per cent with its Wilson interval."""
    share, spread = count / whole, _Z * _Z / whole
    centre = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / whole + spread / (4 * whole)) / (1 + spread)
    return f"{share:.2%} ({max(0, centre - half):.2%}-{min(1, centre + half):.2%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with CSV and JSONL files")
    folder = parser.parse_args().folder
    django.setup()
    print("| file | label | texts | flagged or more | held or blocked | precision |")
    print("| --- | --- | --- | --- | --- | --- |")
    for rates in measure(folder):
        for label in sorted(rates.outcomes):
            whole = rates.texts(label)
            flagged = _share(rates.at_least(label, "FLAG", "HOLD", "BLOCK"), whole)
            held = _share(rates.at_least(label, "HOLD", "BLOCK"), whole)
            precise = f"{rates.precision:.3f}" if label and rates.precision is not None else ""
            print(f"| {rates.name} | {label} | {whole:,} | {flagged} | {held} | {precise} |")


if __name__ == "__main__":
    main()
