"""Unit tests use no engine: pytest-django blocks PostgreSQL, and this module blocks Redis."""

import threading
from collections.abc import Iterator
from typing import NoReturn

import pytest
import redis.asyncio.connection
import redis.connection
from redis.exceptions import ConnectionError as RedisConnectionError


@pytest.fixture(autouse=True)
def _no_redis() -> Iterator[None]:
    """Fail a test that connects to Redis; the product's handlers of `RedisError` would hide it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis.connection.AbstractConnection, "connect", _refuse)
        patch.setattr(redis.asyncio.connection.AbstractConnection, "connect", _refuse)
        yield


@pytest.fixture(autouse=True)
def _close_connections() -> None:
    """Spare each unit test the way into asgiref's thread, where none has opened a connection."""


def _refuse(*_args: object, **_options: object) -> NoReturn:
    if threading.current_thread().daemon:
        # A background thread that an integration test has woken in the same process.
        raise RedisConnectionError("no Redis in unit tests")
    pytest.fail("A unit test connects to Redis: move it to tests/integration.")
