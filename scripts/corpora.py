"""Reads labelled texts for training and evaluation: CSV and JSON Lines, as docs/evaluation.md says.

A fixed part of each corpus is never trained on: which one, follows from the id of the text alone.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from zlib import crc32

_LONGEST_FIELD = 10_000_000
_PARTS = 10


class Part(StrEnum):
    """What a text serves for."""

    HELD = "held"  # evaluation
    CALIBRATION = "calibration"
    TRAINING = "training"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its label: 1 is abusive in the sense of its source."""

    id: str
    text: str
    label: int
    lang: str = ""
    source: str = ""
    votes: int | None = None  # of three annotators
    kind: str = ""  # of disguise, or of ordinary text
    term: str = ""

    @property
    def part(self) -> Part:
        """A fifth is held, a tenth calibrates."""
        place = crc32(self.id.encode()) % _PARTS
        if place % 5 == 0:
            return Part.HELD
        return Part.CALIBRATION if place == 1 else Part.TRAINING


def read(path: Path) -> list[Labelled]:
    """Read one file. Raises OSError or ValueError, with the place of the mistake."""
    rows = _csv_rows(path) if path.suffix == ".csv" else _json_rows(path)
    return [_labelled(path, number, row) for number, row in enumerate(rows, start=1)]


def _csv_rows(path: Path) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(_LONGEST_FIELD)
    with path.open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def _labelled(path: Path, number: int, row: dict[str, Any]) -> Labelled:
    try:
        return Labelled(
            id=row.get("id") or f"{path.stem}-{number}",
            text=row["text"],
            label=int(row["label"]),
            lang=row.get("lang", ""),
            source=row.get("source", ""),
            votes=int(row["votes"]) if row.get("votes") else None,
            kind=row.get("cls", ""),
            term=row.get("term") or row.get("word") or "",
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name}, row {number}: {error!r}") from error
