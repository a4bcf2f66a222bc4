"""How messages of a client are read and handed to the application."""

import asyncio

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from moderado.realtime.transport.uvicorn_protocol import READ_AHEAD, ChatProtocol


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


async def test_fragments_arrive_as_one_message(protocol):
    receive(protocol, "olá".encode()[:3], "olá".encode()[3:])

    assert await protocol.receive() == {"type": "websocket.receive", "text": "olá"}


@pytest.mark.parametrize("kind", ["text", "bytes"])
async def test_text_that_is_not_utf8_arrives_as_bytes(protocol, kind):
    receive(protocol, b"ol\xe1", kind=kind)

    assert await protocol.receive() == {"type": "websocket.receive", "bytes": b"ol\xe1"}


async def test_reading_pauses_while_messages_wait(protocol):
    for _ in range(READ_AHEAD - 1):
        receive(protocol, b"{}")
    assert protocol.transport.reads

    receive(protocol, b"{}")
    assert not protocol.transport.reads

    for _ in range(READ_AHEAD):
        assert not protocol.transport.reads
        await protocol.receive()
    assert protocol.transport.reads


async def test_message_after_close_is_dropped(protocol):
    protocol.close_sent = True

    receive(protocol, b"{}")

    assert protocol.queue.empty()
    assert protocol.transport.reads
