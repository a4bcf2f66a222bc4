"""Calling the providers: one call for a batch, and no failure read as a signal."""

import uuid
from typing import ClassVar

import pytest
from prometheus_client import REGISTRY

from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.services.screening import is_remote, screen
from moderado.moderation.types import Category, Content, Outcome, Reason, Signal
from tests.providers import Obedient

ALLOW, FLAG, HOLD, BLOCK = Outcome

OBEDIENT = {"BACKEND": "tests.providers.Obedient"}


class Broken:
    """Fails, or returns an invalid answer."""

    name = "broken"
    remote = False
    answers: ClassVar = {
        "too few": [],
        "no list": None,
        "wrong type": [True],
        "a dict": [{"approved": "false"}],
        "another's name": [Signal(provider="other")],
        "score of 7": [Signal(provider="broken", scores={Category.HATE: 7.0})],
        "no number": [Signal(provider="broken", scores={Category.HATE: float("nan")})],
    }

    def __init__(self, how):
        self.how = how

    def assess(self, contents):
        if self.how == "raises":
            raise KeyError(contents[0].text)
        if self.how == "unavailable":
            raise ProviderUnavailable
        return self.answers[self.how]


@pytest.fixture(autouse=True)
def _broken_can_be_imported(monkeypatch):
    monkeypatch.setattr("tests.providers.Broken", Broken, raising=False)


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    monkeypatch.setattr(Obedient, "asked", [])


def broken(how, **entry):
    return {"BACKEND": "tests.providers.Broken", "OPTIONS": {"how": how}, **entry}


def content(text):
    return Content(subject_type="message", subject_id=uuid.uuid4(), revision=1, text=text)


def test_batch_is_one_call_and_one_verdict_for_each_content(settings):
    settings.MODERATION_PROVIDERS = [OBEDIENT]

    verdicts = screen([content("oi"), content("BLOCK"), content("HOLD"), content("FLAG")])

    assert [verdict.outcome for verdict in verdicts] == [ALLOW, BLOCK, HOLD, FLAG]
    assert Obedient.asked == ["oi", "BLOCK", "HOLD", "FLAG"]
    assert all(verdict.signals[0].latency > 0 for verdict in verdicts)
    assert len({verdict.policy_version for verdict in verdicts}) == 1
    assert not is_remote()


def test_empty_batch_calls_no_provider(settings):
    settings.MODERATION_PROVIDERS = [OBEDIENT]

    assert screen([]) == []


@pytest.mark.parametrize("how", ["raises", "unavailable", *Broken.answers])
def test_invalid_answer_approves_nothing(settings, how):
    settings.MODERATION_PROVIDERS = [broken(how)]

    (verdict,) = screen([content("segredo")])

    assert (verdict.outcome, verdict.reason) == (HOLD, Reason.UNJUDGED)
    assert [failure.provider for failure in verdict.failures] == ["broken"]
    assert "segredo" not in verdict.failures[0].error


def test_signals_of_other_providers_are_kept(settings):
    settings.MODERATION_PROVIDERS = [broken("unavailable"), OBEDIENT]

    allowed, blocked = screen([content("oi"), content("BLOCK")])

    assert (allowed.outcome, blocked.outcome) == (ALLOW, BLOCK)
    assert allowed.decided_by == "obedient"
    assert allowed.failures


@pytest.mark.parametrize(
    "on_error, expected", [("hold", HOLD), ("reject", BLOCK), ("approve", ALLOW), ("next", HOLD)]
)
def test_on_error_decides_what_a_failure_means(settings, on_error, expected):
    settings.MODERATION_PROVIDERS = [broken("unavailable", ON_ERROR=on_error)]

    assert screen([content("oi")])[0].outcome is expected


def test_calls_and_failures_are_counted(settings):
    settings.MODERATION_PROVIDERS = [OBEDIENT, broken("raises")]
    before = calls("obedient", "answered"), calls("broken", "failed")

    screen([content("oi"), content("oi")])

    after = calls("obedient", "answered"), calls("broken", "failed")
    assert after == (before[0] + 2, before[1] + 2)


def calls(provider, result):
    labels = {"provider": provider, "result": result}
    return REGISTRY.get_sample_value("moderado_provider_calls_total", labels) or 0
