"""PostgreSQL and Valkey for one process tree: yours if you name them, ours if not."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from moderado.standalone.home import Home
from moderado.standalone.postgres import postgres
from moderado.standalone.report import Report
from moderado.standalone.valkey import valkey


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Where the engines are. `processes` are those that are our children, by name."""

    database_url: str
    redis_url: str
    processes: Mapping[str, subprocess.Popen[bytes]] = field(default_factory=dict)


@contextmanager
def engines(home: Home, *, report: Report | None = None, durable: bool = True) -> Iterator[Engines]:
    """Both engines, ready, for as long as the block runs.

    `DATABASE_URL` and `REDIS_URL`, where set, are taken as they are, and nothing is started.
    Raises CannotStart.
    """
    report = report or Report(silent=True)
    database_url = os.environ.get("DATABASE_URL", "")
    redis_url = os.environ.get("REDIS_URL", "")
    processes: dict[str, subprocess.Popen[bytes]] = {}
    with ExitStack() as stack:
        with report.step("PostgreSQL") as step:
            if database_url:
                step.result = "yours (DATABASE_URL)"
            else:
                database_url, process = stack.enter_context(postgres(home, durable=durable))
                processes["PostgreSQL"] = process
        with report.step("Valkey") as step:
            if redis_url:
                step.result = "yours (REDIS_URL)"
            else:
                redis_url, process = stack.enter_context(valkey(home, durable=durable))
                processes["Valkey"] = process
        yield Engines(database_url=database_url, redis_url=redis_url, processes=processes)
