"""What the fuzzer of frames reports."""

import json

from tests.security.hostile.volleys import Findings

MESSAGE = json.dumps({"type": "chat_message", "message": "oi"}).encode()
READ = json.dumps({"type": "mark_read", "seq": 1}).encode()
QUEUED = {"type": "message_queued"}
UNAVAILABLE = {"type": "error", "code": "unavailable", "message": "Tente de novo."}


def test_message_stored_after_unavailable_is_confirmed_once():
    findings = Findings()

    findings.judge(MESSAGE, [UNAVAILABLE])
    findings.judge(READ, [QUEUED])
    assert findings.violations == []
    findings.judge(READ, [QUEUED])
    assert len(findings.violations) == 1


def test_confirmation_of_an_earlier_message_may_come_with_the_next_answer():
    findings = Findings()

    findings.judge(MESSAGE, [UNAVAILABLE])
    findings.judge(MESSAGE, [QUEUED, QUEUED])
    assert findings.violations == []


def test_second_confirmation_is_reported_with_the_types_of_all_answers():
    findings = Findings()

    findings.judge(MESSAGE, [QUEUED, QUEUED])

    assert "['message_queued', 'message_queued']" in findings.violations[0]
