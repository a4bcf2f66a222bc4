"""Record that staff have proved a second factor, as `STAFF_SECOND_FACTOR` demands."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from moderado.accounts.models import Session
from moderado.accounts.selectors import find_user, sessions_of
from moderado.accounts.services.second_factor import confirm_second_factor
from moderado.core.commands import command_errors
from moderado.core.operators import OperatorCommand


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the account or the session."""
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--user", help="the id or the e-mail of an account with one session")
        whose.add_argument("--session", type=UUID, help="the id of one session")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the session that counts as proved until it ends.

        An account with several sessions is refused: one of them may be of another person.

        Raises:
            CommandError: There is no such account or session, or several sessions to choose from.
        """
        with command_errors():
            session_id = options["session"] or _only_session(options["user"])
            session = confirm_second_factor(actor_id=None, session_id=session_id)
        self.stdout.write(_line(session))


def _only_session(user: str) -> UUID:
    sessions = list(sessions_of(find_user(user).id))
    if not sessions:
        raise CommandError("This account has no open session: sign in first.")
    if len(sessions) > 1:
        lines = ["This account has several sessions: name one by --session.", *map(_line, sessions)]
        raise CommandError("\n".join(lines))
    return sessions[0].pk


def _line(session: Session) -> str:
    began, used = (f"{at:%Y-%m-%d %H:%M} UTC" for at in (session.created_at, session.used_at))
    return f"{session.id}  {session.user_agent or '-'}, since {began}, used {used}"
