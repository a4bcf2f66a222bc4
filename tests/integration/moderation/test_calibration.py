"""Calibration from rulings, blind cases and the labels of other systems."""

import json
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from moderado.accounts.models import ApiKey
from moderado.moderation.errors import TooFewBlindRulings, TooFewRulings
from moderado.moderation.models import Case, ModerationLog, SuggestedScore
from moderado.moderation.services.calibration import CalibrationRequest, calibrate
from tests.factories import make_user

pytestmark = pytest.mark.django_db

CLASSIFIER = {"BACKEND": "moderado.moderation.providers.classifier.ClassifierProvider"}


@pytest.fixture(autouse=True)
def _configured(settings):
    settings.MODERATION_PROVIDERS = [CLASSIFIER]


def ruled(number, score, outcome, *, origin="hold", sampling=None):
    """Store so many decided cases with the verdicts that opened them."""
    moderator = make_user()
    ids = [uuid.uuid4() for _ in range(number)]
    ModerationLog.objects.bulk_create(
        ModerationLog(
            subject_type="message",
            subject_id=each,
            revision=1,
            verdict="ALLOW",
            signals={"classifier": {"scores": {"harassment": score}}},
        )
        for each in ids
    )
    Case.objects.bulk_create(
        Case(
            subject_type="message",
            subject_id=each,
            revision=1,
            origin=origin,
            text="oi",
            sampling=sampling,
            state="decided",
            outcome=outcome,
            decided_by=moderator,
        )
        for each in ids
    )


def suggested(text, **scores):
    key, _ = ApiKey.objects.get_or_create(name="other", defaults={"digest": b"1", "scopes": []})
    SuggestedScore.objects.create(api_key=key, text=text, scores=scores, languages=["pt"])


@pytest.mark.proves("R92")
def test_blind_cases_count_for_the_texts_that_they_stand_for():
    ruled(60, 0.9, "ALLOW")  # false holds
    ruled(40, 0.95, "BLOCK")
    ruled(350, 0.2, "ALLOW", origin="flag", sampling=0.01)

    found = calibrate(CalibrationRequest(rate=0.01))

    (harassment,) = found.suggestions
    assert (found.rulings, found.sampled) == (450, 350)
    assert harassment.threshold.value == pytest.approx(0.201)  # 60 of 35,060 texts are held
    assert harassment.recall == 1.0


@pytest.mark.proves("R92")
def test_held_texts_alone_do_not_tell_the_share_of_false_holds():
    ruled(400, 0.9, "ALLOW")
    ruled(40, 0.95, "BLOCK")
    ruled(10, 0.1, "ALLOW", origin="flag", sampling=0.01)

    with pytest.raises(TooFewBlindRulings, match="10"):
        calibrate(CalibrationRequest(rate=0.01))


def test_too_few_rulings_are_refused_with_the_numbers():
    ruled(60, 0.1, "ALLOW", origin="flag", sampling=0.01)
    ruled(40, 0.95, "BLOCK")

    with pytest.raises(TooFewRulings) as refusal:
        calibrate(CalibrationRequest(rate=0.01))

    assert (refusal.value.found, refusal.value.needed) == (60, 300)


def test_labels_of_other_systems_are_judged_and_read():
    for number in range(105):
        suggested(f"bom dia, pessoal {number}", TOXICITY=0.1)
    for number in range(25):
        suggested(f"seu idiota, você é um lixo {number}", TOXICITY=0.9)
    suggested("compre já", SPAM=0.1)  # says nothing about harassment

    found = calibrate(CalibrationRequest(rate=0.05))

    (harassment,) = found.suggestions
    assert (harassment.good, harassment.bad, found.suggested) == (105, 25, 131)
    assert harassment.threshold is not None
    with pytest.raises(TooFewRulings):
        calibrate(CalibrationRequest(rate=0.05, with_suggested=False))


def test_command_suggests_for_people_and_programs():
    ruled(40, 0.95, "BLOCK")
    ruled(350, 0.2, "ALLOW", origin="flag", sampling=0.01)
    written, said = StringIO(), StringIO()

    call_command("calibrate", "--json", stdout=written)
    call_command("calibrate", stdout=said)

    (row,) = json.loads(written.getvalue())["categories"]
    assert (row["category"], row["has_enough"]) == ("harassment", True)
    assert "harassment" in said.getvalue()
    assert "350 of them on blind cases" in said.getvalue()


def test_command_refuses_with_the_numbers():
    with pytest.raises(CommandError, match="0 of 300"):
        call_command("calibrate")
    with pytest.raises(CommandError):
        call_command("calibrate", "--rate", "0")
