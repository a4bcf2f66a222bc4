"""Values that no client sends, at each field of each documented body."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.security.access_table import BODIES, rows
from tests.security.scene import Scene

DOCUMENT = Path(__file__).parents[2] / "docs/openapi.yaml"
HOSTILE = ["a\0", "a\ud800", True, 10**30, -1, None, [], "a" * 20_000, {"\0": ["\0"]}, [{}]]
DEPTH = 3  # of fields in fields
Schema = dict[str, Any]
Keys = tuple[str | int, ...]


def operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    """Yield method, path of the access table and schema of each operation with a JSON body."""
    by_form = {(method, form_of(path)): path for method, path, _ in rows()}
    by_form |= {
        (method, form_of(path)): path for method, path in (each.split(" ", 1) for each in BODIES)
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if schema := content.get("application/json", {}).get("schema"):
                form = form_of(path.removeprefix("/api/").removeprefix("/"))
                yield method.upper(), by_form[method.upper(), form], schema


def form_of(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "*", path)


def resolved(schema: Schema, document: Schema) -> Schema:
    while "$ref" in schema or len(schema.get("allOf", ())) == 1:
        schema = schema.get("allOf", [schema])[0]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def fields_of(schema: Schema, document: Schema, depth: int = DEPTH) -> Iterator[Keys]:
    """Yield where each field stands: names, and 0 for the first item of a list."""
    for name, field in resolved(schema, document).get("properties", {}).items():
        yield (name,)
        inner = resolved(field, document)
        at: Keys = (name,)
        if inner.get("type") == "array":
            inner, at = inner["items"], (name, 0)
        if depth > 1:
            yield from ((*at, *keys) for keys in fields_of(inner, document, depth - 1))


def with_value(body: Any, keys: Keys, value: object) -> Any:
    """Return a copy of the body with a value at a field; what is around it is made."""
    if not keys:
        return value
    first, *rest = keys
    if first == 0:
        items = body if isinstance(body, list) else []
        return [with_value(items[0] if items else {}, tuple(rest), value), *items[1:]]
    fields = body if isinstance(body, dict) else {}
    return fields | {first: with_value(fields.get(str(first)), tuple(rest), value)}


@pytest.mark.proves("S140")
@pytest.mark.long
@pytest.mark.django_db
def test_no_value_of_any_field_is_a_failure():
    scene = Scene(is_private=True)
    document = yaml.safe_load(DOCUMENT.read_text("utf-8"))
    failed, count = [], 0

    for method, path, schema in operations(document):
        role = "staff" if path.startswith(("enforcement/", "moderation/")) else "admin"
        for keys in fields_of(schema, document):
            for value in HOSTILE:
                body = with_value(BODIES.get(f"{method} {path}", {}), keys, value)
                answer = scene.try_out(role, method, path, body)
                count += 1
                if answer.status_code >= 500:
                    failed.append((method, path, keys, json.dumps(value)[:20], answer.status_code))

    assert failed == []
    assert count > 1_000
