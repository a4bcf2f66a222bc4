"""Clients that wait for nobody long, and find a restarted Redis again."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from moderado.core import redis


def test_a_connection_that_was_cut_is_made_anew(settings):
    client = redis.client()
    own_id = client.client_id()

    redis._new_client(settings.REDIS_URL).client_kill_filter(_id=own_id)

    assert client.ping()


def test_each_thread_has_one_connection_of_its_own():
    def own_id() -> int:
        return redis.client().client_id()

    with ThreadPoolExecutor(1) as other:
        theirs = other.submit(own_id).result()

    assert own_id() == own_id() != theirs


def test_a_forked_process_shares_no_connection():
    parents = redis.client()

    redis._forget()  # what the child does after a fork

    assert redis.client() is not parents
    assert parents.ping()
    assert redis.client().ping()


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
    with pytest.raises(redis.RedisError, match=r"unix|redis\.sock"):
        redis.client("unix:///run/nobody/redis.sock")
