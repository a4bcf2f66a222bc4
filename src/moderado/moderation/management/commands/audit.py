"""Judge an exported chat and write what would have happened: no text leaves this machine."""

import json
import math
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import translation
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from moderado.core.commands import command_errors
from moderado.core.errors import NotFound
from moderado.core.operators import OperatorCommand
from moderado.moderation.audit.costs import AZURE_PRICE, TOKEN_PRICE, Prices, costs
from moderado.moderation.audit.exports import READERS, kind_of, sample
from moderado.moderation.audit.page import write
from moderado.moderation.audit.run import audit
from moderado.moderation.audit.tally import SECONDS_A_CASE, Tally, ranked
from moderado.moderation.errors import PolicyNotEnabled
from moderado.moderation.labels import OUTCOMES
from moderado.moderation.services.judging import chain_of
from moderado.moderation.services.policy_lookup import CONFIGURED, Chain
from moderado.moderation.types import Outcome

TOP = 10


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the export, its format, and what to write."""
        parser.add_argument("file", nargs="?", type=Path, help="the export; a folder for Slack")
        parser.add_argument(
            "--format", choices=READERS, help="by the name of the file if not given"
        )
        parser.add_argument("--sample", choices=READERS, help="use a made-up export instead")
        parser.add_argument("--html", type=Path, help="write one self-contained page to this file")
        parser.add_argument("--json", action="store_true", help="print all figures as JSON")
        parser.add_argument(
            "--anonymous", action="store_true", help="number the authors, and show no texts"
        )
        parser.add_argument("--language", choices=[code for code, _ in settings.LANGUAGES])
        parser.add_argument("--seconds-a-case", type=_seconds, default=SECONDS_A_CASE)
        parser.add_argument("--azure-price", type=_price, default=AZURE_PRICE)
        parser.add_argument("--token-price", type=_price, default=TOKEN_PRICE)
        parser.add_argument("--policy", help="the name of a policy (that of the server)")
        parser.add_argument(
            "--offline", action="store_true", help="use the configuration alone, no database"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Judge the export.

        Raises:
            CommandError: The export cannot be read.
        """
        tally = Tally(anonymous=options["anonymous"], seconds_a_case=options["seconds_a_case"])
        with command_errors():
            path = _judged(options, tally)
        prices = Prices(azure=options["azure_price"], tokens=options["token_price"])
        spent = costs(tally.sent(), prices)
        if options["html"] is not None:
            with translation.override(options["language"] or settings.LANGUAGE_CODE):
                translated = costs(tally.sent(), prices)
                page = write(
                    tally,
                    name="" if options["anonymous"] else _name(path),
                    policy=tally.policy,
                    costs=translated,
                )
            with command_errors():
                options["html"].write_text(page, encoding="utf-8")
        if options["json"]:
            amounts = {each.provider: round(each.amount, 6) for each in spent}
            figures = {**tally.as_json(), "costs": amounts}
            self.stdout.write(json.dumps(figures, ensure_ascii=False))
        else:
            self._print(tally, options)

    def _print(self, tally: Tally, options: dict[str, Any]) -> None:
        console = Console(file=self.stdout)  # type: ignore[arg-type]  # it writes
        with translation.override(options["language"] or "en"):
            table = Table("", "messages")
            for code, name in OUTCOMES:
                table.add_row(str(name), str(tally.outcomes[Outcome(code)]))
        console.print(table)
        for rule, group in ranked(tally.rules)[:TOP]:
            console.print(f"{group.outcomes.total():6}  {rule}", markup=False, highlight=False)
        load = tally.queue()
        console.print(
            f"{load['cases_a_day']} cases a day, {load['minutes_a_day']} minutes of work."
        )
        if options["html"] is not None:
            console.print(f"Written: {options['html']}", markup=False)


def _seconds(text: str) -> int:
    seconds = int(text)
    if seconds < 1:
        raise ValueError
    return seconds


def _price(text: str) -> float:
    price = float(text)
    if not 0 <= price < math.inf:  # NaN is neither
        raise ValueError
    return price


def _name(path: Path) -> str:
    """Return a name that can be written, whatever bytes it has on the disk."""
    return os.fsencode(path.name).decode(errors="replace")


def _path(options: dict[str, Any]) -> Path:
    """Return the path of the export. Raises CommandError for options that contradict."""
    chosen = options["sample"]
    path: Path | None = sample(chosen) if chosen else options["file"]
    if path is None or (chosen and options["file"]):
        raise CommandError("Name a file, or use --sample.")
    if options["offline"] and options["policy"]:
        raise CommandError("--offline reads no database, and so no policy.")
    if not path.exists():
        raise CommandError(f"There is no {path}.")
    if not path.is_file() and not path.is_dir():  # a pipe, which can be read only once
        raise CommandError(f"{path} is neither a file nor a folder.")
    _check_page(options["html"], path)
    return path


def _judged(options: dict[str, Any], tally: Tally) -> Path:
    """Judge the export of the options, and return its path."""
    path, chosen = _path(options), options["sample"]
    try:
        kind = options["format"] or chosen or kind_of(path)
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("Judging", total=None)
            audit(
                READERS[kind](path),
                tally,
                policy=_policy(options),
                progress=lambda done: bar.advance(task, done),
            )
    except ValueError as error:
        raise CommandError(str(error)) from None
    if not tally.outcomes.total():
        raise CommandError(
            f"No message could be read ({tally.skipped} unreadable entries): name the format."
        )
    return path


def _check_page(page: Path | None, export: Path) -> None:
    """Refuse a page that would replace the export, or that could not be written after all work."""
    if page is None:
        return
    if page.exists() and page.samefile(export):
        raise CommandError("The page would replace the export: name another file.")
    if not page.parent.is_dir():
        raise CommandError(f"{page}: there is no such folder.")


def _policy(options: dict[str, Any]) -> Chain:
    if options["offline"]:
        return CONFIGURED
    try:
        return chain_of(options["policy"])
    except (NotFound, PolicyNotEnabled):
        raise CommandError("There is no enabled policy with this name.") from None
