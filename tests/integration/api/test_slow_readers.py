"""Clients that do not read their responses hold no database connection."""

import json
import socket
from contextlib import ExitStack
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from django.conf import settings

from moderado.core.wire_limits import READ_SECONDS
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.proves("S44")
def test_clients_that_read_nothing_leave_connections_to_others(live_server_url):
    room = factories.make_room()
    factories.fill_room(room, factories.make_user(), 100, "😀" * 4_000)  # 1.6 MB
    token = factories.token_of(factories.make_user())
    where = urlsplit(live_server_url)
    request = (
        f"GET /api/chat/rooms/{room.id}/messages/?page_size=100 HTTP/1.1\r\n"
        f"Host: {where.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    with ExitStack() as stack:
        for _ in range(settings.ENV.db_pool_size + 2):
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            reader.settimeout(READ_SECONDS / 2)  # the server cuts slow readers off later
            reader.connect((where.hostname, where.port))
            reader.sendall(request.encode())
            assert reader.recv(12) == b"HTTP/1.1 200"  # the response has begun

        mine = Request(  # noqa: S310  (our own http)
            f"{live_server_url}/api/auth/users/me/", headers={"Authorization": f"Bearer {token}"}
        )
        with urlopen(mine, timeout=20) as answer:  # noqa: S310
            assert "name" in json.load(answer)
