"""What a connection completes before the server stops: its frame in work, and what waits."""

import asyncio
import random
from collections.abc import Awaitable, Callable

SHUTDOWN_TIMEOUT = 5.0  # seconds that a frame in work, and a client that reads, may take
SHUTDOWN_SPREAD = 1.0  # seconds over which clients are closed, so that they return one by one
POLL_INTERVAL = 0.01  # seconds


async def finish_in_time(
    finish: Callable[[], Awaitable[None]], transport: asyncio.WriteTransport
) -> None:
    """Complete what a connection has begun, and hand all its bytes to the kernel.

    Returns after `SHUTDOWN_TIMEOUT` in any case.
    """
    try:
        async with asyncio.timeout(SHUTDOWN_TIMEOUT):
            await asyncio.sleep(random.uniform(0, SHUTDOWN_SPREAD))  # noqa: S311  (not a secret)
            await finish()
            while transport.get_write_buffer_size():  # noqa: ASYNC110  (transports have no event)
                await asyncio.sleep(POLL_INTERVAL)
    except TimeoutError:
        pass
