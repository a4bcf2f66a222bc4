"""Forms of the admin that create something: a second click creates nothing, and shows the same."""

import re

import pytest
from django.urls import reverse

from moderado.accounts.models import ApiKey, Invitation
from moderado.enforcement.models import AuditLine
from moderado.moderation.models import Evaluation, PolicyVersion
from moderado.moderation.services import policies
from moderado.moderation.services.policy_documents import parse_document
from tests.factories import make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S198")]

SECRETS = {ApiKey: r"mk_[\w-]{43}", Invitation: r"invitation=[\w-]+"}


def of_key():
    return "accounts_apikey", {"name": "forum", "scopes": ["judge"]}, {"name": "blog"}


def of_invitation():
    return "accounts_invitation", {"note": "Ana", "days": "3"}, {"note": "Bia"}


def of_evaluation():
    rule = {"id": "own", "words": ["pira"], "category": "spam", "outcome": "hold"}
    document = parse_document(document={"name": "default", "rules": [rule]})
    version = policies.create_policy(actor_id=None, document=document).version
    given = {"kind": "backtest", "version": str(version.pk), "limit": "5"}
    return "moderation_evaluation", given, {"limit": "6"}


def of_version():
    rule = "{id: own, words: [pira], category: spam, outcome: hold}"
    given = {"yaml": f"name: default\nextends: null\nrules: [{rule}]\n", "reason": "a"}
    return "moderation_policyversion", given, {"reason": "b"}


@pytest.mark.parametrize(
    ("model", "form"),
    [
        (ApiKey, of_key), (Invitation, of_invitation), (Evaluation, of_evaluation),
        (PolicyVersion, of_version),
    ],
    ids=["key", "invitation", "evaluation", "version"],
)  # fmt: skip
def test_form_that_is_sent_twice_creates_one_record(model, form, client):
    name, given, other = form()
    client.force_login(
        make_staff(
            "add_apikey", "view_apikey", "add_invitation", "view_invitation", "add_evaluation",
            "view_evaluation", "view_policy", "view_policyversion", "add_policy",
        )
    )  # fmt: skip
    add = reverse(f"admin:{name}_add")
    (form_id,) = re.findall(
        r'name="form_id" value="([0-9a-f-]{36})"', client.get(add).content.decode()
    )
    assert form_id not in client.get(add).content.decode()

    def send(**fields):
        page = client.post(add, given | {"form_id": form_id} | fields, follow=True)
        return re.findall(SECRETS.get(model, "$"), page.content.decode())

    first = send()
    assert send() == first
    assert model.objects.count() == 1
    assert AuditLine.objects.filter(action__endswith="created").count() <= 1
    assert send(**other) != first or model in (Evaluation, PolicyVersion)
    assert model.objects.count() == 2, "after the button back: another content"
    send(form_id="")
    assert model.objects.count() == 3
