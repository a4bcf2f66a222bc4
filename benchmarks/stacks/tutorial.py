"""The same stack in its conventional setup: benchmarks/baselines/tutorial."""

import json
import os
import sys
from typing import Any

from benchmarks.harness.client import Dialect
from benchmarks.harness.texts import text_of
from benchmarks.stacks.base import BASELINES, Seat, Stack

_FOLDER = BASELINES / "tutorial"


def _build_message(text: str) -> bytes:
    return json.dumps({"type": "chat_message", "message": text, "client_id": text[-10:]}).encode()


class Tutorial(Stack):
    name = "tutorial"
    dialect = Dialect(
        ready=b'{"type": "connection_established"',
        queued=b'{"type": "message_queued"',
        shown=b'{"type": "chat_message"',
        refused=(b'{"type": "message_rejected"',),
        error=b'{"type": "error"',
        build_message=_build_message,
    )
    backlog = 500
    pending_query = "SELECT 1 FROM tutorial_message WHERE status = 'PENDING' LIMIT 1"

    def start(self) -> None:
        self._start_engines()
        python, bind = sys.executable, f"127.0.0.1:{self.port}"
        web = ["gunicorn", "-k", "uvicorn_worker.UvicornWorker", "--bind", bind]
        self._start_program("web", [python, "-m", *web, "tutorial.asgi:application"])
        self._start_program("worker", [python, "-m", "celery", "-A", "tutorial", "worker"])
        self._wait_until_serving()
        self._wait_for_worker()

    def populate(self, people: int, rooms: int) -> list[Seat]:
        answer = self.ask("people.py", {"people": people, "rooms": rooms})
        return [
            Seat(
                path=f"/ws/chat/{person['room']}/?token={person['token']}",
                person=str(person["id"]),
                room=str(person["room"]),
            )
            for person in answer
        ]

    def fill(self, count: int) -> int:
        texts = [text_of(number) for number in range(100)]
        filled: int = self.ask("backlog.py", {"count": count, "texts": texts})
        return filled

    def ask(self, program: str, question: object) -> Any:
        return self._run_script([program], question, self._settings(), _FOLDER)

    def _start_program(self, name: str, command: list[str]) -> None:
        self._start(name, command, self._settings(), cwd=_FOLDER)

    def _settings(self) -> dict[str, str]:
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "tutorial.settings",
            "SECRET_KEY": "a-benchmark-secret-without-real-users",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url or "redis://127.0.0.1:1/0",
        }

    def _create_tables(self) -> None:
        migrate = ["-m", "django", "migrate", "--verbosity", "0"]
        self._run_script(migrate, None, self._settings(), _FOLDER)
