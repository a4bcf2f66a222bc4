"""Write the rulings of persons as a data set: JSONL and a data card, without personal data."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from moderado.core.commands import command_errors
from moderado.core.operators import OperatorCommand
from moderado.enforcement.services.datasets import Counts, data_card, labelled_rows


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the folder."""
        parser.add_argument("folder", type=Path, help="where to write; it is made if it is missing")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write `train.jsonl`, `test.jsonl` and `README.md`.

        Raises:
            CommandError: The folder cannot be written.
        """
        counts, folder = Counts(), options["folder"]
        with command_errors():
            folder.mkdir(parents=True, exist_ok=True)
            with (
                (folder / "train.jsonl").open("w", encoding="utf-8") as train,
                (folder / "test.jsonl").open("w", encoding="utf-8") as test,
            ):
                files = {"train": train, "test": test}
                for row in labelled_rows(counts):
                    files[row["split"]].write(json.dumps(row, ensure_ascii=False) + "\n")
            (folder / "README.md").write_text(data_card(counts), encoding="utf-8")
        self.stdout.write(f"{sum(counts.rows.values())} rows, {counts.unused} left out: {folder}")
