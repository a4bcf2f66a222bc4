"""Thresholds that providers propose apply where a policy has none, and are replayed."""

import pytest

from moderado.moderation import registry
from moderado.moderation.compiled import Threshold
from moderado.moderation.evaluation.past import PastDecision
from moderado.moderation.evaluation.replay import decided_again
from moderado.moderation.models import ModerationLog
from moderado.moderation.policies.compile import compile_policy
from moderado.moderation.policies.documents import read_json
from moderado.moderation.services.policy_findings import findings_of_document
from moderado.moderation.services.recording import record
from moderado.moderation.services.screening import judge
from moderado.moderation.types import Category, Outcome
from tests.integration.moderation.conftest import make_content

pytestmark = pytest.mark.django_db

CLASSIFIER = {"BACKEND": "moderado.moderation.providers.classifier.ClassifierProvider"}
BLOCKLIST = {"BACKEND": "moderado.moderation.providers.blocklist.BlocklistProvider"}
ABUSE = "você é um lixo de pessoa, seu nojento, ninguém te suporta, idiota"


def compiled(**document):
    return compile_policy(
        [read_json({"name": "p", **document})],
        version="1",
        configured=registry.configured_providers(),
    )


def past(line):
    names = PastDecision.__dataclass_fields__
    return PastDecision(**{name: getattr(line, name) for name in names})


@pytest.mark.proves("R93")
def test_added_provider_has_an_effect_and_is_named_in_the_findings(settings):
    settings.MODERATION_PROVIDERS = [BLOCKLIST]
    document = {"providers": None, "thresholds": {"hate": {"hold": 0.9}}}
    assert compiled(**document).policy.fallback == {}

    settings.MODERATION_PROVIDERS = [BLOCKLIST, CLASSIFIER]
    found = compiled(**document)

    assert found.policy.threshold(Category.HARASSMENT).hold
    assert found.policy.threshold(Category.HATE) == Threshold(hold=0.9)
    (mistake,) = findings_of_document(read_json({"name": "p", **document})).mistakes
    assert "harassment" in mistake


@pytest.mark.parametrize("row", ["any", "harassment"])
def test_row_of_the_policy_stands_over_what_is_proposed(settings, row):
    settings.MODERATION_PROVIDERS = [CLASSIFIER]

    found = compiled(thresholds={row: {}})

    assert found.policy.threshold(Category.HARASSMENT) == Threshold()
    (verdict,) = judge([make_content(text=ABUSE)], found)
    assert verdict.outcome is Outcome.ALLOW


@pytest.mark.proves("R93")
def test_decision_is_replayed_with_the_thresholds_of_its_time(settings):
    settings.MODERATION_PROVIDERS = [CLASSIFIER]
    content = make_content(text=ABUSE)
    (verdict,) = judge([content], compiled())
    record([(content, verdict)])
    line = ModerationLog.objects.get(subject_id=content.subject_id)

    settings.MODERATION_PROVIDERS = [BLOCKLIST]
    again = decided_again(past(line), compiled())

    assert line.facts["thresholds"]["harassment"]["hold"] > 0
    assert verdict.outcome in {Outcome.FLAG, Outcome.HOLD}
    assert (again.outcome, again.basis) == (verdict.outcome, verdict.basis)


def test_policy_with_rows_adds_nothing_to_the_log(settings):
    settings.MODERATION_PROVIDERS = [CLASSIFIER]
    content = make_content()
    (verdict,) = judge([content], compiled(thresholds={"any": {"hold": 0.9}}))

    record([(content, verdict)])

    assert "thresholds" not in ModerationLog.objects.get(subject_id=content.subject_id).facts
