"""What the moderation log records."""

import pytest
import structlog
from django.db import transaction

from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.services.recording import record, record_unjudged
from moderado.moderation.services.screening import screen
from moderado.moderation.types import Failure, Outcome, Reason, Verdict
from tests.integration.moderation.conftest import make_content
from tests.texts import text_of

pytestmark = pytest.mark.django_db

BLOCKLIST = {"BACKEND": "moderado.moderation.providers.blocklist.BlocklistProvider"}


def judged(text, **fields):
    content = make_content(text=text, **fields)
    (verdict,) = screen([content])
    record([(content, verdict)])
    return content, ModerationLog.objects.get(subject_id=content.subject_id)


def test_log_line_contains_matches_positions_and_provider(settings):
    settings.MODERATION_PROVIDERS = [BLOCKLIST]

    content, line = judged("oi seu filho da puta")

    assert (line.subject_type, line.revision, line.scope_id) == ("message", 1, content.scope_id)
    assert (line.verdict, line.reason) == (Outcome.BLOCK, Reason.POLICY)
    assert (line.provider, line.decided_by) == ("blocklist", "blocklist")
    assert line.score == 0.8
    assert line.categories == {"insult": 0.8}
    assert line.model
    assert line.policy_version
    assert line.latency > 0
    assert line.actor is None
    (first, *_) = line.matches
    assert content.text[first["start"] : first["end"]] == "filho da puta"
    assert (first["provider"], first["severity"]) == ("blocklist", 0.8)
    assert set(line.signals["blocklist"]) == {"model", "latency"}
    assert line.basis["ground"] == "rule"
    assert line.basis["rule"] == first["rule"]
    assert (line.policy, line.facts) == ("default", {"author": {}, "room": {}, "length": 20})


def test_failure_is_logged_with_the_verdict():
    content = make_content()
    failure = Failure(provider="judge", error="TimeoutError", latency=8.0)
    verdict = Verdict(outcome=Outcome.HOLD, decided_by="unjudged", failures=(failure,))

    record([(content, verdict)])

    line = ModerationLog.objects.get(subject_id=content.subject_id)
    assert line.failures == [
        {"provider": "judge", "error": "TimeoutError", "fault": "unknown", "latency": 8.0}
    ]
    assert (line.provider, line.decided_by) == ("", "unjudged")


@pytest.mark.parametrize(
    "outcome, origin",
    [
        (Outcome.ALLOW, None),
        (Outcome.FLAG, Case.Origin.FLAG),
        (Outcome.HOLD, Case.Origin.HOLD),
        (Outcome.BLOCK, None),
    ],
)
def test_held_and_flagged_content_opens_a_case(outcome, origin):
    content = make_content()

    record([(content, Verdict(outcome=outcome, score=0.5))])

    cases = list(Case.objects.filter(subject_id=content.subject_id))
    assert [case.origin for case in cases] == ([origin] if origin else [])
    if cases:
        assert (text_of(cases[0]), cases[0].scope_id) == (content.text, content.scope_id)


def test_recording_twice_opens_one_case():
    content, verdict = make_content(), Verdict(outcome=Outcome.HOLD)

    record([(content, verdict)])
    record([(content, verdict)])

    assert Case.objects.filter(subject_id=content.subject_id).count() == 1
    assert ModerationLog.objects.filter(subject_id=content.subject_id).count() == 2


def test_rollback_removes_log_and_case():
    with transaction.atomic():
        record([(make_content(), Verdict(outcome=Outcome.HOLD))])
        transaction.set_rollback(True)

    assert not ModerationLog.objects.exists()
    assert not Case.objects.exists()


def test_unjudged_content_is_logged_as_off():
    content = make_content()

    record_unjudged(content)

    line = ModerationLog.objects.get(subject_id=content.subject_id)
    assert (line.verdict, line.decided_by, line.provider) == (Outcome.ALLOW, "off", "")


def test_batch_takes_two_statements(django_assert_num_queries):
    pairs = [(make_content(), Verdict(outcome=Outcome.HOLD)) for _ in range(50)]

    with django_assert_num_queries(2):
        record(pairs)


def test_no_log_line_quotes_the_text(settings):
    settings.MODERATION_PROVIDERS = [BLOCKLIST]

    with structlog.testing.capture_logs() as lines:
        judged("segredo, seu filho da puta")

    assert lines
    assert "segredo" not in str(lines)
    assert "puta" not in str(lines)
