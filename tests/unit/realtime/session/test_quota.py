"""Frames and handshakes are counted in the process, for accounts and addresses."""

from uuid import uuid4

import pytest

from moderado.core.errors import RateLimited
from moderado.core.quotas import Quota
from moderado.realtime.session import quota
from moderado.realtime.wire import protocol


@pytest.fixture
def limited(settings):
    def limited(name, account, address="100000/minute"):
        settings.QUOTAS = {**settings.QUOTAS, name: (account, address)}

    return limited


def test_frames_of_a_class_share_the_quota_of_their_account(limited):
    limited(Quota.CHEAP, "2/minute")
    account, other = str(uuid4()), str(uuid4())
    subscribe, sync = protocol.Subscribe(room=uuid4()), protocol.Sync(after=0)
    quota.spend_frame(subscribe, account=account)
    quota.spend_frame(sync, account=account)

    with pytest.raises(RateLimited) as refused:
        quota.spend_frame(sync, account=account)

    assert 0 < refused.value.retry_after <= 30
    quota.spend_frame(sync, account=other)


def test_frames_that_cost_no_database_work_are_not_counted(limited):
    limited(Quota.CHEAP, "1/minute")

    for _ in range(3):
        quota.spend_frame(protocol.Ping(), account="a")


def test_handshakes_are_counted_for_address_and_account(limited):
    limited(Quota.CONNECT, "1/minute", "1/minute")
    quota.spend_handshake_of_address("2001:db8:7::1")
    quota.spend_handshake_of_account("a")

    with pytest.raises(RateLimited):
        quota.spend_handshake_of_address("2001:db8:7::2")  # the same network
    with pytest.raises(RateLimited):
        quota.spend_handshake_of_account("a")


def test_least_recently_used_buckets_are_forgotten():
    buckets = quota.Buckets(most=2)
    for key in "abab":
        buckets.spend("2/minute", key)
    buckets.spend("2/minute", "c")

    buckets.spend("2/minute", "a")  # forgotten, and full again

    buckets.spend("2/minute", "c")
    with pytest.raises(RateLimited):
        buckets.spend("2/minute", "c")


@pytest.mark.proves("S141")
def test_check_remembers_no_bucket():
    buckets = quota.Buckets(most=1)
    buckets.spend("1/minute", "a")

    buckets.check("1/minute", "b")

    with pytest.raises(RateLimited):
        buckets.check("1/minute", "a")


def test_frames_that_no_service_counts_use_up_the_quota_of_their_account(limited):
    limited(Quota.CHEAP, "2/minute")
    account, other = str(uuid4()), str(uuid4())
    post = protocol.ChatMessage(message="oi", room=uuid4())
    edit, ping = protocol.EditMessage(id=uuid4(), message="oi"), protocol.Ping()
    for frame in (post, edit, ping):
        quota.spend_frame(frame, account=account)
        quota.spend_uncounted(frame, account=account)

    with pytest.raises(RateLimited) as refused:
        quota.spend_frame(protocol.DeleteMessage(id=uuid4()), account=account)

    assert 0 < refused.value.retry_after <= 30
    quota.spend_frame(ping, account=account)
    quota.spend_frame(post, account=other)


def test_frames_that_a_service_counts_use_up_no_other_quota(limited):
    limited(Quota.CHEAP, "1/minute")
    account = str(uuid4())

    for _ in range(3):
        quota.spend_frame(protocol.ChatMessage(message="oi", room=uuid4()), account=account)


@pytest.mark.proves("S143")
def test_typing_is_announced_once_in_a_while_for_each_account_and_room():
    account, room = str(uuid4()), str(uuid4())

    assert quota.may_announce_typing(account=account, room=room)
    assert not quota.may_announce_typing(account=account, room=room)
    assert quota.may_announce_typing(account=account, room=str(uuid4()))
    assert quota.may_announce_typing(account=str(uuid4()), room=room)
