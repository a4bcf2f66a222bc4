"""Judge past messages by another version of a policy: what changes, and what would follow."""

from typing import Any

from rich.console import Console
from rich.table import Table

from moderado.moderation.management.evaluating import EvaluatingCommand
from moderado.moderation.models import Evaluation

TOP = 15


class Command(EvaluatingCommand):
    help = __doc__
    kind = Evaluation.Kind.BACKTEST

    def show(self, console: Console, results: dict[str, Any]) -> None:
        """Write what changes, by kind, category and rule, and the consequences."""
        console.print(
            f"{results['judged']:,} of {results['decisions']:,} decisions judged, "
            f"{results['changed']:,} change."
        )
        for cause, number in results["not_judged"].items():
            console.print(f"  not judged: {number:,} {cause}", highlight=False)
        changes = Table("change", "messages")
        for name, number in results["changes"].items():
            changes.add_row(name.replace(">", " → "), f"{number:,}")
        console.print(changes)
        for title in ("by_category", "by_rule"):
            table = Table(title.replace("_", " "), "stricter", "milder")
            for name, row in list(results[title].items())[:TOP]:
                table.add_row(name, f"{row['stricter']:,}", f"{row['milder']:,}")
            console.print(table)
        console.print(_consequences(results))
        console.print("Not estimated:", ", ".join(results["consequences"]["not_estimated"]))
        for each in results["examples"][:TOP]:
            console.print(
                f"{each['log']}  {each['before']} → {each['after']}  {each['rule']}",
                markup=False,
                highlight=False,
            )


def _consequences(results: dict[str, Any]) -> Table:
    found = results["consequences"]
    cases, queue, exposure = found["cases"], found["queue"], found["exposure"]
    table = Table("consequence", "before", "after")
    for name in ("flag", "hold"):
        table.add_row(f"cases: {name}", *(f"{cases[time][name]:,}" for time in _TIMES))
    table.add_row("longest queue", *(f"{queue[f'longest_{time}']:,}" for time in _TIMES))
    table.add_row("cost", *(f"{found['cost'][time]:.4f}" for time in _TIMES))
    table.add_row("exposure (s)", *(f"{exposure[time]['seconds']:,.0f}" for time in _TIMES))
    strikes = found["strikes"]
    table.add_row("strikes", *(f"{strikes[time]['strikes']:,}" for time in _TIMES))
    for kind in sorted({each for time in _TIMES for each in strikes[time]["sanctions"]}):
        numbers = (strikes[time]["sanctions"].get(kind, 0) for time in _TIMES)
        table.add_row(f"sanctions: {kind}", *(f"{number:,}" for number in numbers))
    table.add_row(
        "agrees with rulings",
        *(f"{results['rulings'][f'agree_{time}']:,}" for time in _TIMES),
    )
    return table


_TIMES = ("before", "after")
