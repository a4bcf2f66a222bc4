"""What is read of a client, and what is made of it."""

import asyncio

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from moderado.realtime.transport.uvicorn_protocol import AHEAD, ChatProtocol


class Transport:
    def __init__(self):
        self.reads = True

    def pause_reading(self):
        self.reads = False

    def resume_reading(self):
        self.reads = True


@pytest.fixture
async def protocol():
    async def app(scope, receive, send):
        pass

    config = Config(app, log_config=None)
    config.load()
    protocol = ChatProtocol(config, ServerState(), {}, asyncio.get_running_loop())
    protocol.transport = Transport()
    return protocol


def receive(protocol, *pieces, kind="text"):
    protocol.curr_msg_data_type = kind
    protocol.frames = list(pieces)
    protocol.send_receive_event_to_app()


async def test_a_message_is_handed_on_whole(protocol):
    receive(protocol, "olá".encode()[:3], "olá".encode()[3:])

    assert await protocol.receive() == {"type": "websocket.receive", "text": "olá"}


@pytest.mark.parametrize("kind", ["text", "bytes"])
async def test_what_is_no_text_is_handed_on_as_bytes(protocol, kind):
    receive(protocol, b"ol\xe1", kind=kind)

    assert await protocol.receive() == {"type": "websocket.receive", "bytes": b"ol\xe1"}


async def test_a_client_is_read_on_until_some_of_its_messages_wait(protocol):
    for _ in range(AHEAD - 1):
        receive(protocol, b"{}")
    assert protocol.transport.reads

    receive(protocol, b"{}")
    assert not protocol.transport.reads

    for _ in range(AHEAD):
        assert not protocol.transport.reads
        await protocol.receive()
    assert protocol.transport.reads


async def test_nothing_is_handed_on_after_the_end(protocol):
    protocol.close_sent = True

    receive(protocol, b"{}")

    assert protocol.queue.empty()
    assert protocol.transport.reads
