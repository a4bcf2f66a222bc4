"""Create the secrets of the production composition that .env leaves empty.

    make_secrets.py                     create what is missing, and write the files of all services
    make_secrets.py rotate NAME…        replace secrets by new ones first

A one-shot service runs it before all others. `kept` holds the secrets; only this service reads it.
Each other folder holds what the services that mount it need: files that one user can read. A
variable of the same name wins and is kept. No secret is printed.
"""

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

ROOT = Path("/run/moderado")
SERVER, POSTGRES, REDIS = 10001, 999, 999  # users (and groups) of the containers
MADE: Mapping[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_hex(32),
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(24),
    "POSTGRES_APPLICATION_PASSWORD": lambda: secrets.token_hex(24),
    "REDIS_PASSWORD": lambda: secrets.token_hex(24),
}
ROTATED = ("SECRET_KEY", "POSTGRES_APPLICATION_PASSWORD", "REDIS_PASSWORD")


def kept(root: Path, given: Mapping[str, str], rotate: tuple[str, ...] = ()) -> dict[str, str]:
    """Return every secret: the given one, else the kept one, else a new one."""
    folder = root / "kept"
    found = {}
    for name, make in MADE.items():
        path = folder / name
        known = path.read_text() if path.exists() and name not in rotate else ""
        found[name] = given.get(name, "") or known or make()
        write(path, found[name], os.geteuid())
    return found


def files(known: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """Return the content and the reader of each file, by its path."""
    host = "@postgres:5432/moderado"
    redis = f"redis://:{quote(known['REDIS_PASSWORD'], safe='')}@redis:6379"
    owner = quote(known["POSTGRES_PASSWORD"], safe="")
    application = quote(known["POSTGRES_APPLICATION_PASSWORD"], safe="")
    # Redis reads quoted arguments as C strings.
    escaped = known["REDIS_PASSWORD"].replace("\\", "\\\\").replace('"', '\\"')
    return {
        "server/secret_key": (known["SECRET_KEY"], SERVER),
        "server/database_url": (f"postgres://moderado_app:{application}{host}", SERVER),
        "server/redis_url": (f"{redis}/0", SERVER),
        "server/broker_url": (f"{redis}/1", SERVER),
        "server/layer_url": (f"{redis}/0", SERVER),
        "owner/database_owner_url": (f"postgres://moderado:{owner}{host}", SERVER),
        "owner/postgres_password": (known["POSTGRES_PASSWORD"], POSTGRES),
        "redis/redis.conf": (f'requirepass "{escaped}"\n', REDIS),
        "redis/password": (known["REDIS_PASSWORD"], REDIS),
    }


def write(path: Path, content: str, reader: int) -> None:
    """Write a file atomically that `reader` alone can read."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as handle:
        handle.write(content)
    if reader != os.geteuid():
        os.chown(draft, reader, reader)
    draft.replace(path)


def main(arguments: list[str]) -> int:
    """Write all files; return the exit code."""
    rotate = tuple(arguments[1:]) if arguments[:1] == ["rotate"] else ()
    if arguments and (not rotate or not set(rotate) <= set(ROTATED)):
        sys.stderr.write(f"usage: make_secrets.py [rotate {' '.join(ROTATED)}]\n")
        return 2
    if fixed := [name for name in rotate if os.environ.get(name)]:
        sys.stderr.write(f"set in .env, so change it there: {', '.join(fixed)}\n")
        return 2
    known = kept(ROOT, os.environ, rotate)
    for name, (content, reader) in files(known).items():
        write(ROOT / name, content, reader)
    sys.stdout.write(f"New: {', '.join(rotate)}.\n" if rotate else "The secrets are complete.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
