"""Decide stored decisions again from their stored signals; any difference is a fault."""

from typing import Any

from rich.console import Console
from rich.table import Table

from moderado.moderation.management.evaluating import EvaluatingCommand
from moderado.moderation.models import Evaluation


class Command(EvaluatingCommand):
    help = __doc__
    kind = Evaluation.Kind.REPLAY

    def show(self, console: Console, results: dict[str, Any]) -> None:
        """Write the counts, and the lines that differ."""
        table = Table("", "decisions")
        for name in ("decisions", "equal", "differences", "erased", "unreplayable"):
            table.add_row(name, f"{results[name]:,}")
        for cause, number in results["causes"].items():
            table.add_row(f"  {cause}", f"{number:,}")
        console.print(table)
        for each in results["examples"]:
            changed = ", ".join(each["differs"])
            console.print(f"{each['log']}  {changed}", markup=False, highlight=False)

    def is_fault(self, results: dict[str, Any]) -> bool:
        """Tell whether a line differs."""
        return bool(results["differences"])
