"""Do the two compositions work? Built, started, used, looked at, stopped, and taken away again.

    python deploy/compose_test.py [production] [development]         (`make compose-test`)

Runs in a copy of the tree, under project names and ports of its own: a composition that you have
running, its data and your `.env` stay as they are. Wants Docker with Compose v2.24 or newer, and
the development packages (httpx, websockets). With REDIS_IMAGE=valkey/valkey:9 in the environment
that runs in redis' place.
"""

import asyncio
import contextlib
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
from compose_checks import (
    closes_with_1012,
    debugger_answers,
    image_is_hardened,
    logs_keep_secrets,
    made_anew_after_an_edit,
    measurements_are_for_the_inside,
    nginx_guards_the_door,
    plain_http_is_redirected,
    redis_never_evicts,
    static_files_are_served,
)
from composition import Composition, free_port, say

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.journey import Journey  # noqa: E402  (the tree is no installed package)


@contextlib.contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    """What git would see here, in a folder that may be changed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    with tempfile.TemporaryDirectory(prefix="moderado-compose-") as folder:
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, Path(folder) / name)
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextlib.contextmanager
def running(composition: Composition) -> Iterator[None]:
    """Up and healthy inside, gone without a trace outside, with its logs if something fails."""
    try:
        composition.up()
        yield
    except BaseException:
        composition.show_trouble()
        raise
    finally:
        composition.take_away()


def production(folder: Path) -> None:
    """The journey through nginx, and what the image, nginx and a stop promise."""
    port = free_port()
    composition = Composition(
        folder=folder,
        file="docker-compose.prod.yml",
        base_url=f"http://127.0.0.1:{port}",
        variables={
            "SECRET_KEY": secrets.token_hex(32),
            "POSTGRES_PASSWORD": secrets.token_hex(24),
            "REDIS_PASSWORD": secrets.token_hex(24),
            "HTTP_PORT": str(port),
            "SECURE_COOKIES": "false",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
        },
    )
    with running(composition):
        asyncio.run(Journey(composition.base_url).walk())
        say("the journey through nginx: done")
        image_is_hardened(composition)
        redis_never_evicts(composition)
        nginx_guards_the_door(composition)
        measurements_are_for_the_inside(composition)
        static_files_are_served(composition)
        logs_keep_secrets(composition)
        composition.set(SECURE_COOKIES="true")
        closes_with_1012(composition, after=lambda: composition.up("web"), what="a new release")
        plain_http_is_redirected(composition)
        composition.set(SECURE_COOKIES="false")
        composition.up("web")
        closes_with_1012(composition, after=composition.stop, what="a stop of everything")


def development(folder: Path) -> None:
    """As the first page of the README says it: copy, up, look, edit."""
    shutil.copy(folder / ".env.example", folder / ".env")
    port = free_port()
    composition = Composition(
        folder=folder,
        file="docker-compose.yml",
        base_url=f"http://127.0.0.1:{port}",
        variables={
            "PORT": str(port),
            "DEBUGGER_PORT": str(free_port()),
            "WORKER_DEBUGGER_PORT": str(free_port()),
        },
    )
    with running(composition):
        httpx.get(composition.base_url, follow_redirects=True, timeout=30).raise_for_status()
        say("the page: 200")
        demo = {"email": "mara@demo.example", "password": "development-only"}
        httpx.post(f"{composition.base_url}/api/auth/login/", json=demo).raise_for_status()
        say("the demo: signed in")
        asyncio.run(Journey(composition.base_url).walk())
        say("the journey in development: done")
        made_anew_after_an_edit(composition)
        debugger_answers(composition)


PARTS: dict[str, Callable[[Path], None]] = {"production": production, "development": development}


def main() -> None:
    """Each part in a tree of its own; the first failure ends the run."""
    wanted = sys.argv[1:] or list(PARTS)
    for name in wanted:
        began = time.monotonic()
        with copy_of_the_tree() as folder:
            PARTS[name](folder)
        say(f"{name}: all well, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
