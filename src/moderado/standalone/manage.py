"""Run a Django command; explain errors of the database.

As a program: `python -m moderado.standalone.manage PROG COMMAND …`, with `prog` of `main`.
A database without tables is the usual state before the first start: the command says what to do.
"""

import sys

import django
from django.core.management import BaseCommand, ManagementUtility
from django.db import DatabaseError, OperationalError, connection
from django.utils import translation
from psycopg.errors import InsufficientPrivilege, UndefinedColumn, UndefinedTable

from moderado.config.env import env

PRODUCT = "moderado"
# They work on a database without tables, or need none.
WITHOUT_TABLES = {
    "help", "check", "collectstatic", "compilemessages", "dbshell", "diffsettings",
    "makemessages", "makemigrations", "migrate", "shell", "showmigrations", "spectacular",
    "sqlmigrate", "test", "version",
}  # fmt: skip
NOT_PREPARED = (
    "The database is not prepared: run `make up` once, or `.venv/bin/moderado manage migrate`, "
    "then repeat this command."
)


# Options of every Django command, which no operator of this product needs: `--help` leaves them
# out. They still work.
_OPTIONS_OF_DJANGO = {
    "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color",
    "--force-color",
}  # fmt: skip


class _Utility(ManagementUtility):
    """Finds a command by the name that persons type: `export-dataset`."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        return super().fetch_command(subcommand.replace("-", "_"))


def needs_tables(arguments: list[str]) -> bool:
    """Tell whether a Django command reads or writes the tables."""
    needs_none = {"-h", "--help", "--version", "--offline"} & set(arguments)
    return bool(arguments) and arguments[0] not in WITHOUT_TABLES and not needs_none


def main(arguments: list[str], *, prog: str = "moderado manage") -> int:
    """Run the command.

    Args:
        arguments: Its name and its arguments.
        prog: What a person types before the name, for `--help`; `moderado` for a command of the
            product, whose help then leaves out the options that all Django commands have.

    Returns:
        0, or 1 after a sentence on standard error.
    """
    django.setup()
    if prog == PRODUCT:
        BaseCommand.suppressed_base_arguments = _OPTIONS_OF_DJANGO
    try:
        if needs_tables(arguments) and not connection.introspection.table_names():
            return _refuse(NOT_PREPARED)
        with translation.override("en"):  # the language of commands, whatever the server's is
            _Utility([prog, *arguments]).execute()
    except DatabaseError as error:
        if (sentence := _explained(error)) is None:
            raise
        return _refuse(sentence)
    return 0


def _explained(error: DatabaseError) -> str | None:
    """Return what an operator can do about an error; None if it is a fault of the program."""
    said = str(error).strip().partition("\n")[0]
    if isinstance(error.__cause__, UndefinedTable | UndefinedColumn):
        return NOT_PREPARED
    if isinstance(error.__cause__, InsufficientPrivilege):
        return f"The database refuses this to the server's role ({said})."
    if isinstance(error, OperationalError):
        # Migrations create the server's role.
        is_missing = env().database_owner_url and "authentication failed" in str(error)
        return NOT_PREPARED if is_missing else f"The database cannot be used ({said})."
    return None


def _refuse(sentence: str) -> int:
    print(f"moderado: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    _, prog, *rest = sys.argv
    sys.exit(main(rest, prog=prog))
