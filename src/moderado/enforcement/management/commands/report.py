"""Write a transparency report of a year or a half-year: the same rows give the same bytes."""

from io import TextIOWrapper
from typing import Any

from django.core.management.base import CommandParser

from moderado.core.commands import command_errors
from moderado.core.operators import OperatorCommand
from moderado.enforcement.services import transparency


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the kinds of report."""
        kind = parser.add_mutually_exclusive_group(required=True)
        kind.add_argument("--br", metavar="PERIOD", help="in Portuguese, such as 2026H1")
        kind.add_argument("--eu", metavar="PERIOD", help="as CSV, such as 2026")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the report, in UTF-8 whatever the locale of the terminal.

        Raises:
            CommandError: The period is not one.
        """
        is_brazilian = options["br"] is not None
        with command_errors():
            period = transparency.period_of(options["br"] if is_brazilian else options["eu"])
        write = transparency.brazilian_report if is_brazilian else transparency.european_report
        out = getattr(self.stdout, "_out", None)
        if isinstance(out, TextIOWrapper):
            out.reconfigure(encoding="utf-8")
        self.stdout.write(write(period), ending="")
