"""Each Django permission opens what the table says to staff, and nothing else.

Permissions only add rights, so two kinds of accounts prove a row: with its permissions alone, and
with all others but one of them.
"""

import json
from functools import cache

import pytest
from django.contrib.auth.models import Group, Permission

from moderado.accounts.rights import NEEDS
from tests.factories import make_staff
from tests.security.access_table import BODIES, ROLES, rows
from tests.security.permission_table import OWN, ROUTES, WITH_COUNTS, WITH_TEXTS
from tests.security.scene import Scene

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S118")]

OPENED = {row: frozenset(names.split()) for names, opened in ROUTES.items() for row in opened}
SEEN = {"add_sanction", "make_evidence"}  # without them the case is seen: 403, and not 404
ZIPS = "POST enforcement/cases/{case}/evidence/"
PURGE = "POST enforcement/purges/"
PREVIEW = f"{PURGE} dry_run"
COUNTS = {"open_count", "oldest_seconds"}


def of_staff():
    """Return the rows that staff alone are permitted: the cells of staff and of strangers."""
    found = {}
    for method, path, cells in rows():
        by_role = dict(zip(ROLES, cells, strict=True))
        stranger, staff = by_role["stranger"].partition("|")[0], by_role["staff"].partition("|")[0]
        if stranger in ("403", "404") and staff.startswith("2"):
            found[f"{method} {path}"] = (stranger, staff)
    return found


def test_every_route_of_staff_has_a_row():
    assert set(of_staff()) - OWN == set(OPENED)


class Staff:
    """Accounts of a scene by their permissions."""

    def __init__(self):
        self.scene = Scene(is_private=True)
        self.only = cache(self._only)
        self.all_but = cache(self._all_but)

    def _only(self, names):
        role = "only " + " ".join(sorted(names))
        self.scene.enlist(role, make_staff(*names))
        return role

    def _all_but(self, name):
        staff = make_staff()
        staff.user_permissions.set(Permission.objects.exclude(codename=name))
        self.scene.enlist(f"all but {name}", staff)
        return f"all but {name}"

    def ask(self, role, row):
        method, path = row.split(" ", 1)
        return self.scene.try_out(role, method, path, BODIES.get(row))


@pytest.fixture
def staff():
    return Staff()


@pytest.fixture(scope="module")
def remembered():
    return {}


@pytest.fixture
def answers(db, remembered, request):
    """Return what each row answers to its permissions alone: asked once for the whole module."""
    if not remembered:
        staff = request.getfixturevalue("staff")
        for row, names in OPENED.items():
            remembered[row] = staff.ask(staff.only(names), row)
        purge = {**BODIES[PURGE], "dry_run": True}
        role = staff.only(OPENED[PURGE])
        remembered[PREVIEW] = staff.scene.try_out(role, "POST", "enforcement/purges/", purge)
    return remembered


def test_permissions_of_a_row_open_it_and_none_can_be_spared(staff, answers):
    found, wanted = {}, {}
    for row, (refused, permitted) in of_staff().items():
        if row in OWN:
            continue
        found[row], wanted[row] = answers[row].status_code, permitted
        for name in OPENED[row]:
            key = f"{row} without {name}"
            found[key] = staff.ask(staff.all_but(name), row).status_code
            wanted[key] = "403" if name in SEEN else refused

    assert {row: str(status) for row, status in found.items()} == wanted


def test_answers_have_texts_and_counts_only_with_the_permission_to_see_them(answers):
    texts = ("ainda não", "minha", "outra", "bom dia")
    shown = {}
    for row in answers.keys() - {ZIPS}:
        answer, names = answers[row], OPENED[PURGE if row == PREVIEW else row]
        body = answer.getvalue().decode(errors="replace")
        if not names & WITH_TEXTS and any(f'"{text}' in body for text in texts):
            shown[row] = body
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        if not names & WITH_COUNTS and is_json and body and _counts(json.loads(body)):
            shown[row] = body

    assert shown == {}


def _counts(value):
    """Return whether a body has a number of open cases."""
    if isinstance(value, dict):
        return any(
            (name in COUNTS and each is not None) or _counts(each) for name, each in value.items()
        )
    return isinstance(value, list) and any(map(_counts, value))


def test_ready_groups_have_what_their_permissions_need():
    for group in Group.objects.all():
        labels = group.permissions.values_list("content_type__app_label", "codename")
        held = {f"{app}.{codename}" for app, codename in labels}
        assert held, group
        missing = {name: set(NEEDS[name]) - held for name in NEEDS.keys() & held}
        assert not any(missing.values()), (group, missing)
