"""Clients that wait for nobody long, and find a restarted Redis again."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from moderado.core import redis


def own_id() -> int:
    return redis.client().client_id()


def after_many_calls() -> int:
    """The connection of a thread that asks again and again."""
    for _ in range(redis.OFTEN):
        own_id()
    return own_id()


@pytest.fixture(autouse=True)
def fresh_thread():
    """Has not asked yet."""
    redis._forget()
    yield
    redis._forget()


@pytest.mark.parametrize("calls_before", [0, redis.OFTEN])
def test_a_connection_that_was_cut_is_made_anew(settings, calls_before):
    for _ in range(calls_before):
        redis.client()
    client = redis.client()
    cut = client.client_id()

    redis._new_client(settings.REDIS_URL, redis.TIMEOUT).client_kill_filter(_id=cut)

    assert client.ping()
    assert client.client_id() != cut


def test_who_asks_again_and_again_has_a_connection_of_their_own():
    mine = after_many_calls()
    with ThreadPoolExecutor(1) as other:
        theirs = other.submit(after_many_calls).result()

    assert own_id() == mine != theirs


def test_a_thread_that_asks_a_few_times_makes_no_connection_for_it():
    pooled = own_id()

    for _ in range(3):
        with ThreadPoolExecutor(1) as other:
            assert other.submit(own_id).result() == pooled


def test_a_forked_process_shares_no_connection():
    mine = after_many_calls()
    parents = redis.client()

    redis._forget()  # what the child does after a fork

    assert after_many_calls() != mine
    assert parents.client_id() == mine


def test_an_answer_that_does_not_come_is_given_up_soon():
    client = redis.client()
    began = time.monotonic()

    with pytest.raises(redis.RedisError):
        client.blpop(["moderado:test:nothing"], timeout=10)

    assert time.monotonic() - began < 1.5


async def test_a_client_of_the_event_loop_gives_up_as_soon():
    client = redis.new_async_client()
    began = time.monotonic()
    try:
        with pytest.raises(redis.RedisError):
            await client.blpop(["moderado:test:nothing"], timeout=10)
    finally:
        await client.aclose()

    assert time.monotonic() - began < 1.5


def test_a_unix_socket_is_an_address_too():
    with pytest.raises(redis.RedisError, match="nobody"):
        redis.client("unix:///run/nobody/redis.sock").ping()
