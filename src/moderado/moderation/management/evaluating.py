"""What the commands that evaluate have in common: window, progress, cancelling, output."""

import json
import re
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import override
from rich.console import Console
from rich.progress import Progress

from moderado.core import clock
from moderado.core.commands import command_errors
from moderado.core.errors import Invalid
from moderado.core.operators import OperatorCommand
from moderado.moderation.blind_cases import shown_results
from moderado.moderation.errors import EvaluationEnded
from moderado.moderation.models import Evaluation
from moderado.moderation.services import evaluation_runs, evaluations

POLL = 0.1  # seconds, while a worker runs the evaluation
_SPAN = re.compile(r"(\d{1,4})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class EvaluatingCommand(OperatorCommand, ABC):
    """Requests an evaluation and runs its slices in this process, together with the workers.

    If this process dies, a worker continues. Ctrl-C cancels.
    """

    kind: ClassVar[str]

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let `--version` name the version of a policy, as for the other commands."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the window of decisions, and the form of the output."""
        parser.add_argument("--policy", help="the name of a policy")
        parser.add_argument("--version", type=int, help="a version of it, enabled or not")
        parser.add_argument("--since", default="30d", help="30d, 12h, or a time (default: 30d)")
        parser.add_argument("--until", help="likewise (default: now)")
        parser.add_argument("--room", type=UUID, help="only this room")
        parser.add_argument("--limit", type=int, help="only the newest decisions, so many")
        parser.add_argument("--json", action="store_true", help="write JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Evaluate and write the results.

        Raises:
            CommandError: It was refused, or it failed.
        """
        with override("en"), _refusals():
            wanted = evaluations.EvaluationRequest(
                kind=self.kind,
                policy=options["policy"],
                version=options["version"],
                since=moment(options["since"]),
                until=moment(options["until"]) if options["until"] else None,
                scope_id=options["room"],
                limit=options["limit"],
            )
            evaluation = evaluations.request_evaluation(actor_id=None, request=wanted)
            try:
                evaluation = finished(evaluation)
            except KeyboardInterrupt:
                evaluations.cancel(actor_id=None, evaluation_id=evaluation.id)
                raise
        if evaluation.state != Evaluation.State.DONE:
            raise CommandError(f"{evaluation.state}: {evaluation.error or evaluation.id}")
        results = shown_results(evaluation)
        if options["json"]:
            found = {"id": str(evaluation.id), "kind": evaluation.kind, **results}
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            self.show(Console(file=self.stdout), results)  # type: ignore[arg-type]  # it writes
        if self.is_fault(results):
            sys.exit(1)

    @abstractmethod
    def show(self, console: Console, results: dict[str, Any]) -> None:
        """Write the results for people."""

    def is_fault(self, _results: dict[str, Any]) -> bool:
        """Tell whether the exit code is 1."""
        return False


def finished(evaluation: Evaluation) -> Evaluation:
    """Run an evaluation to its end, with a bar of progress on standard error."""
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(evaluation.get_kind_display().capitalize(), total=None)
        while evaluation.is_open:
            if not evaluation_runs.run_slice(evaluation.id):
                time.sleep(POLL)  # a worker runs it, or another one
            evaluation = evaluations.get_evaluation(evaluation.id)
            bar.update(task, completed=evaluation.done, total=evaluation.total)
    return evaluation


def moment(text: str) -> datetime:
    """Return a time: `30d` is 30 days ago. Raises CommandError."""
    if found := _SPAN.fullmatch(text):
        return clock.estimated() - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        parsed = parse_datetime(text if "T" in text or " " in text else f"{text}T00:00")
    except ValueError:
        parsed = None
    if parsed is None:
        raise CommandError(f"{text}: 30d, 12h, 2026-11-01 or 2026-11-01T12:00:00Z")
    return parsed if timezone.is_aware(parsed) else timezone.make_aware(parsed)


@contextmanager
def _refusals() -> Iterator[None]:
    with command_errors():
        try:
            yield
        except Invalid as error:
            if not error.fields:
                raise
            lines = (f"{name}: {said}" for name, said in error.fields.items())
            raise CommandError("\n".join(lines)) from None
        except EvaluationEnded:
            raise CommandError("The evaluation has ended.") from None
