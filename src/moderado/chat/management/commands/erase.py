"""Erase an account now: its texts, names and e-mail. Decisions and numbers stay."""

import json
import sys
import time
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from moderado.accounts.models import User
from moderado.accounts.selectors import find_user
from moderado.chat.services import erasing
from moderado.chat.services.erased_messages import count_messages
from moderado.core.commands import command_errors
from moderado.core.operators import OperatorCommand
from moderado.enforcement.services.erasures import Erasure, get_erasure, order_erasure

PAUSE = 0.5  # seconds between two attempts, while a worker or an older transaction holds it
HELD = "A legal hold keeps a part of it until `moderado hold release`."


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the account, and how to run."""
        parser.add_argument("user", help="the id or the e-mail of the account")
        parser.add_argument(
            "--no-wait", action="store_true", help="let the workers do it, and return at once"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask at the terminal")
        parser.add_argument("--json", action="store_true", help="write JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Order the erasure and run it to its end. Interrupted, a worker continues it.

        Raises:
            CommandError: There is no such account, it is the last active superuser, or the person
                at the terminal did not agree.
        """
        with command_errors():
            user = find_user(options["user"])
            if not options["yes"] and sys.stdin.isatty() and not _is_agreed(user):
                raise CommandError("Nothing was erased.")
            user_id = user.id
            order_erasure(actor_id=None, user_id=user_id)
        erasure = get_erasure(user_id=user_id)
        if not options["no_wait"]:
            erasure = self._run(user_id, quiet=options["json"])
        self.stdout.write(json.dumps(_report(erasure)) if options["json"] else _sentence(erasure))

    def _run(self, user_id: UUID, *, quiet: bool) -> Erasure:
        while True:
            has_run = erasing.run_slice(user_id)
            erasure = get_erasure(user_id=user_id)
            if erasure.state in {Erasure.State.DONE, Erasure.State.HELD}:
                return erasure
            if not quiet:
                self.stderr.write(f"{erasure.messages} of {erasure.total} messages")
            if not has_run:
                time.sleep(PAUSE)


def _is_agreed(user: User) -> bool:
    """Ask the person at the terminal, who may have named the wrong account."""
    count = count_messages(author_id=user.id)
    theirs = f"{user.name} <{user.email}> and their {count} messages"
    return input(f"Erase {theirs} for good? [y/N] ").strip().casefold() in {"y", "yes", "s", "sim"}


def _report(erasure: Erasure) -> dict[str, Any]:
    return {
        "user": str(erasure.user_id),
        "state": erasure.state,
        "messages": erasure.messages,
        "withheld": erasure.withheld,
        "account_withheld": erasure.is_user_held,
    }


def _sentence(erasure: Erasure) -> str:
    line = f"{erasure.user_id}: {erasure.state}, {erasure.messages} messages"
    return f"{line}, {erasure.withheld} kept. {HELD}" if erasure.state == "held" else line
