"""Chat Moderado as `make up` starts it, with default settings.

Only the limits on messages and sockets of one account are raised: the load generator exceeds them.
"""

import shutil
from typing import Any

import msgspec

from benchmarks.harness.client import Dialect
from benchmarks.stacks.base import ROOT, Seat, Stack
from moderado.standalone.commands import environment, serving
from moderado.standalone.engines import Engines
from moderado.standalone.home import Home
from moderado.standalone.supervisor import Command
from tests.faults.cluster import GENEROUS

_OVERRIDES = GENEROUS | {"LOG_FORMAT": "json"}  # JSON, as in containers


def _build_message(text: str) -> bytes:
    # The end of the text is unique, and serves as client_id.
    return msgspec.json.encode({"type": "chat_message", "message": text, "client_id": text[-10:]})


class Moderado(Stack):
    name = "moderado"
    dialect = Dialect(
        ready=b'{"type":"connection_established"',
        queued=b'{"type":"message_queued"',
        shown=b'{"type":"chat_message"',
        refused=(b'{"type":"message_rejected"', b'{"type":"message_held"'),
        error=b'{"type":"error"',
        build_message=_build_message,
    )
    backlog = 10_000
    pending_query = "SELECT 1 FROM chat_message WHERE queued_at IS NOT NULL LIMIT 1"

    def start(self) -> None:
        self._start_engines()
        shutil.rmtree(self._home.metrics)  # metrics of creating the template
        self._home.metrics.mkdir(exist_ok=True)
        bind = f"127.0.0.1:{self.port}"
        for command in serving(self._home, self._engines, bind=bind, reload=False):
            self._start(command.name, command.arguments, self._settings(command))
        self._wait_until_serving("/livez")
        self._wait_for_worker()

    def populate(self, people: int, rooms: int) -> list[Seat]:
        answer = self.ask("benchmarks.stacks.moderado_people", {"people": people, "rooms": rooms})
        return [
            Seat(
                path=f"/ws/chat/{person['room']}/?token={person['token']}",
                person=person["id"],
                room=person["room"],
            )
            for person in answer
        ]

    def fill(self, count: int) -> int:
        filled: int = self.ask("benchmarks.stacks.moderado_backlog", {"count": count, "rooms": 20})
        return filled

    def ask(self, module: str, question: object) -> Any:
        """Run a module that uses the server's models. See `_run_script`."""
        settings = environment(self._home, self._engines, settings="worker") | _OVERRIDES
        return self._run_script(["-m", module], question, settings, ROOT)

    @property
    def _home(self) -> Home:
        return Home(self.folder / "engines")

    @property
    def _engines(self) -> Engines:
        return Engines(
            database_url=self.application_url,
            database_owner_url=self.database_url,
            redis_url=self.redis_url,
        )

    def _settings(self, command: Command) -> dict[str, str]:
        return {**command.environment, **_OVERRIDES, **self._environment}

    def _create_tables(self) -> None:
        home = Home(self._templates / self.name)
        engines = Engines(
            database_url=self.application_url,
            database_owner_url=self.database_url,
            redis_url="redis://127.0.0.1:1/0",  # migrations ask nothing of it
        )
        self._run_script(
            ["-m", "django", "migrate", "--verbosity", "0", "--skip-checks"],
            None,
            environment(home, engines, settings="worker")
            | {"DATABASE_OWNER_URL": engines.database_owner_url},
            ROOT,
        )
