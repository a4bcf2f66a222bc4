"""Policies in the admin: written, shown, enabled, rolled back, assigned, deleted."""

import pytest
from django.urls import reverse

from moderado.core.ids import new_id
from moderado.moderation.models import (
    Evaluation,
    Policy,
    PolicyAssignment,
    PolicyChange,
    PolicyVersion,
)
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


@pytest.mark.parametrize(
    "language, reason",
    [("pt-br", "feita da configuração"), ("en", "made of the configuration")],
)
def test_reason_of_the_server_is_in_the_language_of_the_reader(client, staff, language, reason):
    """The migration that makes the first version stores its reason once, in English."""
    document = parse_document(document={"name": "default", "rules": []})
    saved = policies.create_policy(
        actor_id=None, document=document, reason="made of the configuration"
    )
    change = PolicyChange.objects.get()
    pages = [
        reverse("admin:moderation_policyversion_changelist"),
        reverse("admin:moderation_policyversion_change", args=[saved.version.pk]),
        reverse("admin:moderation_policychange_changelist"),
        reverse("admin:moderation_policychange_change", args=[change.pk]),
    ]

    for page in pages:
        answer = client.get(page, headers={"Accept-Language": language})
        assert reason in answer.content.decode()
    shown = client.get("/api/moderation/policies/default/", headers={"Accept-Language": language})
    assert shown.json()["history"][0]["reason"] == reason


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


YAML = """\
name: games
extends: null
rules:
- id: own
  words: [off, pira]
  category: spam
  outcome: hold
  must_hold: ["pira"]
"""
ADD = reverse("admin:moderation_policyversion_add")


@pytest.fixture
def writer(client):
    writer = make_staff("view_policy", "view_policyversion", "add_policy")
    client.force_login(writer)
    return writer


def test_policy_is_written_and_written_again(client, writer):
    page = client.post(ADD, {"yaml": YAML, "reason": "novo"}, follow=True)

    first = PolicyVersion.objects.get()
    assert (first.policy.name, first.author, first.reason) == ("games", writer, "novo")
    assert first.document["rules"][0]["words"] == ["off", "pira"]
    assert page.redirect_chain[-1][0] == reverse(
        "admin:moderation_policyversion_change", args=[first.pk]
    )
    assert first.policy.enabled is None
    link = f"{ADD}?version={first.pk}"
    assert link in page.content.decode()

    form = client.get(link).content.decode()
    assert "- pira" in form
    client.post(ADD, {"yaml": YAML.replace("pira", "lula"), "reason": ""})

    second = PolicyVersion.objects.exclude(pk=first.pk).get()
    assert (second.policy, second.number) == (first.policy, 2)


def test_every_mistake_of_a_written_version_is_shown_with_its_line(client, writer):
    wrong = YAML.replace("outcome: hold", "outcome: explode").replace("null", "nothing")

    page = client.post(ADD, {"yaml": wrong + "extra: 1\n"}).content.decode()

    assert "rules[0].outcome" in page
    assert "Exemplos da política" not in page, "nothing is known of a version that is not saved"
    assert "extra: linha" in page
    assert page.count("linha") >= 2
    page = client.post(ADD, {"yaml": YAML.replace("null", "nothing")}).content.decode()
    assert "extends:" in page
    assert not PolicyVersion.objects.exists()


def test_name_of_a_deleted_policy_is_not_written_again(client, writer):
    client.post(ADD, {"yaml": YAML})
    policies.delete_policy(actor_id=None, name="games")

    page = client.post(ADD, {"yaml": YAML, "reason": "2"})

    assert page.status_code == 200
    assert PolicyVersion.objects.count() == 1


def test_document_of_a_version_is_offered_to_those_who_may_read_it(client):
    version = save(words=["segredo"])
    client.force_login(make_staff("view_policy", "add_policy"))

    assert "segredo" not in client.get(f"{ADD}?version={version.pk}").content.decode()


def test_policy_is_assigned_replaced_and_unassigned(client):
    version, room = save(), new_id()
    policies.enable(actor_id=None, name="default", number=version.number)
    policies.create_policy(actor_id=None, document=parse_document(yaml=YAML))
    policies.enable(actor_id=None, name="games", number=1)
    client.force_login(make_staff("view_policy", "view_policyassignment", "enable_policy"))
    default, games = (Policy.objects.get(name=name) for name in ("default", "games"))
    add = reverse("admin:moderation_policyassignment_add")

    def assigned():
        rows = PolicyAssignment.objects.values_list("policy__name", "scope_id", "room_type")
        return set(rows)

    client.post(add, {"policy": default.pk})
    client.post(add, {"policy": default.pk, "room_id": str(room)})
    client.post(add, {"policy": games.pk, "room_id": str(room)})
    client.post(add, {"policy": games.pk, "type_of_room": "private"})
    client.post(add, {"policy": games.pk, "type_of_room": "private", "room_id": str(room)})
    everywhere = {("default", None, ""), ("games", room, ""), ("games", None, "private")}
    assert assigned() == everywhere

    act(client, "unassign", PolicyAssignment.objects.get(scope_id=room))
    assert assigned() == everywhere - {("games", room, "")}
    actions = PolicyChange.objects.filter(policy=games).values_list("action", flat=True)
    assert list(actions.order_by("created_at", "id"))[-3:] == [
        "assigned", "assigned", "unassigned",
    ]  # fmt: skip


def test_policy_is_deleted_unless_it_is_assigned(client):
    version = save()
    policies.enable(actor_id=None, name="default", number=version.number)
    client.force_login(
        make_staff("view_policy", "view_policyassignment", "enable_policy", "delete_policy")
    )
    policy = Policy.objects.get()
    client.post(reverse("admin:moderation_policyassignment_add"), {"policy": policy.pk})

    page = act(client, "delete_policy", policy)
    assert Policy.objects.get().deleted_at is None
    assert "atribu" in page.content.decode()
    act(client, "unassign", PolicyAssignment.objects.get())
    act(client, "delete_policy", policy)
    assert Policy.objects.get().deleted_at is not None
