"""Shadows: providers and versions that judge a sample after the verdict, without any effect."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from moderado.chat.models import Message
from moderado.core.errors import Invalid
from moderado.moderation.models import (
    Case,
    ModerationLog,
    Policy,
    ProviderBudget,
    ProviderCall,
    ProviderHealth,
    ShadowProgress,
    ShadowResult,
)
from moderado.moderation.policies.documents import read_json
from moderado.moderation.services import policies, shadow_runs
from moderado.moderation.services.policy_assignments import Assignments, assign
from moderado.moderation.services.policy_lookup import in_force
from moderado.moderation.services.recording import record
from moderado.moderation.services.screening import conclude, prepare
from moderado.moderation.services.shadows import choose_shadow
from tests.factories import make_message
from tests.integration.moderation.conftest import make_content
from tests.integration.moderation.test_ledger import judged
from tests.providers import Obedient, Remote

pytestmark = pytest.mark.django_db

OBEDIENT = {"BACKEND": "tests.providers.Obedient"}
REMOTE = {"BACKEND": "tests.providers.Remote"}


@pytest.fixture(autouse=True)
def _configured(settings, monkeypatch, no_identity_sentences):
    monkeypatch.setattr(Obedient, "asked", [])
    monkeypatch.setattr(Remote, "asked", [])
    monkeypatch.setattr(shadow_runs, "LAG", timedelta(0))
    settings.MODERATION_PROVIDERS = [
        {"BACKEND": "moderado.moderation.providers.blocklist.BlocklistProvider"},
        OBEDIENT,
        REMOTE,
    ]


def enabled(**document):
    """Enable the next version of the server's policy; return its number."""
    written = read_json({"name": "shadowed", **document})
    if Policy.objects.filter(name="shadowed").exists():
        saved = policies.save_version(actor_id=None, name="shadowed", document=written)
    else:
        saved = policies.create_policy(actor_id=None, document=written)
    policies.enable(
        actor_id=None, name="shadowed", number=saved.version.number, confirm_fairness=True
    )
    assign(actor_id=None, wanted=Assignments(server="shadowed", room_types={}, rooms={}))
    return saved.version.number


def shadowed(use="obedient", **fields):
    entry = {"use": use, "shadow": True, "sample": 1, **fields}
    enabled(providers=[{"use": "blocklist"}, entry])
    shadow_runs.run_shadows()  # begins at the present


def decided(text="oi", **fields):
    """Judge and record a message as a worker does, and return its log line."""
    message = make_message(text=text, **fields)
    content = make_content(
        subject_id=message.id, scope_id=message.room_id, text=text, policy=in_force()
    )
    with transaction.atomic():
        prepared = prepare([content])
        assert not prepared[0].calls
        record([(content, conclude(prepared[0]))])
    return ModerationLog.objects.get(subject_id=message.id)


def compared():
    found = shadow_runs.run_shadows()
    shadow_runs.wait_for_calls()
    return found


@pytest.mark.proves("R91")
def test_shadow_provider_is_not_asked_before_the_verdict():
    shadowed()

    line = decided("BLOCK")

    assert (line.verdict, Obedient.asked) == ("ALLOW", [])
    assert "obedient" not in line.signals


@pytest.mark.proves("R91")
def test_shadow_provider_judges_afterwards_without_effect():
    shadowed()
    line = decided("BLOCK")

    assert compared() == 1

    result = ShadowResult.objects.get()
    assert (result.decided, result.outcome, result.provider) == ("ALLOW", "BLOCK", "obedient")
    assert (result.line_id, result.policy, result.policy_version) == (line.id, "shadowed", "1")
    assert result.signals["obedient"]["scores"] == {"harassment": 0.9}
    assert ModerationLog.objects.count() == 1
    assert not Case.objects.exists()


def test_line_is_compared_once():
    shadowed()
    decided("HOLD")

    assert [compared(), compared()] == [1, 0]
    ShadowProgress.objects.update(at=timezone.now() - timedelta(minutes=5))
    compared()

    assert ShadowResult.objects.count() == 1


def test_share_of_the_lines_is_drawn_by_subject_and_revision(monkeypatch):
    shadowed(sample=0.25)
    asked = []
    monkeypatch.setattr(shadow_runs, "is_drawn", lambda *each: asked.append(each) is not None)
    line = decided()

    compared()

    assert [each[1:] for each in asked] == [(line.subject_id, 1, 0.25)]
    assert not ShadowResult.objects.exists()


def test_server_without_shadows_reads_one_row(django_assert_num_queries):
    enabled(providers=[{"use": "blocklist"}])
    decided()

    with django_assert_num_queries(1):
        assert compared() == 0


def test_condition_of_the_shadow_reads_what_was_measured_then():
    enabled(
        providers=[
            {"use": "blocklist"},
            {"use": "obedient", "shadow": True, "sample": 1, "when": "size(matches) > 0"},
        ],
        rules=[{"id": "own", "words": ["caqui"], "category": "spam", "outcome": "flag"}],
    )
    shadow_runs.run_shadows()
    decided("bom dia"), decided("compre caqui")

    compared()

    assert Obedient.asked == ["compre caqui"]


def test_text_that_was_edited_or_erased_is_left_out():
    shadowed()
    line = decided()
    Message.objects.filter(pk=line.subject_id).update(text="", status="REMOVED")

    assert compared() == 0


@pytest.mark.proves("R91")
def test_version_judges_as_it_would_decide():
    enabled(providers=[{"use": "blocklist"}])
    stricter = policies.save_version(
        actor_id=None,
        name="shadowed",
        document=read_json(
            {
                "name": "shadowed",
                "providers": [{"use": "blocklist"}],
                "rules": [{"id": "own", "words": ["caqui"], "category": "spam", "outcome": "hold"}],
            }
        ),
    ).version
    choose_shadow(actor_id=None, name="shadowed", number=stricter.number, sample=1)
    shadow_runs.run_shadows()
    decided("compre caqui"), decided("bom dia")

    compared()

    results = ShadowResult.objects.order_by("id").values_list(
        "version", "provider", "decided", "outcome", "categories"
    )
    assert list(results) == [
        ("2", "", "ALLOW", "HOLD", ["spam"]),
        ("2", "", "ALLOW", "ALLOW", []),
    ]


def test_enabled_version_is_no_shadow():
    number = enabled(providers=[{"use": "blocklist"}])

    with pytest.raises(Invalid):
        choose_shadow(actor_id=None, name="shadowed", number=number, sample=0.5)
    with pytest.raises(Invalid):
        choose_shadow(actor_id=None, name="shadowed", number=None, sample=0)


def test_shadow_that_is_enabled_no_longer_runs():
    enabled(providers=[{"use": "blocklist"}])
    second = policies.save_version(
        actor_id=None,
        name="shadowed",
        document=read_json({"name": "shadowed", "providers": [{"use": "obedient"}]}),
    ).version
    choose_shadow(actor_id=None, name="shadowed", number=second.number, sample=1)
    policies.enable(actor_id=None, name="shadowed", number=second.number)

    assert shadow_runs.run_shadows() == 0
    assert not ShadowProgress.objects.exists()


def test_choice_of_a_shadow_is_in_the_history():
    enabled(providers=[{"use": "blocklist"}])
    version = policies.save_version(
        actor_id=None, name="shadowed", document=read_json({"name": "shadowed"})
    ).version

    choose_shadow(actor_id=None, name="shadowed", number=version.number, sample=0.5, reason="try")

    change = version.policy.changes.get(action="shadowed")
    assert (change.version, change.details, change.reason) == (version, {"sample": 0.5}, "try")


@pytest.mark.proves("R91")
@pytest.mark.django_db(transaction=True)
def test_remote_shadow_is_paid_once_and_counted_apart():
    shadowed("remote", budget={"calls_per_day": 5})
    decided("HOLD this")

    compared()
    ShadowProgress.objects.update(at=timezone.now() - timedelta(minutes=5))
    compared()

    call = ProviderCall.objects.get()
    assert (call.purpose, call.state) == ("shadow", "answered")
    assert Remote.asked == ["HOLD this"]
    assert ShadowResult.objects.get().outcome == "HOLD"
    assert list(ProviderBudget.objects.values_list("provider", "calls")) == [("shadow:remote", 1)]


@pytest.mark.proves("R91")
@pytest.mark.django_db(transaction=True)
def test_failing_shadow_touches_nothing_that_decides():
    shadowed("remote", on_error="hold")
    for _ in range(6):
        decided("FAIL")

    compared()
    line = decided("FAIL")
    compared()

    assert line.verdict == "ALLOW"
    assert line.failures == []
    assert set(ShadowResult.objects.values_list("outcome", "error")) == {
        ("", "ProviderUnavailable"),
        ("", "breaker_open"),
    }
    assert [each.provider for each in ProviderHealth.objects.all()] == ["shadow:remote"]
    assert not Case.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_version_uses_the_answer_that_was_bought_for_the_verdict(settings):
    enabled(providers=[{"use": "remote"}])
    second = policies.save_version(
        actor_id=None,
        name="shadowed",
        document=read_json(
            {
                "name": "shadowed",
                "providers": [{"use": "remote", "recommendation": "ignore"}],
                "thresholds": {"harassment": {"flag": 0.5}},
            }
        ),
    ).version
    choose_shadow(actor_id=None, name="shadowed", number=second.number, sample=1)
    shadow_runs.run_shadows()
    message = make_message(text="HOLD")
    content = make_content(subject_id=message.id, text="HOLD", policy=in_force())
    record_in(content, judged(content))

    compared()

    result = ShadowResult.objects.get()
    assert (result.decided, result.outcome) == ("HOLD", "FLAG")
    assert Remote.asked == ["HOLD"]
    assert ProviderCall.objects.count() == 1


def record_in(content, verdict):
    with transaction.atomic():
        record([(content, verdict)])
