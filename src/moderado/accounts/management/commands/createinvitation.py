"""Create an invitation to register and print its code, which cannot be read again."""

from typing import Any

from django.core.management.base import CommandParser
from django.urls import reverse

from moderado.accounts.services.invitations import create_invitation
from moderado.core.commands import command_errors
from moderado.core.operators import OperatorCommand


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options of the invitation."""
        parser.add_argument("--note", default="", help="whom it is for")
        parser.add_argument("--days", type=int, help="days until it expires (INVITATION_DAYS)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the code and the path of the page that takes it.

        Raises:
            CommandError: An option is not allowed.
        """
        with command_errors():
            created = create_invitation(actor_id=None, note=options["note"], days=options["days"])
        self.stdout.write(f"{created.code}\n{reverse('web:register')}?invitation={created.code}")
