"""The ready groups of staff have the rights of their work."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission

from moderado.accounts import rights as all_rights

pytestmark = pytest.mark.django_db

FIRST = import_module("moderado.chat.migrations.0008_staff_groups")
RIGHTS = import_module("moderado.enforcement.migrations.0011_rights_of_staff_groups")
PURGES = import_module("moderado.enforcement.migrations.0015_right_to_purge")
NOTICES = import_module("moderado.enforcement.migrations.0018_rights_of_notices")
PAGES = import_module("moderado.enforcement.migrations.0019_rights_of_admin_pages")
MORE_PAGES = import_module("moderado.enforcement.migrations.0021_rights_of_purges_and_notices")


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


def test_operators_may_do_all_that_services_ask_a_right_for():
    RIGHTS.extend_groups(apps, None)
    PURGES.extend_groups(apps, None)
    NOTICES.extend_operators(apps, None)
    PAGES.extend_groups(apps, None)
    MORE_PAGES.extend_groups(apps, None)
    named = {name: each for name, each in vars(all_rights).items() if name.isupper()}
    asked = {each for each in named.values() if isinstance(each, str)}
    group = Group.objects.get(name="operator")

    held = {
        f"{app}.{codename}"
        for app, codename in group.permissions.values_list("content_type__app_label", "codename")
    }

    assert asked - held == set()


def test_each_page_of_enforcement_is_open_to_operators():
    RIGHTS.extend_groups(apps, None)
    NOTICES.extend_operators(apps, None)
    PAGES.extend_groups(apps, None)
    MORE_PAGES.extend_groups(apps, None)
    models = [model for model in admin.site._registry if model._meta.app_label == "enforcement"]

    assert len(models) >= 12
    assert {f"view_{model._meta.model_name}" for model in models} <= rights("operator") | {
        "view_queue"
    }
    assert {"view_ruling", "view_queue"} <= rights("moderator")
    assert "view_auditline" not in rights("senior moderator")
