"""Teach the classifier the rulings of this community; refuse to replace a better one."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from moderado.core.commands import command_errors
from moderado.core.operators import OperatorCommand
from moderado.moderation.classifier.weights import included
from moderado.moderation.services.training import Training, train_from_rulings


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the head and the file."""
        parser.add_argument("--head", default="pt", help="the included head to begin with (pt)")
        parser.add_argument("--output", type=Path, required=True, help="the file to write")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Train and print what was found."""
        try:
            with command_errors():
                found = train_from_rulings(base=included(options["head"]), output=options["output"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(_numbers(found)))
        elif not found.refusals:
            self.stdout.write(
                f"{options['output']}: learned from {found.rulings} rulings. On held ones the log "
                f"loss falls by {found.gain.value:.3f} ({found.gain.low:.3f} to "
                f"{found.gain.high:.3f}); AUC {found.auc:.3f}, before {found.auc_before:.3f}."
            )
        if found.refusals:
            raise CommandError("nothing is replaced: " + "; ".join(found.refusals))


def _numbers(found: Training) -> dict[str, Any]:
    compared = bool(found.digest)
    return {
        "rulings": found.rulings,
        "blocked": found.blocked,
        "gain": found.gain._asdict() if compared else None,
        "auc": found.auc if compared else None,
        "auc_before": found.auc_before if compared else None,
        "identity_held": found.share_held if compared else None,
        "refusals": list(found.refusals),
        "digest": found.digest,
    }
