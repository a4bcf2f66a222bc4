"""Leases while a provider is asked: kept alive, taken over, and void when they are stale."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
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
