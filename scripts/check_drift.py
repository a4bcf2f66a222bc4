"""Check what is derived from the source: documents, migrations, Django's deployment checks.

One process for all of them: starting Django takes longer than any check.
"""

import sys
import warnings

import write_docs
from django.core.management import CommandError, call_command
from django.db import connection


def main() -> None:
    write_docs.main(check=True)
    connection.settings_dict["OPTIONS"].pop("pool")  # it would wait for a database, and none runs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of that database's history
        call_command("makemigrations", check_changes=True, dry_run=True)
    try:
        call_command("check", deploy=True, fail_level="WARNING")
    except CommandError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
