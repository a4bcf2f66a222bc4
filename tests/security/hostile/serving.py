"""Engines, a database and the real web process, for programs that are not tests."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import django

from tests import engines, processes

if TYPE_CHECKING:
    from tests.security.hostile.frames import Frames

# Limits that would refuse frames before they are read have their own tests.
UNHINDERED = {
    "LIMIT_FRAMES_PER_SECOND": "1000000",
    "LIMIT_FRAMES_BURST": "1000000",
    "LIMIT_MESSAGES_PER_USER": "10000000/minute",
    "LIMIT_MESSAGES_PER_ROOM": "10000000/minute",
    "LIMIT_SIGN_IN_PER_ACCOUNT": "10000000/minute",
    "LIMIT_SIGN_IN_PER_ADDRESS": "10000000/minute",
    "LIMIT_SIGN_IN_STRANGERS": "10000000/hour",
    **processes.UNLIMITED_QUOTAS,
    "EMAIL_BACKEND": "console",  # without e-mail, notices are refused (503)
    "LIMIT_NOTICES_PER_ADDRESS": "10000000/hour",
    "LIMIT_NOTICES_PER_EMAIL": "10000000/day",
    "LIMIT_NOTICES_PER_EMAIL_TOTAL": "10000000/day",
    "LIMIT_NOTICE_CODES": "10000000/hour",
    "ACCESS_TOKEN_SECONDS": "86400",
    "LOG_FORMAT": "json",
}


@dataclass(frozen=True, slots=True)
class Sender:
    """The address of a sender's socket, and the frames it sends."""

    url: str
    frames: "Frames"


@contextmanager
def database() -> Iterator[None]:
    """Provide engines and an empty migrated database, deleted afterwards."""
    engines.start()
    os.environ |= UNHINDERED
    try:
        django.setup()
        from django.test.utils import setup_databases, teardown_databases  # noqa: PLC0415

        made = setup_databases(verbosity=0, interactive=False)
        try:
            yield
        finally:
            teardown_databases(made, verbosity=0)
    finally:
        engines.stop()


@contextmanager
def serving(log: Path, *, senders: int, seed: int) -> Iterator[list[Sender]]:
    """Run the real web process on its own database; each sender is a member of its own room."""
    with ExitStack() as stack:
        stack.enter_context(database())
        from django.db import connections  # noqa: PLC0415  (once there are settings)

        from tests import factories, processes  # noqa: PLC0415
        from tests.factories import token_of  # noqa: PLC0415
        from tests.security.hostile.frames import Frames  # noqa: PLC0415

        url = stack.enter_context(processes.web(log)).replace("http:", "ws:")
        found = []
        for number in range(senders):
            member = factories.make_member()
            frames = Frames(seed=seed * 1_000 + number, room=member.room_id)
            address = f"{url}/ws/chat/{member.room_id}/?token={token_of(member.user)}"
            found.append(Sender(address, frames))
        yield found
        connections.close_all()


def resident_megabytes() -> float:
    """Return the memory of all descendant gunicorn processes."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(state[1]), []).append(int(folder.name))
    ours, total = [os.getpid()], 0
    while ours:
        pid = ours.pop()
        ours += children.get(pid, [])
        try:
            if b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes():
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                total += pages * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            continue
    return total / 2**20
