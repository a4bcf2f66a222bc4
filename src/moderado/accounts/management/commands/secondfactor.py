"""Record that staff have proved a second factor, as `STAFF_SECOND_FACTOR` demands."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from moderado.accounts.selectors import find_user
from moderado.accounts.services.second_factor import confirm_all, confirm_second_factor
from moderado.core.commands import command_errors


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the account or the session."""
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--user", help="the id or the e-mail of an account: all its sessions")
        whose.add_argument("--session", type=UUID, help="the id of one session")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the sessions that count as proved until they end.

        Raises:
            CommandError: There is no such account or session.
        """
        with command_errors():
            if options["session"]:
                sessions = [confirm_second_factor(actor_id=None, session_id=options["session"])]
            else:
                user_id = find_user(options["user"]).id
                sessions = [*confirm_all(actor_id=None, user_id=user_id)]
        for session in sessions:
            self.stdout.write(f"{session.id}  {session.user_agent or '-'}")
        if not sessions:
            self.stdout.write("This account has no open session: sign in first.")
