"""Erase what is older than the settings RETENTION_*_DAYS allow, now."""

import json
import time
from typing import Any

from django.core.management.base import CommandParser

from moderado.chat.services import retaining
from moderado.core.operators import OperatorCommand
from moderado.enforcement.services.retention import get_run, start_run

PAUSE = 0.5  # seconds between two attempts, while a worker holds the run


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        run = actions.add_parser("run", help="erase, and say how much of each kind")
        run.add_argument("--json", action="store_true", help="write JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run to the end, also what a worker has begun; print the counts."""
        run = start_run()
        if run is None:
            self.stdout.write("{}" if options["json"] else "nothing to do: all is kept for ever")
            return
        while run.ended_at is None:
            if not retaining.run_slice():
                time.sleep(PAUSE)
            run = get_run(run.id)
        if options["json"]:
            self.stdout.write(json.dumps(run.counts))
            return
        for kind, count in run.counts.items():
            self.stdout.write(f"{kind}: {count} erased, until {run.cutoffs[kind]}")
