"""A body that says nothing, or is no object, changes nothing.

Each route that reads a body gets an empty object, `null`, a list and a string from a role that it
is open to.
"""

import pytest

from tests.security.access_table import BODIES, ROLES, rows
from tests.security.scene import Scene, filled

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S151")]

# An empty object is a request of its own there: nothing changes, or each field has a default.
OPTIONAL = {
    "PATCH auth/users/me/",
    "PATCH chat/rooms/{room}/",
    "PATCH enforcement/queues/{queue}/",
    "POST auth/invitations/",
    "POST moderation/policies/{policy}/versions/{version}/enable/",
    "POST moderation/policies/{policy}/versions/{version}/rollback/",
}
NO_OBJECTS = ("null", "[]", '["x"]', '"x"', "1")


def asked():
    """Return each row with a body, and a role that it is open to."""
    for method, path, cells in rows():
        row = f"{method} {path}"
        if row in BODIES and not path.startswith("v1"):
            by_role = dict(zip(ROLES, cells, strict=True))
            open_to = [
                role for role in reversed(ROLES) if by_role[role].partition("|")[0][0] == "2"
            ]
            yield row, open_to[0]


def test_body_without_content_is_refused():
    scene, found, wanted = Scene(is_private=True), {}, {}
    for row, role in asked():
        method, path = row.split(" ", 1)
        url = f"/api/{filled(path, scene.names(role))}"
        for text in ("{}", *NO_OBJECTS):
            answer = scene.send(role, method, url, text)
            is_optional = text == "{}" and row in OPTIONAL
            found[row, text] = answer.status_code // 100
            wanted[row, text] = 2 if is_optional else 4

    assert {each: status for each, status in found.items() if status != wanted[each]} == {}
