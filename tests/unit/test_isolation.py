"""Unit tests reach no engine, and fail if they try."""

import pytest
import redis
from django.db import connection
from redis import asyncio as redis_asyncio


def test_connecting_to_redis_fails():
    with redis.Redis() as client, pytest.raises(pytest.fail.Exception, match="move it to"):
        client.ping()


async def test_connecting_to_redis_from_a_coroutine_fails():
    async with redis_asyncio.Redis() as client:
        with pytest.raises(pytest.fail.Exception, match="move it to"):
            await client.ping()


def test_querying_the_database_fails():
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        connection.cursor()
