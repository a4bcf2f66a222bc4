"""Engines for commands that run beside the server or without it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from moderado.standalone.engines import Engines, engines
from moderado.standalone.errors import AlreadyRunning
from moderado.standalone.home import Home


@contextmanager
def attached(home: Home) -> Iterator[Engines]:
    """Yield the engines of the instance that runs on `home`.

    If none runs, start the engines and stop them at the end of the block.

    Raises:
        CannotStart: The engines cannot start, or an instance is starting or stopping.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(home.lock())
        except AlreadyRunning:
            running = home.running()
            if running is None:
                raise
            found = Engines(
                database_url=running.database_url,
                database_owner_url=running.database_owner_url,
                redis_url=running.redis_url,
            )
        else:
            found = stack.enter_context(engines(home))
        yield found
