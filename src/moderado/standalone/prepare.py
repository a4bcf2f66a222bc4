"""`python -m moderado.standalone.prepare`: apply migrations, collect static files, create the demo.

It is a separate process, so that the supervisor does not load Django. It writes results to standard
output, one JSON object per line, and errors to standard error.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from moderado.config import database_roles
from moderado.core.migration_files import waiting_migrations
from moderado.standalone.home import write_private_json

_EXIT_REFUSED = 2  # the cause is on standard error


def main() -> int:
    """Prepare the database and the files.

    The demo is created with `--demo`, or if the database has no accounts. Its password is
    `MODERADO_DEMO_PASSWORD`.

    Returns:
        The exit code.
    """
    password = os.environ["MODERADO_DEMO_PASSWORD"]
    sys.stdout = sys.stderr  # standard output carries only our JSON
    try:
        with _step("settings"):
            django.setup()
        with _step("migrations") as done:
            done.append(_migrate())
        with _step("static files") as done:
            done.append(_collect_static())
        with _step("demo") as done:
            done.append(_demo(password, wanted="--demo" in sys.argv))
    except DatabaseError as error:
        print(
            f"PostgreSQL refused the preparation: {_first_line(error)}. Run the command again: it "
            "goes on where it stopped. The logs of PostgreSQL may say more.",
            file=sys.stderr,
        )
        return _EXIT_REFUSED
    except (ImproperlyConfigured, CommandError) as error:
        print(_first_line(error), file=sys.stderr)
        return _EXIT_REFUSED
    return 0


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _migrate() -> str:
    with database_roles.as_owner():
        waiting = waiting_migrations()
    # Also without pending ones: it grants the application's role its rights.
    call_command("migrate", interactive=False, verbosity=0)
    return f"{len(waiting)} applied" if waiting else "up to date"


def _collect_static() -> str:
    """Collect static files if any of them or their storage changed since the last time."""
    digest = hashlib.sha256(repr(settings.STORAGES).encode())
    count = 0
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
            count += 1
    stamp = Path(settings.STATIC_ROOT) / ".stamp"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return "up to date"
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(digest.hexdigest())
    return f"{count} collected"


def _demo(password: str, *, wanted: bool) -> str:
    from moderado.standalone import demo  # noqa: PLC0415  (models: after django.setup)

    is_new = demo.has_no_accounts()
    if wanted or is_new:
        demo.create_demo(password=password)
    memory = Path(os.environ["MODERADO_DEMO_MEMORY"])
    known = json.loads(memory.read_text()) if memory.exists() else {}
    people = demo.people_with_password(password, known=known)
    write_private_json(memory, known)
    for person in people:
        _report(person=person.name, email=person.email, is_staff=person.is_staff, is_new=is_new)
    return f"{len(people)} people" if people else "none"


@contextmanager
def _step(name: str) -> Iterator[list[str]]:
    started = time.monotonic()
    results: list[str] = []
    yield results
    _report(
        step=name, result="".join(results) or "ready", seconds=round(time.monotonic() - started, 2)
    )


def _report(**fields: object) -> None:
    print(json.dumps(fields), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    sys.exit(main())
