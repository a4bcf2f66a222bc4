"""`python -m moderado.standalone.manage …`: run a Django command; explain errors of the database.

A database without tables is the usual state before the first start: the command says what to do.
"""

import sys

import django
from django.core.management import ManagementUtility
from django.db import DatabaseError, OperationalError, connection
from django.utils import translation
from psycopg.errors import InsufficientPrivilege, UndefinedColumn, UndefinedTable

from moderado.config.env import env

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


def needs_tables(arguments: list[str]) -> bool:
    """Tell whether a Django command reads or writes the tables."""
    needs_none = {"-h", "--help", "--version", "--offline"} & set(arguments)
    return bool(arguments) and arguments[0] not in WITHOUT_TABLES and not needs_none


def main(arguments: list[str]) -> int:
    """Run the command; return 1 after a sentence on standard error."""
    django.setup()
    try:
        if needs_tables(arguments) and not connection.introspection.table_names():
            return _refuse(NOT_PREPARED)
        with translation.override("en"):  # the language of commands, whatever the server's is
            ManagementUtility(["moderado manage", *arguments]).execute()
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
    sys.exit(main(sys.argv[1:]))
