"""The evaluations `shadow` and `calibration`: by REST, run in slices by workers."""

import pytest
from django.urls import reverse

from moderado.core import slices
from moderado.moderation.models import Evaluation, ShadowResult
from moderado.moderation.policies.documents import read_json
from moderado.moderation.services import evaluation_measures, policies
from moderado.moderation.services.evaluation_runs import run_slice
from tests.factories import make_staff
from tests.integration.moderation import test_calibration, test_shadow_report

pytestmark = pytest.mark.django_db
ADDRESS = "/api/moderation/evaluations/"


@pytest.fixture(autouse=True)
def _configured(settings):
    settings.MODERATION_PROVIDERS = [test_calibration.CLASSIFIER]


@pytest.fixture
def asked(client):
    client.force_login(make_staff("view_evaluation", "add_evaluation"))

    def ask(**body):
        answer = client.post(ADDRESS, body, "application/json")
        assert answer.status_code == 201, answer.content
        while run_slice():
            pass
        return client.get(f"{ADDRESS}{answer.json()['id']}/").json()

    return ask


def test_calibration_suggests_one_category_a_step(asked):
    test_calibration.ruled(40, 0.95, "BLOCK")
    test_calibration.ruled(350, 0.2, "ALLOW", origin="flag", sampling=0.01)

    found = asked(kind="calibration", rate=0.02)

    assert (found["state"], found["results"]["rate"]) == ("done", 0.02)
    (row,) = found["results"]["categories"]
    assert (row["category"], row["has_enough"]) == ("harassment", True)
    assert found["progress"] == {"done": 1, "total": 1}


@pytest.mark.proves("R92")
def test_calibration_of_too_few_rulings_fails_with_its_code(asked):
    found = asked(kind="calibration")

    assert (found["state"], found["error"]) == ("failed", "too_few_rulings")


def test_shadow_reports_each_shadow(asked):
    test_shadow_report.stored("HOLD", "ALLOW")
    test_shadow_report.stored("ALLOW", "ALLOW", provider="", version="3")

    found = asked(kind="shadow")

    shadows = found["results"]["shadows"]
    assert [(each["provider"], each["version"]) for each in shadows] == [
        (None, 3),
        ("remote", None),
    ]
    assert Evaluation.objects.get().checkpoint == {}


def page_of(client, evaluation_id):
    client.force_login(make_staff("view_evaluation"))
    page = client.get(reverse("admin:moderation_evaluation_change", args=[evaluation_id]))
    return page.content.decode()


@pytest.mark.proves("R159")
def test_admin_shows_the_suggested_thresholds(client, asked):
    test_calibration.ruled(40, 0.95, "BLOCK")
    test_calibration.ruled(350, 0.2, "ALLOW", origin="flag", sampling=0.01)
    found = asked(kind="calibration", rate=0.02)

    page = page_of(client, found["id"])

    (row,) = found["results"]["categories"]
    assert row["threshold"] is not None
    assert f"{row['threshold']['value']:.3g}".replace(".", ",") in page
    assert "assédio" in page
    assert "2,0 %" in page


@pytest.mark.proves("R159")
def test_admin_shows_the_agreement_of_each_shadow(client, asked):
    test_shadow_report.stored("HOLD", "ALLOW")
    test_shadow_report.stored("ALLOW", "ALLOW", provider="", version="3")

    page = page_of(client, asked(kind="shadow")["id"])

    assert "olítica default: remote" in page
    assert "olítica default: versão 3" in page
    assert page.count("Não pode ser promovid") == 2


@pytest.mark.proves("R163")
def test_shadow_whose_results_expire_between_slices_hides_no_other(monkeypatch, asked):
    monkeypatch.setattr(slices, "SLICE", 0)
    for name in ("a", "b", "c"):
        test_shadow_report.stored("HOLD", "ALLOW", provider=name)
    read = evaluation_measures.shadow_report.report_of

    def expiring(shadow, **within):
        report = read(shadow, **within)
        ShadowResult.objects.filter(provider="a").delete()
        return report

    monkeypatch.setattr(evaluation_measures.shadow_report, "report_of", expiring)

    found = asked(kind="shadow")

    assert [each["provider"] for each in found["results"]["shadows"]] == ["a", "b", "c"]
    assert found["progress"] == {"done": 3, "total": 3}


def test_option_of_another_kind_is_refused(client):
    client.force_login(make_staff("view_evaluation", "add_evaluation"))

    answer = client.post(ADDRESS, {"kind": "shadow", "rate": 0.1}, "application/json")

    assert answer.status_code == 400
    assert "rate" in answer.json()["fields"]


@pytest.mark.parametrize(
    "body",
    [
        {"until": "0001-01-05T00:00:00Z"},
        {"rate": "nan"},
        {"rate": 0},
        {"limit": 5},
        {"kind": "shadow", "limit": 5},
        {"policy": "default", "version": 1},
        {"kind": "shadow", "policy": "default", "version": 1},
    ],
)
@pytest.mark.proves("R161")
def test_request_that_no_evaluation_can_follow_is_refused(client, body):
    client.force_login(make_staff("view_evaluation", "add_evaluation"))

    policies.create_policy(actor_id=None, document=read_json({"name": "default"}))

    answer = client.post(ADDRESS, {"kind": "calibration"} | body, "application/json")

    assert answer.status_code == 400, answer.content
    assert not Evaluation.objects.exists()


@pytest.mark.proves("R161")
def test_admin_calibrates_the_policy_of_the_chosen_version(client):
    client.force_login(make_staff("view_evaluation", "add_evaluation", "view_policyversion"))
    document = read_json({"name": "default"})
    version = policies.create_policy(actor_id=None, document=document).version
    add = reverse("admin:moderation_evaluation_add")

    client.post(add, {"kind": "calibration", "version": str(version.pk)})

    evaluation = Evaluation.objects.get()
    assert (evaluation.policy, evaluation.version) == (version.policy, None)
