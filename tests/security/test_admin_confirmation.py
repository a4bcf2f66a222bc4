"""Each address of the admin that changes something either asks for the password again or not."""

import pytest
from django.contrib import admin
from django.http import QueryDict
from django.test import RequestFactory
from django.urls import ResolverMatch

from moderado.accounts.admin_confirmation import _is_sensitive
from tests.security.admin_table import DOORS

pytestmark = pytest.mark.proves("S196")

# What one moderator does to one case, person or text, and takes back as easily. All else is asked.
WITHOUT_PASSWORD = {
    "chat_room_act",  # a measure that ends, and is taken back at once
    "chat_room_change",
    "enforcement_appeal_act", "enforcement_reportingsuspension_act", "enforcement_ruling_act",
    "enforcement_sanction_act", "enforcement_sanction_add",
    "enforcement_legalhold_add",  # it keeps data, and deletes none
    "moderation_case_claim", "moderation_case_decide", "moderation_case_undo",
    "moderation_evaluation_add",
    "moderation_policyversion_add",  # saved, not enabled
    "moderation_policyversion_backtest",  # a calculation
    "moderation_suggestedscore_delete",
}  # fmt: skip
_OWN = {"add", "change", "delete"}


def addresses():
    """Return the names of the addresses by which DOORS change something."""
    for doors in DOORS.values():
        for door in doors:
            model, what, *_act = door.split()
            prefix = model.replace(".", "_")
            if what in {*_OWN, "act"}:
                yield f"{prefix}_{what}"
            elif what.startswith(("moderation_", "auth_")):
                yield what


def asks_for_password(name):
    request = RequestFactory().post("/")
    request.POST = QueryDict()
    request.resolver_match = ResolverMatch(
        lambda: None, (), {}, url_name=name, app_names=[admin.site.name], namespaces=["admin"]
    )
    return _is_sensitive(request)


def test_each_address_that_changes_something_is_classified():
    names = set(addresses())

    assert {name for name in names if not asks_for_password(name)} == WITHOUT_PASSWORD & names
    assert names >= WITHOUT_PASSWORD
    asked = {
        "enforcement_legalhold_act",
        "moderation_policyassignment_add",
        "moderation_policyversion_enable",
        "enforcement_queue_add",
    }
    assert asked <= names - WITHOUT_PASSWORD
