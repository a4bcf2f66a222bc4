"""The paths of sockets: the HTTP protocol and the routing take the same ones."""

import pytest
from channels.routing import URLRouter

from moderado.realtime import routing
from moderado.realtime.wire.paths import is_socket


@pytest.fixture
def reached(monkeypatch):
    """Return the name of what the router calls for a path."""

    async def reached(path):
        called = []

        def note(name):
            async def application(_scope, _receive, _send):
                called.append(name)

            return application

        for route, name in zip(routing.router.routes, ("rooms", "room", "none"), strict=True):
            monkeypatch.setattr(route, "callback", note(name))
        await URLRouter(routing.router.routes)({"type": "websocket", "path": path}, None, None)
        return called[0]

    return reached


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/ws/chat/", "rooms"),
        ("/ws/chat/0199a6d2/", "room"),
        ("/ws/chat/a\nb/", "room"),
        ("/ws/chat/é/", "room"),
        ("/ws/chat", "none"),
        ("/ws/chat/a", "none"),
        ("/ws/chat/a/b/", "none"),
        ("/ws/chat//", "none"),
        ("/ws/schema/", "none"),
        ("/api/ws/chat/", "none"),
        ("/", "none"),
    ],
)
async def test_only_paths_of_the_routing_are_sockets(reached, path, name):
    assert await reached(path) == name
    assert is_socket(path) is (name != "none")
