"""The engines of a copy, whether it runs or not."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from moderado.standalone.engines import Engines, engines
from moderado.standalone.errors import AlreadyRunning
from moderado.standalone.home import Home


@contextmanager
def attached(home: Home) -> Iterator[Engines]:
    """Those of the copy that runs on `home`, or ones started for this block alone.

    Raises CannotStart, also while a copy is only just starting or stopping.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(home.lock())
        except AlreadyRunning:
            running = home.running()
            if running is None:
                raise
            found = Engines(database_url=running.database_url, redis_url=running.redis_url)
        else:
            found = stack.enter_context(engines(home))
        yield found
