"""Policies in the admin: documents are shown, versions are enabled and rolled back."""

import pytest
from django.urls import reverse

from moderado.moderation.models import Policy, PolicyChange, PolicyVersion
from moderado.moderation.services import policies
from moderado.moderation.services.policy_documents import parse_document
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


def save(*, name="default", **rule):
    rule = {"id": "own", "words": ["pira"], "category": "spam", "outcome": "hold", **rule}
    document = parse_document(document={"name": name, "rules": [rule]})
    if Policy.objects.exists():
        return policies.save_version(actor_id=None, name=name, document=document).version
    return policies.create_policy(actor_id=None, document=document).version


def act(client, model, action, row):
    return client.post(
        reverse(f"admin:moderation_{model}_changelist"),
        {"action": action, "_selected_action": [str(row.pk)]},
        follow=True,
    )


@pytest.fixture
def staff(client):
    rights = ("view_policy", "view_policyversion", "view_policychange", "enable_policy")
    staff = make_staff(*rights)
    client.force_login(staff)
    return staff


def test_version_is_shown_enabled_and_rolled_back(client, staff):
    first, second = save(), save(words=["lula"])

    page = client.get(reverse("admin:moderation_policyversion_change", args=[second.pk]))
    assert "- lula" in page.content.decode()
    for version in (first, second):
        assert act(client, "policyversion", "enable", version).status_code == 200
    assert Policy.objects.get().enabled == second
    act(client, "policy", "roll_back", Policy.objects.get())

    assert Policy.objects.get().enabled == first
    change = PolicyChange.objects.order_by("created_at", "id").last()
    assert (change.action, change.actor) == ("rolled_back", staff)


def test_failing_version_is_not_enabled(client, staff):
    version = save(must_hold=["bom dia"])

    page = act(client, "policyversion", "enable", version)

    assert "resultado esperado" in page.content.decode()
    assert Policy.objects.get().enabled is None


def test_viewers_enable_nothing(client):
    version = save()
    client.force_login(make_staff("view_policyversion"))

    act(client, "policyversion", "enable", version)

    assert PolicyVersion.objects.count() == 1
    assert Policy.objects.get().enabled is None
