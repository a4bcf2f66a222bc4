"""The engines of an instance: external ones if configured, otherwise embedded ones."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from moderado.standalone.console_output import ConsoleOutput
from moderado.standalone.home import Home
from moderado.standalone.postgres import postgres
from moderado.standalone.valkey import valkey


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Addresses of the engines. `processes` are the embedded ones, by name."""

    database_url: str
    redis_url: str
    processes: Mapping[str, subprocess.Popen[bytes]] = field(default_factory=dict)


@contextmanager
def engines(
    home: Home, *, output: ConsoleOutput | None = None, durable: bool = True
) -> Iterator[Engines]:
    """Run both engines until the block ends.

    An engine that `DATABASE_URL` or `REDIS_URL` names is used and not started.

    Args:
        output: Where the steps are printed; None prints nothing.
        durable: False disables fsync and persistence, for tests.

    Raises:
        CannotStart: An engine is missing or does not start.
    """
    output = output or ConsoleOutput(silent=True)
    database_url = os.environ.get("DATABASE_URL", "")
    redis_url = os.environ.get("REDIS_URL", "")
    processes: dict[str, subprocess.Popen[bytes]] = {}
    with ExitStack() as stack:
        with output.step("PostgreSQL") as step:
            if database_url:
                step.result = "external (DATABASE_URL)"
            else:
                database_url, process = stack.enter_context(postgres(home, durable=durable))
                processes["PostgreSQL"] = process
        with output.step("Valkey") as step:
            if redis_url:
                step.result = "external (REDIS_URL)"
            else:
                redis_url, process = stack.enter_context(valkey(home, durable=durable))
                processes["Valkey"] = process
        yield Engines(database_url=database_url, redis_url=redis_url, processes=processes)
