"""Redis clients time out quickly and reconnect to a restarted server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from redis import exceptions as redis_exceptions

from moderado.config.celery import app
from moderado.core import redis
from tests.silent import silent_server


def own_id() -> int:
    return redis.client().client_id()


def after_many_calls() -> int:
    """The own connection of a busy thread."""
    for _ in range(redis.SHARED_CALLS):
        own_id()
    return own_id()


@pytest.fixture(autouse=True)
def fresh_thread():
    """A thread that has not called Redis yet."""
    redis.reset_threads()
    yield
    redis.reset_threads()


@pytest.mark.parametrize("calls_before", [0, redis.SHARED_CALLS])
def test_closed_connection_is_reopened(calls_before):
    for _ in range(calls_before):
        redis.client()
    client = redis.client()
    cut = client.client_id()

    redis.client(timeout=5).client_kill_filter(_id=cut)

    assert client.ping()
    assert client.client_id() != cut


def test_busy_thread_gets_its_own_connection():
    mine = after_many_calls()
    with ThreadPoolExecutor(1) as other:
        theirs = other.submit(after_many_calls).result()

    assert own_id() == mine != theirs


def test_short_lived_thread_uses_the_shared_pool():
    pooled = own_id()

    for _ in range(3):
        with ThreadPoolExecutor(1) as other:
            assert other.submit(own_id).result() == pooled


def test_forked_process_shares_no_connection():
    mine = after_many_calls()
    parents = redis.client()

    redis.reset_threads()  # what the child does after a fork

    assert after_many_calls() != mine
    assert parents.client_id() == mine


def test_missing_answer_times_out_after_one_attempt():
    with silent_server() as server:
        client = redis.client(server.redis_url)

        with pytest.raises(redis_exceptions.TimeoutError):
            client.ping()

    assert server.connections == 1
    assert client.connection_pool.connection_kwargs["socket_timeout"] == redis.TIMEOUT


async def test_async_client_times_out_after_one_attempt():
    with silent_server() as server:
        client = redis.new_async_client(server.redis_url)
        try:
            with pytest.raises(redis_exceptions.TimeoutError):
                await client.ping()
        finally:
            await client.aclose()

    assert server.connections == 1
    assert client.connection_pool.connection_kwargs["socket_timeout"] == redis.TIMEOUT


def test_blocking_command_ends_with_the_clients_timeout():
    with pytest.raises(redis_exceptions.TimeoutError):
        redis.client().blpop(["moderado:test:nothing"], timeout=0)  # the server never answers


def test_unix_socket_url_is_accepted():
    with pytest.raises(redis.RedisError, match="nobody"):
        redis.client("unix:///run/nobody/redis.sock").ping()


def asked_by_a_thread():
    redis._new_client(settings.REDIS_URL, 5).ping()


def published():
    with app.connection_for_write() as connection:
        connection.default_channel.client.ping()


async def asked_by_a_loop():
    client = redis.new_async_client()
    await client.ping()
    await client.aclose()


@pytest.mark.proves("R341")
@pytest.mark.parametrize(
    "connect",
    [asked_by_a_thread, lambda: asyncio.run(asked_by_a_loop()), published],
    ids=["client", "client of an event loop", "broker"],
)
def test_new_connection_reads_no_version_from_disk(connect, monkeypatch):
    def read():
        raise AssertionError("read from disk")

    monkeypatch.setattr("redis.utils.get_lib_version", read)
    connect()
