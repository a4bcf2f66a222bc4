"""The ASGI application without a server, run by the communicator of Channels."""

import structlog
from channels.testing import WebsocketCommunicator

from moderado.config.asgi import application
from moderado.realtime import node
from tests.integration.realtime.conftest import (
    make_member,
    make_room,
    make_token,
    make_user,
    screen,
)


async def test_message_is_published_within_one_event_loop(transactional_db: None):
    room, ana = await make_room(), await make_user()
    await make_member(room, user=ana)
    path = f"/ws/chat/{room.id}/?token={await make_token(ana)}"
    communicator = WebsocketCommunicator(application, path)
    connected, _ = await communicator.connect()
    greeted = await communicator.receive_json_from(timeout=5)

    await communicator.send_json_to({"type": "chat_message", "message": "oi", "client_id": "1"})
    queued = await communicator.receive_json_from(timeout=5)
    await screen()
    shown = await communicator.receive_json_from(timeout=5)
    await communicator.disconnect()
    await node.current().close()

    assert connected
    assert [frame["type"] for frame in (greeted, queued, shown)] == [
        "connection_established",
        "message_queued",
        "chat_message",
    ]


async def test_log_names_the_close_code_of_the_client(transactional_db: None):
    room, ana = await make_room(), await make_user()
    await make_member(room, user=ana)
    path = f"/ws/chat/{room.id}/?token={await make_token(ana)}"
    communicator = WebsocketCommunicator(application, path)
    with structlog.testing.capture_logs() as lines:
        await communicator.connect()
        await communicator.receive_json_from(timeout=5)
        await communicator.disconnect(code=1001)
    await node.current().close()

    assert [line["code"] for line in lines if line["event"] == "socket_closed"] == [1001]
