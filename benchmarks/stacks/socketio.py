"""A Node server with socket.io: benchmarks/baselines/socketio.

The load generator, the same for every stack, reads its frames as they are on the wire.
"""

import hmac
import json
import os
import shutil
import subprocess

from benchmarks.harness.client import Dialect
from benchmarks.stacks.base import BASELINES, CannotRun, Seat, Stack

_FOLDER = BASELINES / "socketio"
_SECRET = "a-benchmark-secret-without-real-users"  # noqa: S105  (for one run)


def _build_message(text: str) -> bytes:
    body = {"message": text, "client_id": text[-10:]}
    return f'42["chat_message",{json.dumps(body)}]'.encode()


class SocketIO(Stack):
    name = "socketio"
    dialect = Dialect(
        ready=b'42["connection_established"',
        queued=b'42["message_queued"',
        shown=b'42["message_shown"',
        refused=(b'42["message_rejected"',),
        error=b"44",
        build_message=_build_message,
        hello=(b"40",),
        ping=(b"2", b"3"),
    )

    def start(self) -> None:
        node = shutil.which("node")
        if node is None:
            raise CannotRun("there is no node on PATH")
        _install()
        self._start_engines(with_valkey=False)
        own = {"DATABASE_URL": self.database_url, "PORT": str(self.port), "SECRET": _SECRET}
        self._start("web", [node, "server.js"], os.environ | own, cwd=_FOLDER)
        self._wait_until_serving()

    def populate(self, people: int, rooms: int) -> list[Seat]:
        self._populated = getattr(self, "_populated", 0) + 1
        return [self._seat(str(n), f"{self._populated}-{n % rooms}") for n in range(people)]

    @staticmethod
    def _seat(person: str, room: str) -> Seat:
        signature = hmac.digest(_SECRET.encode(), person.encode(), "sha256").hex()
        query = f"EIO=4&transport=websocket&room={room}&token={person}.{signature}"
        return Seat(path=f"/socket.io/?{query}", person=person, room=room)


def _install() -> None:
    """Install the packages beside the server if they are missing."""
    if (_FOLDER / "node_modules" / "socket.io").exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise CannotRun("there is no npm on PATH to install socket.io with")
    answer = subprocess.run(
        [npm, "ci", "--silent"], cwd=_FOLDER, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise CannotRun(f"npm could not install socket.io: {answer.stderr.strip()[-300:]}")
