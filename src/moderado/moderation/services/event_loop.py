"""The event loop on which a worker process calls remote providers."""

import asyncio
import threading
from functools import cache


@cache
def provider_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop for provider calls, in a thread of its own.

    It is created at first use, by a task, hence after the worker process was forked.
    """
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="providers", daemon=True).start()
    return loop
