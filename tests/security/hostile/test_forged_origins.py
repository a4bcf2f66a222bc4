"""Forged origins and addresses, and floods of requests."""

import pytest
from rest_framework.test import APIClient

from moderado.realtime.wire.close_codes import CloseCode
from tests import factories
from tests.integration.realtime.conftest import Cast, make_token, make_user, screen
from tests.providers import Obedient


@pytest.mark.proves("S39")
@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "localhost:80@evil.example", "x#localhost",
     "127.0.0.1.nip.io", "[::2]", "localhost/evil", "local host", "", "*"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/sign-in/", "/api/auth/login/", "/admin/", "/api/schema/"])
def test_unknown_host_header_is_refused(client, host, path):
    answer = client.get(path, HTTP_HOST=host)

    assert answer.status_code == 400
    assert not host or host not in answer.text


@pytest.mark.proves("S39")
@pytest.mark.django_db
@pytest.mark.parametrize(
    "lie",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Port": "1"},
        {"Forwarded": "host=evil.example;proto=https"},
        {"X-Original-URL": "//evil.example/"},
        {"X-Rewrite-URL": "//evil.example/"},
        {"X-HTTP-Method-Override": "DELETE"},
    ],
)
def test_links_use_the_request_host_and_scheme(lie):
    member = factories.make_member()
    for _ in range(25):
        factories.make_message(member.room, author=member.user, status="APPROVED", seq=1)
    client = APIClient()
    client.force_login(member.user)

    page = client.get(f"/api/chat/rooms/{member.room_id}/messages/", headers=lie)

    assert page.status_code == 200
    assert page.json()["next"].startswith("http://testserver/api/chat/rooms/")
    assert "evil.example" not in page.text + str(page.headers)


@pytest.mark.proves("S19")
async def test_burst_is_limited_to_exactly_the_quota(cast: Cast, configured, settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Obedient"}]
    configured(
        limit_messages_per_user="40/minute", limit_frames_burst=1_000, limit_frames_per_second=1_000
    )
    room = await cast.room()
    at_ana = await cast.join(await cast.member(room), room)
    asked = len(Obedient.asked)

    for number in range(1_000):
        await at_ana.send("chat_message", message=f"oi {number}", client_id=str(number))
    await at_ana.next("error", where=lambda error: error.get("client_id") == "999")
    await at_ana.up_to_date()
    errors = [frame for frame in at_ana.heard if frame["type"] == "error"]
    await screen()
    for _ in range(40):
        await at_ana.next("chat_message")

    queued = [frame for frame in at_ana.heard if frame["type"] == "message_queued"]
    assert len({frame["message"]["client_id"] for frame in queued}) == 40
    assert len(errors) == 960
    assert all(error["code"] == "rate_limited" and error["retry_after"] >= 1 for error in errors)
    assert len(Obedient.asked) - asked == 40


@pytest.mark.proves("S20")
async def test_11th_socket_of_a_user_and_51st_of_an_address_are_refused(cast: Cast):
    """The configured number of proxies decides, whatever the header claims."""
    tokens = [await make_token(await make_user()) for _ in range(6)]

    async def opened(token: str, number: int) -> str:
        claim = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}"}
        client = await cast.open(f"/ws/chat/?token={token}", additional_headers=claim)
        frame = await client.receive()
        if frame["type"] == "error":
            assert await client.closed() == CloseCode.TOO_MANY_CONNECTIONS
        return frame.get("code", frame["type"])

    answers = [await opened(tokens[number // 10], number) for number in range(50)]
    eleventh = await opened(tokens[0], 51)

    assert set(answers) == {"connection_established"}
    assert eleventh == "too_many_connections"
    assert await opened(tokens[5], 52) == "too_many_connections"
