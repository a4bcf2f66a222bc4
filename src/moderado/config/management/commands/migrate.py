"""Django's `migrate`, run by the owner of the tables, which grants the application its rights."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DatabaseError, connection

from moderado.config import database_roles
from moderado.config.env import env


class Command(migrate.Command):
    """Replaces Django's command, so that no path to migrations forgets the roles."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate as the owner.

        Raises:
            CommandError: The roles cannot be set up as configured.
        """
        only_shows = options["plan"] or options["check_unapplied"]
        with database_roles.as_owner():
            with _without_time_limits():
                super().handle(*args, **options)
            if only_shows:
                return
            if database_roles.is_separate():
                self._grant()
            elif options["verbosity"]:
                self.stdout.write(
                    self.style.WARNING(
                        "DATABASE_OWNER_URL is not set: the server owns its tables and could "
                        "switch the triggers of the audit log off (docs/deployment.md)."
                    )
                )

    def _grant(self) -> None:
        try:
            database_roles.grant(env().database_url.get_secret_value())
        except database_roles.RoleRefused as error:
            raise CommandError(str(error)) from None


@contextmanager
def _without_time_limits() -> Iterator[None]:
    """Let statements and transactions of migrations last: they may rewrite a large table.

    The limit of waits for locks stays: a migration that waits for a table stops all who use it.
    """
    limits = ("statement_timeout", "idle_in_transaction_session_timeout")
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET {limit} = 0" for limit in limits))
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("; ".join(f"RESET {limit}" for limit in limits))
