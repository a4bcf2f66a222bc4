"""The ready groups of staff have the rights of their work."""

import pytest
from django.contrib.auth.models import Group

pytestmark = pytest.mark.django_db


def rights(name):
    return set(Group.objects.get(name=name).permissions.values_list("codename", flat=True))


def test_ready_groups_may_do_more_step_by_step():
    moderator, senior, operator = map(rights, ("moderator", "senior moderator", "operator"))

    assert {"decide_case", "add_sanction", "view_report"} <= moderator
    assert {"lift_sanction", "reverse_ruling", "bulk_rule", "decide_appeal"} <= senior - moderator
    assert {"add_queue", "change_queue", "delete_queue"} <= operator - senior
