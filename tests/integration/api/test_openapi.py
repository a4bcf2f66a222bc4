"""REST answers conform to the OpenAPI document."""

from functools import cache
from typing import Any

import jsonschema
import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from moderado.api.examples import BODIES
from moderado.api.message_pages import FoundPage, HistoryPage
from moderado.chat.models import Membership, Message
from moderado.chat.types import (
    MESSAGE_STATUSES,
    Changes,
    Draft,
    MessageView,
    Person,
)
from moderado.chat.views import OwnChanges
from tests.factories import PASSWORD, make_member, make_message, make_room, make_staff

pytestmark = pytest.mark.django_db

ROOMS = "/api/chat/rooms/"
ROOM = "/api/chat/rooms/{room_id}/"


@cache
def document() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


class Api:
    """A signed-in client that validates each answer against the document."""

    def __init__(self, user) -> None:
        self._client = APIClient()
        self._client.force_login(user)

    def ask(
        self, method: str, template: str, body: object = None, *, status: int = 200, **parts: object
    ) -> Any:
        """Return the JSON answer after checking its status and schema."""
        call = getattr(self._client, method)
        answer = call(template.format(**parts), body, format="json" if body else None)
        assert answer.status_code == status, answer.content
        described = document()["paths"][template.partition("?")[0]][method]["responses"]
        response = described.get(str(status), described["default"])
        schema = response["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json(), {**schema, "components": document()["components"]})
        return answer.json()


@pytest.fixture
def api(room):
    member = make_member(room, role=Membership.Role.ADMIN)
    make_message(room, author=member.user, client_id=None)
    make_message(room, status="APPROVED", seq=1, position=1)
    return Api(member.user)


def test_rooms_are_as_described(api, room):
    api.ask("post", ROOMS, {"name": "Sala"}, status=201)
    assert api.ask("get", ROOMS)["results"]
    api.ask("get", ROOM, room_id=room.id)
    api.ask("patch", ROOM, {"name": "Quarto"}, room_id=room.id)


def test_messages_are_as_described(api, room):
    text = {"content": "bom dia", "client_id": "1"}

    api.ask("post", f"{ROOM}messages/", text, room_id=room.id, status=202)
    assert len(api.ask("get", f"{ROOM}messages/", room_id=room.id)["results"]) == 3
    api.ask("get", f"{ROOM}changes/?after=0", room_id=room.id)
    api.ask("get", "/api/chat/me/changes/")


def operations():
    """Every operation, by its id."""
    return {
        operation["operationId"]: operation
        for path in document()["paths"].values()
        for operation in path.values()
    }


def contents(operation):
    """The content of each body of an operation: request and responses."""
    for body in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from body.get("content", {}).values()


def test_every_body_of_every_operation_has_an_example_as_described():
    missing, checked = [], 0
    for name, operation in operations().items():
        for content in contents(operation):
            if not content.get("examples"):
                missing.append(name)
            for example in content.get("examples", {}).values():
                schema = {**content["schema"], "components": document()["components"]}
                jsonschema.validate(example["value"], schema)
                checked += 1

    assert missing == []
    assert checked > len(operations())


def test_every_example_has_only_fields_of_its_schema():
    strange = [
        (name, field)
        for name, example in BODIES.items()
        for field in set(example) - set(document()["components"]["schemas"][name]["properties"])
    ]

    assert strange == []


def test_every_id_of_a_path_has_an_example():
    parameters = [
        (name, parameter)
        for name, operation in operations().items()
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "path"
    ]

    assert parameters
    assert [name for name, parameter in parameters if "example" not in parameter] == []


def test_errors_are_as_described(api):
    api.ask("get", ROOM, room_id=make_room(is_private=True).id, status=404)
    api.ask("post", ROOMS, {"name": ""}, status=400)


def test_accounts_are_as_described(api):
    ana = {"email": "ana@example.org", "name": "Ana", "password": PASSWORD}

    api.ask("post", "/api/auth/register/", ana, status=201)
    api.ask("get", "/api/auth/users/me/")
    api.ask("get", "/api/auth/users/?search=Person")
    api.ask("post", "/api/auth/ws-ticket/")


def test_moderation_is_as_described():
    staff = Api(make_staff())

    staff.ask("get", "/api/moderation/logs/")
    staff.ask("get", "/api/moderation/cases/")


@pytest.mark.parametrize(
    "struct", [Person, Draft, MessageView, Changes, OwnChanges, HistoryPage, FoundPage]
)
def test_schema_has_every_field_of_the_msgspec_type(struct):
    schema = document()["components"]["schemas"][struct.__name__]

    assert list(schema["properties"]) == list(struct.__struct_fields__)


def test_schema_lists_every_message_status():
    assert list(MESSAGE_STATUSES) == Message.Status.values
    assert document()["components"]["schemas"]["StatusEnum"]["enum"] == Message.Status.values


def test_operation_ids_are_unique():
    names = [
        operation["operationId"]
        for operations in document()["paths"].values()
        for operation in operations.values()
    ]

    assert len(set(names)) == len(names)


def test_schema_documents_are_served():
    reader = Client(headers={"host": "localhost"})

    assert reader.get("/api/schema/").status_code == 200
    page = reader.get("/api/docs/")
    assert "swagger-ui-bundle.js" in page.text
    assert "http" not in page.text.partition("<script")[2].partition("</script>")[0]
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
