"""Unit tests use no engine: pytest-django blocks PostgreSQL, and this module blocks Redis."""

from collections.abc import Iterator
from typing import NoReturn

import pytest
import redis.asyncio.connection
import redis.connection


@pytest.fixture(autouse=True)
def _no_redis() -> Iterator[None]:
    """Fail a test that connects to Redis; the product's handlers of `RedisError` would hide it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis.connection.AbstractConnection, "connect", _refuse)
        patch.setattr(redis.asyncio.connection.AbstractConnection, "connect", _refuse)
        yield


def _refuse(*_args: object, **_options: object) -> NoReturn:
    pytest.fail("A unit test connects to Redis: move it to tests/integration.")
