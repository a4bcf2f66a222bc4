"""Rate limits hold across threads, and without Redis."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import pytest

from moderado.core import limits, redis
from moderado.core.errors import RateLimited
from tests.silent import silent_server


@pytest.fixture(autouse=True)
def _redis_was_never_away(monkeypatch):
    monkeypatch.setattr(limits, "_outage", limits._Outage())


@pytest.fixture
def silent_redis(settings):
    """A server that accepts connections and never answers."""
    with silent_server() as server:
        settings.REDIS_URL = server.redis_url
        yield server


@pytest.fixture
def no_redis(settings):
    """An address without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"


def accepted(limit, key, times):
    def attempt(_):
        try:
            limits.hit(limit, "test", key)
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(attempt, range(times)))


def test_concurrent_uses_accept_exactly_the_quota():
    assert accepted("20/minute", uuid4(), 100) == 20


def test_each_key_has_its_own_quota():
    assert accepted("2/minute", uuid4(), 3) == 2
    assert accepted("2/minute", uuid4(), 3) == 2


def test_refusal_states_the_wait():
    key = uuid4()
    limits.hit("1/minute", key)

    with pytest.raises(RateLimited) as refusal:
        limits.hit("1/minute", key)

    assert 55 <= refusal.value.retry_after <= 60


def test_use_is_accepted_after_the_wait(clock):
    key = uuid4()
    limits.hit("1/minute", key)
    with pytest.raises(RateLimited) as refusal:
        limits.hit("1/minute", key)

    clock.shift(refusal.value.retry_after)

    limits.hit("1/minute", key)


def test_quota_holds_locally_without_redis(no_redis):
    assert accepted("20/minute", uuid4(), 100) == 20


def test_first_concurrent_uses_share_one_local_counter(no_redis, monkeypatch):
    made = []
    another = threading.Barrier(2)

    class Store(limits.MemoryStorage):
        def __init__(self) -> None:
            made.append(self)
            with suppress(threading.BrokenBarrierError):
                another.wait(0.3)  # seconds in which another thread may start one as well
            super().__init__()

    monkeypatch.setattr(limits, "MemoryStorage", Store)
    limits._local.cache_clear()

    assert accepted("20/minute", uuid4(), 100) == 20
    assert len(made) == 1


def test_silent_redis_is_tried_once_per_pause(silent_redis, monkeypatch):
    monkeypatch.setattr(limits, "PAUSE", 3_600.0)

    for _ in range(20):
        limits.hit("100/minute", "test", uuid4())

    assert silent_redis.connections == 1


def test_redis_is_tried_again_after_the_pause(no_redis, settings, monkeypatch):
    monkeypatch.setattr(limits, "PAUSE", 0.0)
    here = settings.REDIS_URL
    key = uuid4()
    limits.hit("1/minute", key)
    assert here == settings.REDIS_URL

    with pytest.raises(RateLimited):
        limits.hit("1/minute", key)


def test_many_uses_are_counted_in_one_exchange():
    one, other = uuid4(), uuid4()

    keys = [one, other, one, one]

    refusals = limits.hit_all([[("2/minute", ("a", key))] for key in keys])

    assert [refusal is None for refusal in refusals] == [True, True, True, False]
    assert 55 <= refusals[3].retry_after <= 60
    with pytest.raises(RateLimited):
        limits.hit("2/minute", "a", one)  # the same quota


def test_script_is_loaded_again_after_flush():
    limits.hit("2/minute", uuid4())
    redis.client().script_flush()
    key = ("a", uuid4())

    refusals = limits.hit_all([[("2/minute", key)]] * 3)

    assert [refusal is None for refusal in refusals] == [True, True, False]
    assert not limits._outage.lasts()  # Redis counted it


@pytest.mark.parametrize("redis_is_there", [True, False])
def test_chain_stops_at_the_first_refusal(redis_is_there, request):
    if not redis_is_there:
        request.getfixturevalue("no_redis")
    person, others, room = ("user", uuid4()), ("user", uuid4()), ("room", uuid4())

    refusals = limits.hit_all(
        [[("1/minute", who), ("2/minute", room)] for who in (person, person, person, others)]
    )

    assert [refusal is None for refusal in refusals] == [True, False, False, True]
    with pytest.raises(RateLimited):
        limits.hit("2/minute", *room)


def test_uses_older_than_the_window_expire(clock):
    key = uuid4()
    limits.hit("2/minute", key)
    clock.shift(50)
    limits.hit("2/minute", key)
    with pytest.raises(RateLimited) as refusal:
        limits.hit("2/minute", key)
    assert 9 <= refusal.value.retry_after <= 11

    clock.shift(refusal.value.retry_after)

    limits.hit("2/minute", key)
