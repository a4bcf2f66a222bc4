"""uvicorn's server state and a listening socket, without uvicorn's main loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from moderado.core.wire_limits import MAX_FRAME_BYTES
from moderado.realtime.transport.uvicorn_protocol import ChatProtocol

Protocol = Callable[[uvicorn.Config, ServerState, dict[str, Any]], asyncio.Protocol]


@asynccontextmanager
async def serving(application: Any, protocol: Protocol) -> AsyncIterator[tuple[ServerState, int]]:
    """Serve an ASGI application on a port of the loopback address.

    Args:
        application: Called with scope, receive and send.
        protocol: Of each connection.

    Yields:
        The state, which lists connections and tasks, and the port. At the end both lists are empty.
    """
    config = uvicorn.Config(
        application, lifespan="off", log_config=None, ws=ChatProtocol, ws_max_size=MAX_FRAME_BYTES
    )
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: protocol(config, state, {}), "127.0.0.1"
    )
    async with server:
        try:
            yield state, server.sockets[0].getsockname()[1]
        finally:
            for task in list(state.tasks):
                task.cancel()
            for connection in list(state.connections):
                connection.transport.abort()  # type: ignore[union-attr]
            while state.tasks or state.connections:
                await asyncio.sleep(0.001)
