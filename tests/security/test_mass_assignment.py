"""Fields that a request must not set have no effect, in every request."""

import re
from datetime import datetime
from uuid import UUID

import pytest
from django.db import models

from tests.security.access_table import BODIES, ROLES, is_asked, rows
from tests.security.scene import TABLES, Row, Scene, fields_of, fingerprint, snapshot
from tests.security.walk import PARTS

# Values that every creating request generates: they carry no information.
FRESH = (datetime, memoryview, bytes)

OUTCOMES = {
    f"{method} {path}": dict(zip(ROLES, cells, strict=True)) for method, path, cells in rows()
}
ACTORS = ("member", "admin", "staff")


@pytest.fixture(params=PARTS)
def part(request):
    return request.param


@pytest.fixture
def is_private(part):
    return part[0]


@pytest.fixture
def asked(part):
    """Return the rows with a body of this part."""
    return [row for row in BODIES if is_asked(*row.split(), of_rooms=part[1])]


def hostile(field: models.Field, scene: Scene) -> object:
    """Return a value for `field` that an attacker would choose."""
    if field.is_relation and field.related_model is not None:
        ours = {"User": scene.other.id, "Room": scene.room.id, "Message": scene.message}
        return str(ours.get(field.related_model.__name__, scene.message))
    if isinstance(field, models.BooleanField):
        return not field.default
    if isinstance(field, models.IntegerField | models.FloatField):
        return 999
    if isinstance(field, models.UUIDField):
        return str(scene.message)
    if isinstance(field, models.DateTimeField):
        return "2001-01-01T00:00:00Z"
    return str(field.choices[-1][0]) if field.choices else "hostile@example.org"


def extras(scene: Scene, body: Row) -> Row:
    """Return every field of every table that the request must not set."""
    fields = {field.name: field for table in TABLES for field in table._meta.concrete_fields}
    names = {name for table in TABLES for name in fields_of(table)} | {"participants", "user"}
    return {
        name: hostile(fields.get(name) or fields[name.removesuffix("_id")], scene)
        if name in fields or name.removesuffix("_id") in fields
        else [{"user": str(scene.other.id), "role": "ADMIN"}]
        for name in names - set(body)
    }


def comparable(tables: dict[str, list[Row]], known: set[UUID]) -> dict[str, list[Row]]:
    """Return the rows without generated values: times, hashes, new ids."""
    return {
        name: [
            {
                key: "new" if _is_new(value, known) else value
                for key, value in row.items()
                if not isinstance(value, FRESH) and key not in {"password", "digest"}
            }
            for row in rows
        ]
        for name, rows in tables.items()
    }


def _is_new(value: object, known: set[UUID]) -> bool:
    """Whether a request generated the value: an id, or the placeholder of a name made from it."""
    if isinstance(value, str):
        return re.fullmatch(r"(Member|Membro|Room|Sala) [0-9A-F]{4}", value) is not None
    return isinstance(value, UUID) and value not in known


@pytest.mark.proves("S14")
def test_mass_assignment_changes_only_allowed_fields(scene, asked):
    before = snapshot()
    known = {
        value
        for rows in before.values()
        for row in rows
        for value in row.values()
        if isinstance(value, UUID)
    }

    for route in asked:
        body, (method, path) = BODIES[route], route.split()
        if path.startswith("v1"):  # judges for a key; stores nothing of its own
            continue
        role = next(role for role in ACTORS if OUTCOMES[route][role].startswith("2"))
        clean, wanted = scene.effect_of(role, method, path, body)
        dirty, found = scene.effect_of(role, method, path, extras(scene, body) | body)

        assert clean.status_code < 400, route
        if dirty.status_code == clean.status_code:
            assert comparable(found, known) == comparable(wanted, known), route
        else:
            assert (route, dirty.status_code) == (route, 400)
            assert found == before


@pytest.mark.proves("S120")
def test_acts_of_moderators_with_an_unknown_field_do_nothing(scene, asked):
    before = fingerprint()
    acts = [
        route for route in asked if route.split()[1].startswith(("enforcement/", "moderation/"))
    ]

    for route in acts:
        method, path = route.split()
        body = BODIES[route] | {"surplus": True}
        answer, has_changed = scene.probe("staff", method, path, body, before=before)

        assert (route, answer.status_code) == (route, 400)
        assert "surplus" in answer.json()["fields"], route
        assert not has_changed, route
