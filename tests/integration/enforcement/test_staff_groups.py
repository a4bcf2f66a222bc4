"""The ready groups of staff have the rights of their work."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

pytestmark = pytest.mark.django_db

FIRST = import_module("moderado.chat.migrations.0008_staff_groups")
RIGHTS = import_module("moderado.enforcement.migrations.0011_rights_of_staff_groups")


@pytest.fixture(autouse=True)
def _ready_groups():
    Group.objects.all().delete()  # a test that ran before may have emptied the tables
    FIRST.create_groups(apps, None)


def rights(name):
    return set(Group.objects.get(name=name).permissions.values_list("codename", flat=True))


def test_ready_groups_may_do_more_step_by_step():
    RIGHTS.extend_groups(apps, None)

    moderator, senior, operator = map(rights, ("moderator", "senior moderator", "operator"))

    assert {"decide_case", "add_sanction", "view_report"} <= moderator
    assert {"lift_sanction", "reverse_ruling", "bulk_rule", "decide_appeal"} <= senior - moderator
    assert {"add_queue", "change_queue", "delete_queue"} <= operator - senior


def test_group_from_which_operators_took_a_right_stays_as_it_is():
    group = Group.objects.get(name="moderator")
    group.permissions.remove(Permission.objects.get(codename="decide_case"))
    held = rights("moderator")

    RIGHTS.extend_groups(apps, None)

    assert rights("moderator") == held
