"""Responses that depend on the user are stored by no cache."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests import factories
from tests.security.routes import api_routes

pytestmark = pytest.mark.django_db

PUBLIC = {"schema/"}
VARY = {"authorization", "cookie", "accept-language"}
# Any id: an error response is as personal as the object.
NO_ID = "00000000-0000-0000-0000-000000000000"
IDS = ("<id:room_id>", "<id:user_id>", "<id:message_id>", "<id:case_id>", "<id:log_id>")


def is_personal(answer):
    vary = {name.strip().lower() for name in answer.headers.get("Vary", "").split(",")}
    return answer.headers["Cache-Control"] == "private, no-store" and vary >= VARY


@pytest.fixture
def member(signed_in):
    return signed_in(factories.make_user())


def concrete(path):
    for name in IDS:
        path = path.replace(name, NO_ID)
    path = path.replace("<slug:name>", "none").replace("<int:number>", "1")
    return f"/api/{path}"


@pytest.mark.proves("S60")
def test_every_route_is_personal_unless_it_is_public(member):
    wrong = []
    for method, path in api_routes():
        for client in (member, APIClient()):
            answer = client.generic(method, concrete(path), "{}", "application/json")
            if is_personal(answer) == (path in PUBLIC):
                wrong.append((method, path, answer.status_code, answer.headers))

    assert not wrong


@pytest.mark.proves("S60")
def test_object_of_a_user_is_personal(member):
    created = member.post("/api/chat/rooms/", {"name": "sala"})
    answers = [
        created,
        member.get(f"/api/chat/rooms/{created.data['id']}/"),
        member.get(f"/api/chat/rooms/{created.data['id']}/messages/"),
        member.get("/api/auth/users/me/"),
        member.get("/api/chat/rooms/"),
    ]

    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200]
    assert all(map(is_personal, answers))


@pytest.mark.proves("S60")
@pytest.mark.parametrize(
    "path", ["/", "/sign-in/", "/register/", "/admin/", "/admin/login/", "/nothing/", "/language/"]
)
def test_page_is_personal(path):
    assert is_personal(Client().get(path))


@pytest.mark.proves("S60")
def test_page_of_a_user_is_personal():
    browser = Client()
    browser.force_login(factories.make_user(is_staff=True, is_superuser=True))

    assert all(is_personal(browser.get(path)) for path in ("/", "/admin/", "/admin/chat/room/"))


@pytest.mark.proves("S60")
def test_refusal_is_personal(settings, signed_in):
    settings.QUOTAS = {**settings.QUOTAS, "cheap": ("1/minute", "1000/minute")}
    client = signed_in(factories.make_user())
    client.get("/api/auth/users/me/")

    refused = client.get("/api/auth/users/me/")

    assert refused.status_code == 429
    assert is_personal(refused)


@pytest.mark.parametrize("path", ["/api/schema/", "/ws/schema/"])
def test_documents_are_public(path):
    answer = Client().get(path)

    assert "public" in answer.headers["Cache-Control"]
    assert "cookie" not in answer.headers.get("Vary", "").lower()
