"""Leases while a provider is asked: kept alive, taken over, and void when they are stale."""

import threading
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from moderado.chat.models import Message
from moderado.chat.services import claims, screening
from moderado.chat.services import remote as remote_calls
from moderado.moderation.models import ModerationLog
from tests.factories import make_member
from tests.integration.chat.steps import age, edit, judge, post
from tests.processes import wait_until
from tests.providers import Remote

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _remote(settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Remote"}]
    Remote.asked.clear()
    Remote.waiting.clear()


def test_remote_verdicts_are_applied():
    member = make_member()
    shown, refused = (post(member.user, member.room, text) for text in ("oi", "BLOCK it"))

    judge(shown, refused)

    assert (shown.status, refused.status) == ("APPROVED", "REJECTED")


def test_failing_provider_approves_nothing():
    member = make_member()
    message = post(member.user, member.room, "FAIL")

    judge(message)

    assert (message.status, message.reason) == ("HELD", "unjudged")


def test_slow_answer_delays_no_other_message():
    slow_one, other = make_member(), make_member()
    slow = post(slow_one.user, slow_one.room, "WAIT")
    worker = threading.Thread(target=lambda: (screening.screen_waiting(), connection.close()))
    worker.start()
    wait_until(lambda: Remote.waiting, what="the answer")

    quick = post(other.user, other.room)
    wait_until(lambda: Message.objects.get(pk=quick.pk).status == "APPROVED", what="the answer")
    edit(slow, "changed meanwhile")
    Remote.waiting[0]()
    worker.join(20)

    slow.refresh_from_db()
    assert (slow.status, slow.revision, slow.seq) == ("APPROVED", 2, 1)
    assert Remote.asked.count("WAIT") == 1


def test_busy_provider_is_retried_a_limited_number_of_times():
    member = make_member()
    message = post(member.user, member.room, "BUSY")

    judge(message)
    assert (message.status, message.lease_until is None) == ("PENDING", False)
    for _ in range(4):
        Message.objects.update(lease_until=None)
        age(seconds=10)
        screening.sweep()

    message.refresh_from_db()
    assert (message.status, message.reason) == ("HELD", "unjudged")
    assert len(Remote.asked) == 5


def test_dead_worker_causes_no_second_call():
    member = make_member()
    message = post(member.user, member.room, "WAIT")
    worker = threading.Thread(target=lambda: (screening.screen_waiting(), connection.close()))
    worker.start()
    wait_until(lambda: Remote.waiting, what="the answer")

    Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    age(seconds=10)
    screening.sweep()
    message.refresh_from_db()
    assert (message.status, message.reason) == ("HELD", "unjudged")
    Remote.waiting[0]()
    worker.join(20)

    message.refresh_from_db()
    assert (message.status, Remote.asked) == ("HELD", ["WAIT"])
    assert ModerationLog.objects.filter(subject_id=message.id).count() == 1


def test_lease_is_renewed_while_an_answer_is_awaited(monkeypatch):
    monkeypatch.setattr(remote_calls, "LEASE", 1.0)
    monkeypatch.setattr(remote_calls, "RENEW", 0.05)
    member = make_member()
    message = post(member.user, member.room, "WAIT")
    worker = threading.Thread(target=lambda: (screening.screen_waiting(), connection.close()))
    worker.start()
    wait_until(lambda: Remote.waiting, what="the answer")
    first = Message.objects.get().lease_until

    wait_until(lambda: Message.objects.get().lease_until > first, what="the answer")
    Remote.waiting[0]()
    worker.join(20)

    message.refresh_from_db()
    assert message.status == "APPROVED"


def test_stale_lease_changes_nothing():
    member = make_member()
    message = post(member.user, member.room)
    with transaction.atomic():
        ours = claims.lease(claims.Claimant().claim(), seconds=45)
    Message.objects.update(fence=message.fence + 2)

    with transaction.atomic():
        assert claims.retake(ours) == []


def test_answer_that_arrived_before_the_round_was_cut_is_used(monkeypatch):
    member = make_member()
    message = post(member.user, member.room)
    settle, cuts = remote_calls.ledger.settle, iter([SoftTimeLimitExceeded()])

    def cut_first(answers):
        for cut in cuts:
            raise cut
        settle(answers)

    monkeypatch.setattr(remote_calls.ledger, "settle", cut_first)
    with pytest.raises(SoftTimeLimitExceeded):
        screening.screen_waiting()
    Message.objects.update(lease_until=None)
    age(seconds=10)
    screening.sweep()

    message.refresh_from_db()
    assert (message.status, Remote.asked) == ("APPROVED", ["bom dia"])


def test_error_that_ends_a_round_is_raised_when_its_answers_cannot_be_recorded(monkeypatch):
    member = make_member()
    post(member.user, member.room)
    errors = iter([SoftTimeLimitExceeded(), OperationalError()])

    def fail(answers):
        raise next(errors)

    monkeypatch.setattr(remote_calls.ledger, "settle", fail)
    with pytest.raises(SoftTimeLimitExceeded):
        screening.screen_waiting()


def test_leases_are_renewed_between_the_steps_of_a_round(monkeypatch):
    monkeypatch.setattr(remote_calls, "STEP", 1)
    monkeypatch.setattr(remote_calls, "RENEW", 0.0)
    renew, renewed = claims.renew, []
    monkeypatch.setattr(claims, "renew", lambda *a, **o: (renewed.append(1), renew(*a, **o)))
    members = [make_member() for _ in range(3)]
    messages = [post(each.user, each.room) for each in members]

    judge(*messages)

    assert [each.status for each in messages] == ["APPROVED"] * 3
    assert len(renewed) > len(messages)
