"""Policies in the admin: documents are shown, versions are enabled and rolled back."""

import pytest
from django.urls import reverse

from moderado.moderation.models import Evaluation, Policy, PolicyChange, PolicyVersion
from moderado.moderation.services import policies
from moderado.moderation.services.evaluation_runs import run_slice
from moderado.moderation.services.policy_documents import parse_document
from tests.admin import act
from tests.factories import make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_identity_sentences")]


def save(*, name="default", **rule):
    rule = {"id": "own", "words": ["pira"], "category": "spam", "outcome": "hold", **rule}
    document = parse_document(document={"name": name, "rules": [rule]})
    if Policy.objects.exists():
        return policies.save_version(actor_id=None, name=name, document=document).version
    return policies.create_policy(actor_id=None, document=document).version


def enable(client, version, **given):
    address = reverse("admin:moderation_policyversion_enable", args=[version.pk])
    return client.post(address, given, follow=True)


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
        assert enable(client, version).status_code == 200
    assert Policy.objects.get().enabled == second
    act(client, "roll_back", Policy.objects.get())

    assert Policy.objects.get().enabled == first
    change = PolicyChange.objects.order_by("created_at", "id").last()
    assert (change.action, change.actor) == ("rolled_back", staff)


def test_failing_version_is_not_enabled(client, staff):
    version = save(must_hold=["bom dia"])

    page = enable(client, version)

    assert "resultado esperado" in page.content.decode()
    assert Policy.objects.get().enabled is None


def test_viewers_enable_nothing(client):
    version = save()
    client.force_login(make_staff("view_policy", "view_policyversion"))

    assert enable(client, version).status_code == 403
    assert PolicyVersion.objects.count() == 1
    assert Policy.objects.get().enabled is None


def test_page_of_a_version_shows_what_would_follow_and_starts_a_backtest(client):
    version = save(must_hold=["bom dia"])
    client.force_login(
        make_staff(
            "view_policy",
            "view_policyversion",
            "enable_policy",
            "view_evaluation",
            "add_evaluation",
        )
    )
    address = reverse("admin:moderation_policyversion_change", args=[version.pk])
    assert "bom dia" in client.get(address).content.decode()

    start = reverse("admin:moderation_policyversion_backtest", args=[version.pk])
    page = client.post(start, follow=True)

    evaluation = Evaluation.objects.get()
    assert (evaluation.kind, evaluation.version) == ("backtest", version)
    assert page.redirect_chain[-1][0].endswith(f"/evaluation/{evaluation.pk}/change/")
    link = reverse("admin:moderation_evaluation_change", args=[evaluation.pk])
    assert link in client.get(address).content.decode()


def test_evaluation_is_started_read_and_cancelled(client):
    version = save()
    client.force_login(
        make_staff("view_evaluation", "add_evaluation", "view_policy", "view_policyversion")
    )
    add = reverse("admin:moderation_evaluation_add")
    assert client.get(add).status_code == 200
    refused = client.post(add, {"kind": "backtest"})
    assert "vers" in refused.content.decode()
    assert not Evaluation.objects.exists()

    client.post(add, {"kind": "backtest", "version": str(version.pk), "limit": "5"})
    evaluation = Evaluation.objects.get()
    assert run_slice(evaluation.pk)
    page = client.get(reverse("admin:moderation_evaluation_change", args=[evaluation.pk]))
    assert "conclu" in page.content.decode() or "feito" in page.content.decode()
    assert "Consequências" in page.content.decode()

    client.post(add, {"kind": "replay"})
    act(client, "cancel", Evaluation.objects.get(kind="replay"))
    assert Evaluation.objects.get(kind="replay").state == "cancelled"
