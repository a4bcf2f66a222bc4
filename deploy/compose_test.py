"""Test the two compositions: build, start, use, check, stop and remove them.

    python deploy/compose_test.py [production] [development]         (`make compose-test`)

It runs in a copy of the source tree with its own project names and ports, and does not touch a
running composition, its data or `.env`. It needs Docker with Compose v2.24 or newer and the
development packages (httpx, websockets). REDIS_IMAGE=valkey/valkey:9 tests Valkey instead of Redis.
"""

import asyncio
import contextlib
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
    metrics_are_internal,
    nginx_limits_access,
    one_image_is_built,
    other_hosts_need_https,
    redis_never_evicts,
    restarts_after_an_edit,
    rotated_secrets_work,
    secrets_are_separate,
    signs_in_on_the_page,
    starts_with_nothing_set,
    static_files_are_served,
)
from composition import Composition, free_port, is_free, say

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.journey import Journey  # noqa: E402  (not an installed package)


@contextlib.contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    """Copy the files that git tracks or would add to a temporary folder."""
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
def running(composition: Composition, *, start: Callable[[], None] | None = None) -> Iterator[None]:
    """Start the composition and remove it afterwards; print its logs after a failure."""
    try:
        (start or composition.up)()
        yield
    except BaseException:
        composition.print_state()
        raise
    finally:
        composition.remove()


def production(folder: Path) -> None:
    """Test the production composition: start with nothing set, journey, nginx, restarts."""
    shutil.copy(folder / ".env.example", folder / ".env")
    composition = Composition(
        folder=folder,
        file="docker-compose.prod.yml",
        base_url="http://localhost:8000",
    )
    if not is_free(8000):
        port = free_port()
        composition.environment["HTTP_PORT"] = str(port)
        composition.base_url = f"http://localhost:{port}"
    with running(composition, start=lambda: starts_with_nothing_set(composition)):
        signs_in_on_the_page(composition)
        asyncio.run(Journey(composition.base_url).walk())
        say("user journey through nginx: passed")
        one_image_is_built(composition)
        image_is_hardened(composition)
        secrets_are_separate(composition)
        redis_never_evicts(composition)
        nginx_limits_access(composition)
        metrics_are_internal(composition)
        static_files_are_served(composition)
        logs_keep_secrets(composition)
        composition.set(ALLOWED_HOSTS="localhost,chat.example.org")
        closes_with_1012(composition, after=lambda: composition.up("web"), what="a new release")
        other_hosts_need_https(composition)
        rotated_secrets_work(composition)
        asyncio.run(Journey(composition.base_url).walk())
        closes_with_1012(composition, after=composition.stop, what="a stop of all services")


def development(folder: Path) -> None:
    """Test the development composition as the README describes it."""
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
        say("page: 200")
        demo = {"email": "mara@demo.example", "password": "for-this-machine-only"}
        httpx.post(f"{composition.base_url}/api/auth/login/", json=demo).raise_for_status()
        say("demo account: signed in")
        asyncio.run(Journey(composition.base_url).walk())
        say("user journey in development: passed")
        restarts_after_an_edit(composition)
        debugger_answers(composition)


PARTS: dict[str, Callable[[Path], None]] = {"production": production, "development": development}


def main() -> None:
    """Run the selected parts, each in its own copy; the first failure ends the run."""
    selected = sys.argv[1:] or list(PARTS)
    for name in selected:
        began = time.monotonic()
        with copy_of_the_tree() as folder:
            PARTS[name](folder)
        say(f"{name}: passed, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
