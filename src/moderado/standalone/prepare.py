"""`python -m moderado.standalone.prepare`: migrations, static files, the demo.

A process of its own, so that the supervisor need not carry Django.

What it did goes to standard output, one JSON object a line; what went wrong to standard error, as
sentences.
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
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from moderado.standalone.home import write_privately

_REFUSED = 2  # the exit code that says: standard error explains it


def main() -> int:
    """Do what there is to do. The demo is made with MODERADO_DEMO_PASSWORD, and is made anew on
    request (`--demo`), or where nobody has an account yet."""
    password = os.environ["MODERADO_DEMO_PASSWORD"]
    sys.stdout = sys.stderr  # what a command might print is no answer of ours
    try:
        with _step("settings"):
            django.setup()
        with _step("migrations") as done:
            done.append(_migrate())
        with _step("static files") as done:
            done.append(_collect_static())
        with _step("demo") as done:
            done.append(_demo(password, wanted="--demo" in sys.argv))
    except (DatabaseError, ImproperlyConfigured) as error:
        print(str(error).strip().splitlines()[0], file=sys.stderr)
        return _REFUSED
    return 0


def _migrate() -> str:

    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not waiting:
        return "up to date"
    call_command("migrate", interactive=False, verbosity=0)
    return f"{len(waiting)} applied"


def _collect_static() -> str:
    """Gathered anew only if a file came, went or changed since the last time."""

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
    return f"{count} gathered"


def _demo(password: str, *, wanted: bool) -> str:
    from moderado.standalone import demo  # noqa: PLC0415  (it has models: Django comes first)

    if wanted or demo.is_untouched():
        demo.make(password=password)
    memory = Path(os.environ["MODERADO_DEMO_MEMORY"])
    known = json.loads(memory.read_text()) if memory.exists() else {}
    people = demo.people_who_sign_in_with(password, known=known)
    write_privately(memory, known)
    for person in people:
        _tell(person=person.name, email=person.email, is_staff=person.is_staff)
    return f"{len(people)} people" if people else "none"


@contextmanager
def _step(name: str) -> Iterator[list[str]]:
    started = time.monotonic()
    results: list[str] = []
    yield results
    _tell(
        step=name, result="".join(results) or "ready", seconds=round(time.monotonic() - started, 2)
    )


def _tell(**fields: object) -> None:
    print(json.dumps(fields), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    sys.exit(main())
