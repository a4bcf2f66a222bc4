"""Suggest thresholds for a wanted share of false holds, from what people ruled."""

import json
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import override

from moderado.core import clock
from moderado.core.commands import command_errors
from moderado.core.operators import OperatorCommand
from moderado.moderation.evaluation.calibration import Suggestion
from moderado.moderation.services.calibration import WANTED, CalibrationRequest, as_json, calibrate
from moderado.moderation.services.durations import duration


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the filters."""
        parser.add_argument("--policy", help="whose thresholds (default: of the server)")
        parser.add_argument(
            "--rate", type=float, default=WANTED, help="wanted share of false holds, such as 0.01"
        )
        parser.add_argument("--since", type=duration, default="90d", help="such as 90d or 12h")
        parser.add_argument(
            "--without-suggested", action="store_true", help="leave out labels of other systems"
        )
        parser.add_argument("--json", action="store_true", help="write JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the suggestions.

        Raises:
            CommandError: There is no such policy, or there are too few rulings.
        """
        wanted = CalibrationRequest(
            policy=options["policy"],
            rate=options["rate"],
            since=clock.estimated() - options["since"],
            with_suggested=not options["without_suggested"],
        )
        with override("en"), command_errors():
            found = calibrate(wanted)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(found), ensure_ascii=False))
            return
        head = (
            f"{found.policy}: {found.rulings} rulings, {found.sampled} of them on blind cases; "
            f"{found.suggested} labels of other systems"
        )
        self.stdout.write("\n".join([head, *(_line(each) for each in found.suggestions)]))


def _line(found: Suggestion) -> str:
    now = "none" if found.current is None else f"{found.current:g}"
    if found.threshold is None:
        why = (
            "no threshold keeps the rate"
            if found.has_enough
            else f"too few: {found.effective:.0f} of {found.needed} shown, {found.bad} hidden"
        )
        return f"  {found.category:<14} {why} (now {now})"
    low, high = found.threshold.low, found.threshold.high
    return (
        f"  {found.category:<14} hold: {found.threshold.value:g} ({low:g}-{high:g}), now {now}; "
        f"false holds {found.rate or 0:.2%}, finds {found.recall or 0:.0%}"
    )
