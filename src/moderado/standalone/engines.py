"""The engines of an instance: external ones if configured, otherwise embedded ones."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from moderado.standalone.console_output import ConsoleOutput
from moderado.standalone.home import Home
from moderado.standalone.postgres import Postgres, postgres
from moderado.standalone.valkey import Valkey, valkey


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Addresses of the engines. `embedded` are those that this process runs.

    `database_owner_url` is empty if one role does everything.
    """

    database_url: str
    database_owner_url: str
    redis_url: str
    embedded: Sequence[Postgres | Valkey] = ()


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
    owner_url = os.environ.get("DATABASE_OWNER_URL", "")
    redis_url = os.environ.get("REDIS_URL", "")
    embedded: list[Postgres | Valkey] = []
    with ExitStack() as stack:
        with output.step("PostgreSQL") as step:
            if database_url:
                step.result = "external (DATABASE_URL)"
            else:
                database = stack.enter_context(postgres(home, durable=durable))
                database_url, owner_url = database.application_url, database.owner_url
                embedded.append(database)
        with output.step("Valkey") as step:
            if redis_url:
                step.result = "external (REDIS_URL)"
            else:
                server = stack.enter_context(valkey(home, durable=durable))
                redis_url = server.url
                embedded.append(server)
        yield Engines(
            database_url=database_url,
            database_owner_url=owner_url,
            redis_url=redis_url,
            embedded=embedded,
        )
