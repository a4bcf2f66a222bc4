"""Reports of shadows by command and REST, and the state of providers."""

import json
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from moderado.moderation.models import Case, ShadowResult
from moderado.moderation.services.rulings import weighted_rulings
from moderado.moderation.services.shadow_report import shadow_reports
from tests.factories import POLICING, make_staff, make_user

pytestmark = pytest.mark.django_db


def stored(decided="ALLOW", outcome="ALLOW", **fields):
    defaults = {
        "policy": "default",
        "policy_version": "1",
        "provider": "remote",
        "line_id": uuid.uuid4(),
        "subject_type": "message",
        "subject_id": uuid.uuid4(),
        "revision": 1,
        "latency": 0.2,
        "cost": 0.01,
    }
    return ShadowResult.objects.create(decided=decided, outcome=outcome, **(defaults | fields))


def ruled(subject_id, outcome, *, origin="flag", sampling=None, state="decided", revision=1):
    return Case.objects.create(
        subject_type="message",
        subject_id=subject_id,
        revision=revision,
        origin=origin,
        text="oi",
        sampling=sampling,
        state=state,
        outcome=outcome,
        decided_by=make_user() if state == "decided" else None,
    )


def test_rulings_stand_for_what_was_not_drawn_and_not_decided():
    ruled(uuid.uuid4(), "BLOCK", origin="hold")
    ruled(uuid.uuid4(), "ALLOW", origin="hold")
    ruled(uuid.uuid4(), "", origin="hold", state="open")
    ruled(uuid.uuid4(), "", origin="hold", state="closed")
    ruled(uuid.uuid4(), "ALLOW", sampling=0.01)

    weights = sorted((each.weight, each.is_sampled) for each in weighted_rulings())

    assert weights == [(2.0, False), (2.0, False), (100.0, True)]


def test_report_pairs_the_verdicts_with_the_rulings():
    first, second = stored("HOLD", "ALLOW"), stored("ALLOW", "HOLD")
    stored(outcome="", error="TimeoutError")
    ruled(first.subject_id, "BLOCK", origin="hold")
    ruled(second.subject_id, "ALLOW", sampling=0.5)

    (report,) = shadow_reports()

    found = report.found
    assert (report.policy, report.provider) == ("default", "remote")
    assert (found.pairs, found.failures) == (2, {"TimeoutError": 1})
    assert found.rulings["pairs"] == 2
    assert (found.rulings["deciding_errors"], found.rulings["shadow_errors"]) == (0.0, 1.0)


@pytest.mark.proves("S104")
def test_texts_about_danger_to_children_are_in_no_report_and_no_ruling():
    shown, named, ruled_on = stored("HOLD", "HOLD"), uuid.uuid4(), uuid.uuid4()
    for categories in (["child_safety"], []):
        stored("BLOCK", "ALLOW", decided_categories=categories, categories=["child_safety"])
    ruled(named, "BLOCK")
    Case.objects.filter(subject_id=named).update(categories=["child_safety"])
    stored("HOLD", "HOLD", subject_id=named)
    for revision in (1, 2):  # a later case about the same text
        ruled(ruled_on, "BLOCK", revision=revision)
    Case.objects.filter(subject_id=ruled_on, revision=1).update(categories=["child_safety"])
    ruled(shown.subject_id, "BLOCK")

    (report,) = shadow_reports()

    assert report.found.pairs == 1
    assert [each.subject_id for each in weighted_rulings()] == [shown.subject_id]


def test_results_under_an_earlier_version_are_another_comparison():
    stored("HOLD", "HOLD")
    stored("ALLOW", "HOLD", policy_version="2")

    (report,) = shadow_reports()

    assert report.found.pairs == 1


def test_command_reports_for_people_and_programs():
    for _ in range(3):
        stored("HOLD", "ALLOW", decided_categories=["hate"])
    written, said = StringIO(), StringIO()

    call_command("shadow", "report", "--json", stdout=written)
    call_command("shadow", "report", stdout=said)

    (report,) = json.loads(written.getvalue())
    assert (report["provider"], report["version"], report["pairs"]) == ("remote", None, 3)
    assert report["gate"]["passed"] is False
    assert "may not be promoted" in said.getvalue()
    assert "hate" in said.getvalue()


def test_command_says_that_there_is_nothing_to_report():
    said = StringIO()

    call_command("shadow", "report", "--since", "2d", stdout=said)

    assert "no shadow" in said.getvalue()
    with pytest.raises(CommandError):
        call_command("shadow", "report", "--since", "soon")


def test_providers_show_budgets_and_agreement(client, settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Remote"}]
    stored("HOLD", "HOLD"), stored("ALLOW", "HOLD"), stored()
    stored("BLOCK", "BLOCK", decided_categories=["child_safety"])  # in no number (ADR 0087)
    client.force_login(make_staff(*POLICING))

    (shown,) = client.get("/api/moderation/providers/").json()["results"]

    assert (shown["name"], shown["is_remote"], shown["breaker"]) == ("remote", True, "closed")
    assert shown["agreement"] == [{"policy": "default", "pairs": 3, "kappa": pytest.approx(0.4)}]
