"""Clients that wait for nobody long, and find a restarted Redis again."""

import time

import pytest

from moderado.core import redis


def test_a_connection_that_was_cut_is_made_anew(settings):
    client = redis.client()
    own_id = client.client_id()

    redis._client.__wrapped__(settings.REDIS_URL).client_kill_filter(_id=own_id)

    assert client.ping()


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
    assert redis._client("unix:///run/redis.sock").connection_pool.make_connection()
