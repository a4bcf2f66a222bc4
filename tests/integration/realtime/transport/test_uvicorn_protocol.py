"""The server as its own process: idle connections, a killed server, and an orderly shutdown."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from websockets.exceptions import ConnectionClosed

from moderado.chat.models import Message
from tests import processes
from tests.integration.realtime.clients import Client, connected
from tests.integration.realtime.conftest import (
    make_member,
    make_room,
    make_token,
    make_user,
    post,
    screen,
)

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Server:
    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.url = f"ws://127.0.0.1:{port}"
        self.log = log


@asynccontextmanager
async def server_process(log: Path) -> AsyncIterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        # fmt: off
        command = [
            sys.executable, "-m", "uvicorn", "moderado.config.asgi:application",
            "--fd", str(listener.fileno()), "--lifespan", "off", "--no-proxy-headers",
            "--ws", "moderado.realtime.transport.uvicorn_protocol:ChatProtocol",
            "--ws-max-size", "65536",
            "--timeout-graceful-shutdown", "8",
        ]
        # fmt: on
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: ASYNC220  (started once, before anything runs)
                command,
                env=processes.environment("web"),
                stdout=output,
                stderr=output,
                pass_fds=[listener.fileno()],
            )
    try:
        await asyncio.to_thread(lambda: urlopen(f"http://127.0.0.1:{port}/livez", timeout=60))
        yield Server(process, port, log)
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)


@pytest.fixture
async def stage(tmp_path: Path):
    async with AsyncExitStack() as stack:

        async def start(name: str) -> Server:
            return await stack.enter_async_context(server_process(tmp_path / name))

        async def join(server: Server, user, room) -> Client:
            url = f"{server.url}/ws/chat/{room.id}/?token={await make_token(user)}"
            client = await stack.enter_async_context(connected(url))
            await client.next("connection_established", within=20)
            return client

        yield start, join


@pytest.mark.timeout(180)
async def test_idle_connection_survives_and_users_of_killed_server_leave(stage):
    start, join = stage
    here, there = await asyncio.gather(start("here"), start("there"))
    room = await make_room()
    ana, bia = await make_user(), await make_user()
    await make_member(room, user=ana)
    at_ana, at_bia = await join(here, ana, room), await join(there, bia, room)
    await at_ana.next("presence", where=lambda frame: frame["present"])

    loop = asyncio.get_running_loop()
    began = loop.time()
    there.process.kill()
    assert await at_bia.closed() is None
    gone = await at_ana.next("presence", where=lambda frame: not frame["present"], within=45)
    await asyncio.sleep(max(0.0, began + 31 - loop.time()))  # longer than pings and leases
    await post(author_id=ana.id, room_id=room.id, text="ainda aqui?")
    await screen()

    assert gone["user"]["id"] == str(bia.id)
    assert (await at_ana.next("chat_message"))["message"]["content"] == "ainda aqui?"


@pytest.mark.timeout(180)
async def test_shutdown_completes_sends_and_closes_with_1012(stage):
    start, join = stage
    server = await start("server")
    room = await make_room()
    people = [await make_user() for _ in range(6)]
    clients = [await join(server, person, room) for person in people]
    confirmed: list[str] = []

    async def keep_sending(client: Client, name: int) -> int | None:
        number = 0
        while True:
            try:
                await client.send("chat_message", message="oi", client_id=f"{name}-{number}")
                await client.next("message_queued")
            except ConnectionClosed:
                return await client.closed()
            confirmed.append(f"{name}-{number}")
            number += 1

    senders = [
        asyncio.create_task(keep_sending(client, name)) for name, client in enumerate(clients)
    ]
    async with asyncio.timeout(60):
        while len(confirmed) < 30:
            await asyncio.sleep(0.02)
    os.kill(server.process.pid, signal.SIGTERM)
    codes = await asyncio.gather(*senders)
    status = await asyncio.to_thread(server.process.wait, 15)
    stored = {client_id async for client_id in Message.objects.values_list("client_id", flat=True)}

    assert set(codes) == {1012}
    assert status in {0, -signal.SIGTERM}
    assert set(confirmed) <= stored
    assert len(stored) <= len(confirmed) + len(clients)
    assert "token=" not in server.log.read_text()
