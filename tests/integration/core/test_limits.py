"""Rate limits hold across threads, and without Redis."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import pytest
from limits.storage import MemoryStorage

from moderado.core import redis
from moderado.core.errors import RateLimited
from moderado.core.limits import RateLimiter
from tests.silent import silent_server


@pytest.fixture
def limiter():
    return RateLimiter()


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


def is_counted_in_redis(key):
    return redis.client().keys(f"*{key}*") != []


def let_pass(seconds, key):
    """Let every use of `key` be older: Redis keeps its own time."""
    store = redis.client()
    for name in store.keys(f"*{key}*"):
        stamps = [float(stamp) - seconds for stamp in store.lrange(name, 0, -1)]
        store.delete(name)
        store.rpush(name, *stamps)


def accepted(limiter, limit, key, times):
    def attempt(_):
        try:
            limiter.hit(limit, "test", key)
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(attempt, range(times)))


def test_concurrent_uses_accept_exactly_the_quota(limiter):
    assert accepted(limiter, "20/minute", uuid4(), 100) == 20


def test_each_key_has_its_own_quota(limiter):
    assert accepted(limiter, "2/minute", uuid4(), 3) == 2
    assert accepted(limiter, "2/minute", uuid4(), 3) == 2


def test_refusal_states_the_wait(limiter):
    key = uuid4()
    limiter.hit("1/minute", key)

    with pytest.raises(RateLimited) as refusal:
        limiter.hit("1/minute", key)

    assert 55 <= refusal.value.retry_after <= 60


def test_use_is_accepted_after_the_wait(limiter):
    key = uuid4()
    limiter.hit("1/minute", key)
    with pytest.raises(RateLimited) as refusal:
        limiter.hit("1/minute", key)

    let_pass(refusal.value.retry_after, key)

    limiter.hit("1/minute", key)


@pytest.mark.proves("R64")
@pytest.mark.parametrize("hours", [-48, 48])
def test_wrong_clock_of_a_web_host_changes_no_limit(limiter, clock, hours):
    key = uuid4()
    limiter.hit("2/minute", key)
    clock.shift(hours * 3_600)
    limiter.hit("2/minute", key)

    with pytest.raises(RateLimited) as refusal:
        limiter.hit("2/minute", key)
    clock.shift(-hours * 3_600)
    with pytest.raises(RateLimited):
        limiter.hit("2/minute", key)

    assert 50 <= refusal.value.retry_after <= 60


def test_quota_holds_locally_without_redis(limiter, no_redis):
    assert accepted(limiter, "20/minute", uuid4(), 100) == 20


def test_first_concurrent_uses_share_one_local_counter(no_redis):
    made = []
    another = threading.Barrier(2)

    class Store(MemoryStorage):
        def __init__(self) -> None:
            made.append(self)
            with suppress(threading.BrokenBarrierError):
                another.wait(0.3)  # seconds in which another thread may start one as well
            super().__init__()

    assert accepted(RateLimiter(storage=Store), "20/minute", uuid4(), 100) == 20
    assert len(made) == 1


def test_silent_redis_is_tried_once_per_retry_delay(silent_redis):
    limiter = RateLimiter(retry_delay=3_600)

    for _ in range(20):
        limiter.hit("100/minute", "test", uuid4())

    assert silent_redis.connections == 1


def test_redis_is_tried_again_after_the_retry_delay(settings, request):
    here = settings.REDIS_URL
    request.getfixturevalue("no_redis")
    limiter, key = RateLimiter(retry_delay=0), uuid4()
    limiter.hit("1/minute", key)

    settings.REDIS_URL = here
    limiter.hit("1/minute", key)

    assert is_counted_in_redis(key)


def test_failed_redis_is_not_used_during_the_retry_delay(settings, request):
    here = settings.REDIS_URL
    request.getfixturevalue("no_redis")
    limiter, key = RateLimiter(retry_delay=3_600), uuid4()
    limiter.hit("1/minute", key)

    settings.REDIS_URL = here
    with pytest.raises(RateLimited):
        limiter.hit("1/minute", key)

    assert not is_counted_in_redis(key)


def test_many_uses_are_counted_in_one_exchange(limiter):
    one, other = uuid4(), uuid4()

    keys = [one, other, one, one]

    refusals = limiter.hit_all([[("2/minute", ("a", key))] for key in keys])

    assert [refusal is None for refusal in refusals] == [True, True, True, False]
    assert 55 <= refusals[3].retry_after <= 60
    with pytest.raises(RateLimited):
        limiter.hit("2/minute", "a", one)  # the same quota


def test_script_is_loaded_again_after_flush(limiter):
    limiter.hit("2/minute", uuid4())
    redis.client().script_flush()
    key = ("a", uuid4())

    refusals = limiter.hit_all([[("2/minute", key)]] * 3)

    assert [refusal is None for refusal in refusals] == [True, True, False]
    assert is_counted_in_redis(key[1])


@pytest.mark.parametrize("redis_is_there", [True, False])
def test_chain_stops_at_the_first_refusal(limiter, redis_is_there, request):
    if not redis_is_there:
        request.getfixturevalue("no_redis")
    person, others, room = ("user", uuid4()), ("user", uuid4()), ("room", uuid4())

    refusals = limiter.hit_all(
        [[("1/minute", who), ("2/minute", room)] for who in (person, person, person, others)]
    )

    assert [refusal is None for refusal in refusals] == [True, False, False, True]
    with pytest.raises(RateLimited):
        limiter.hit("2/minute", *room)


def test_uses_older_than_the_window_expire(limiter):
    key = uuid4()
    limiter.hit("2/minute", key)
    let_pass(50, key)
    limiter.hit("2/minute", key)
    with pytest.raises(RateLimited) as refusal:
        limiter.hit("2/minute", key)
    assert 9 <= refusal.value.retry_after <= 11

    let_pass(refusal.value.retry_after, key)

    limiter.hit("2/minute", key)
