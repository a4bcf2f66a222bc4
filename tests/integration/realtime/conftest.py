"""The real server in the test's own event loop: real TCP, PostgreSQL and Valkey."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
import redis
import uvicorn
from channels.layers import get_channel_layer
from django.conf import settings

from moderado.accounts.models import User
from moderado.chat.models import Room
from moderado.chat.services import posting
from moderado.chat.services.screening import screen_waiting
from moderado.config.asgi import application
from moderado.realtime import node
from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.node import Timing
from moderado.realtime.pubsub import fanout
from moderado.realtime.rooms.reconcile import Schedule
from moderado.realtime.transport import leaving
from tests import factories
from tests.integration.realtime.clients import Client, connected

Call = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def running_server() -> AsyncIterator[str]:
    """The server's WebSocket address while it serves."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        http="moderado.realtime.transport.http_protocol:HttpProtocol",
        ws="moderado.realtime.transport.uvicorn_protocol:ChatProtocol",
        ws_max_size=65_536,
        ws_per_message_deflate=False,
        lifespan="off",
        proxy_headers=False,
        log_config=None,
        timeout_graceful_shutdown=8,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))  # serve() would take the signals
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        for left in list(server.server_state.connections):  # given up after the grace period
            left.transport.abort()
        listener.close()


@pytest.fixture
def timing() -> Timing:
    """The timing of the server's node. A test that needs another one parametrizes it."""
    return timing_with()


def timing_with(*, reconciliation: Schedule | None = None, **seconds: float) -> Timing:
    """A timing with a short periodic check."""
    return Timing(reconciliation=reconciliation or Schedule(interval=1.0), **seconds)


@pytest_asyncio.fixture
async def server(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, timing: Timing
) -> AsyncIterator[str]:
    """The address of a server with a short periodic check."""
    await asyncio.to_thread(_forget_everything)
    here = node.start(timing)
    monkeypatch.setattr(leaving, "SHUTDOWN_SPREAD", 0.0)
    async with running_server() as url:
        yield url
    await here.close()
    layer = get_channel_layer()
    assert layer is not None
    await layer.flush()


@pytest.fixture
def configured(settings: Any) -> Callable[..., None]:
    """Change settings of the environment for this test."""

    def change(**values: Any) -> None:
        settings.ENV = settings.ENV.model_copy(update=values)

    return change


def _forget_everything() -> None:
    """Empty Redis. Without a timeout: a busy machine is no failure."""
    with redis.Redis.from_url(settings.REDIS_URL) as patient:
        patient.flushdb()


@pytest.fixture
def hints():
    """`hints.are_lost = True` drops all that are published from then on."""

    class Hints:
        are_lost = False

    with fanout.publishing_by(lambda *each: None if Hints.are_lost else publish(*each)) as publish:
        yield Hints


make_user = run_in_db_thread(factories.make_user)
make_room = run_in_db_thread(factories.make_room)
make_member = run_in_db_thread(factories.make_member)
fill_queue = run_in_db_thread(factories.fill_queue)
make_token = run_in_db_thread(factories.token_of)
screen = run_in_db_thread(screen_waiting)
post = run_in_db_thread(posting.post_message)


class Cast:
    """Users, rooms and connections of a test."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self.url = url
        self._stack = stack

    async def room(self, **fields: Any) -> Room:
        return await make_room(**fields)

    async def member(self, room: Room, role: str = "MEMBER", **fields: Any) -> User:
        user = await make_user(**fields)
        await make_member(room, user=user, role=role)
        return user

    async def open(self, path: str, **options: Any) -> Client:
        """Connect a client, without waiting for the greeting."""
        return await self._stack.enter_async_context(connected(self.url + path, **options))

    async def join(self, user: User, room: Room | None = None, **options: Any) -> Client:
        """Connect a client of the user, to one room or to none, and wait for the greeting."""
        token = await make_token(user)
        where = f"{room.id}/" if room else ""
        client = await self.open(f"/ws/chat/{where}?token={token}", **options)
        await client.next("connection_established")
        return client

    async def post(self, room: Room, author_id: UUID, text: str) -> None:
        """Post a message, and leave it pending."""
        await post(author_id=author_id, room_id=room.id, text=text)

    async def publish(self, room: Room, author_id: UUID, *texts: str) -> None:
        """Post messages and screen them, as another process would."""
        for text in texts:
            await post(author_id=author_id, room_id=room.id, text=text)
        await screen()


@pytest_asyncio.fixture
async def cast(server: str) -> AsyncIterator[Cast]:
    async with AsyncExitStack() as stack:
        yield Cast(server, stack)
