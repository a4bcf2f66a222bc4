"""A short version of `make fuzz-api`: hostile values in documented and undocumented fields."""

import json
import random
from functools import cache
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest
from drf_spectacular.generators import SchemaGenerator

from moderado.api.examples import PATH_IDS
from tests import factories
from tests.security.hostile.frames import Frames

TRIES = 10  # of each operation
STATUSES = {200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429}
SECRET = ("Traceback", "psycopg", "django", "moderado.", 'File "')


@cache
def document() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


def operations() -> list[tuple[str, str]]:
    return [
        (method, path)
        for path, described in sorted(document()["paths"].items())
        for method in described
        if method != "parameters" and path not in {"/api/schema/", "/api/docs/"}
    ]


@cache
def validator_of(method: str, path: str, status: int) -> Any:
    """Return the validator of an operation's answers: its schema is checked once."""
    responses = document()["paths"][path][method]["responses"]
    response = responses.get(str(status), responses["default"])
    schema = response["content"]["application/json"]["schema"]
    whole = {**schema, "components": document()["components"]}
    validator = jsonschema.validators.validator_for(whole)
    validator.check_schema(whole)
    return validator(whole)


class Requests:
    """Yield requests of one operation: mostly valid, each wrong in one place."""

    def __init__(self, method: str, path: str, ids: dict[str, str]) -> None:
        self.dice = random.Random(f"{method} {path}")
        self.values = Frames(seed=self.dice.randrange(2**32), room=ids["room_id"])
        self._operation = document()["paths"][path][method]
        self._ids = ids
        self._path = path

    def url(self) -> str:
        ids = {name: value for name, value in self._ids.items() if f"{{{name}}}" in self._path}
        if ids and self.dice.random() < 0.2:
            ids[self.dice.choice(list(ids))] = self._worded()
        asked = [one for one in self._operation.get("parameters", []) if one["in"] == "query"]
        pairs = [f"{one['name']}={self._worded()}" for one in asked if self.dice.random() < 0.6]
        return self._path.format(**self._ids | ids) + ("?" + "&".join(pairs) if pairs else "")

    def body(self) -> bytes:
        described = self._operation.get("requestBody", {"content": {}})["content"]
        if "application/json" not in described:
            return b""
        schema = described["application/json"]["schema"]
        name = schema["$ref"].rpartition("/")[2]
        fields = list(document()["components"]["schemas"][name]["properties"])
        given = {field: self.values.value() for field in fields if self.dice.random() < 0.8}
        given |= {"status": "APPROVED"} if self.dice.random() < 0.2 else {}
        shaped = given if self.dice.random() < 0.9 else [given]
        text = json.dumps(shaped, ensure_ascii=self.dice.random() < 0.5)
        return text.encode("utf-8", "surrogatepass")

    def _worded(self) -> str:
        value = self.values.value()
        return quote(str(value)[:300].encode("utf-8", "surrogatepass"))


@pytest.mark.proves("S18")
@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path"), operations())
def test_every_operation_answers_random_input_as_documented(method, path):
    member = factories.make_member(role="ADMIN")
    message = factories.make_message(member.room, author=member.user)
    ids = dict.fromkeys(PATH_IDS, message.id) | {
        "room_id": member.room_id, "user_id": factories.make_member(member.room).user_id,
        "name": "default", "number": 1,
    }  # fmt: skip
    requests = Requests(method, path, {name: str(value) for name, value in ids.items()})
    # With a session cookie, three more statements a request find the account.
    client = factories.client_of(member.user)

    for _ in range(TRIES):
        url, body = requests.url(), requests.body()
        answer = client.generic(method.upper(), url, body, "application/json")

        told = f"{method} {url[:200]} {body[:300]!r}: {answer.status_code} {answer.content[:300]!r}"
        assert answer.status_code in STATUSES, told
        assert not [word for word in SECRET if word in answer.text], told
        if answer.content:
            validator_of(method, path, answer.status_code).validate(answer.json())
