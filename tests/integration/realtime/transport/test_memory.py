"""What a connection leaves in memory when it has ended."""

import asyncio
import gc
from collections import Counter

import pytest

from tests.integration.realtime.conftest import Cast
from tests.journey import TIMEOUT
from tests.memory import without_collector

OF_A_SOCKET = {
    "CatchUp", "ChatConsumer", "ChatProtocol", "ClientSession", "Commands", "Connection",
    "ErrorBudget", "FrameQueue", "Outbox", "SocketProtocol",
}  # fmt: skip
OF_A_HANDSHAKE = {"HttpProtocol", "HttpRequestParser", "RequestResponseCycle", "ServerProtocol"}
MODULES = ("moderado.realtime.", "uvicorn.protocols.", "httptools.", "websockets.server")

pytestmark = pytest.mark.django_db(transaction=True)


def census() -> Counter[str]:
    """Count the objects of connections in this process, by their type."""
    kinds = (type(each) for each in gc.get_objects())
    ours = (kind.__name__ for kind in kinds if kind.__module__.startswith(MODULES))
    return Counter(name for name in ours if name in OF_A_SOCKET | OF_A_HANDSHAKE)


@pytest.mark.proves("R299")
async def test_ended_connection_is_freed_without_the_garbage_collector(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)

    with without_collector():
        before = census()
        at_ana = await cast.join(ana, room)
        await at_ana.send("chat_message", message="bom dia", client_id="1")
        await at_ana.next("message_queued")
        await at_ana.up_to_date()
        opened = census() - before
        await at_ana.connection.close()
        del at_ana
        async with asyncio.timeout(TIMEOUT):
            while census() - before:
                await asyncio.sleep(0.01)

    assert set(opened) == OF_A_SOCKET
