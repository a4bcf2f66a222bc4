"""The clocks of periodic tasks: none that decides is that of a host (ADR 0170).

Celery compares the host's clock with stored times. Beat would enqueue nothing for an hour after its
clock was put back by one. A worker whose clock is ahead of beat's would drop all of it as expired.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

EXPIRES = "expires"  # the header of a task

_ORIGIN = datetime(1970, 1, 1, tzinfo=UTC)


def steady_now() -> datetime:
    """Return a time that only moves forward: the difference of two is what passed between them."""
    return _ORIGIN + timedelta(seconds=monotonic())


def on_clock_of_broker(headers: Mapping[str, Any], channel: Any) -> dict[str, Any]:
    """Return headers whose end of validity is by the broker's clock, not by this host's."""
    return _moved(headers, channel, sign=1)


def on_own_clock(headers: Mapping[str, Any], channel: Any) -> dict[str, Any]:
    """Return headers whose end of validity is by this host's clock, not by the broker's.

    Raises:
        TypeError, ValueError: The end of validity is malformed.
        RedisError: The broker does not answer.
    """
    return _moved(headers, channel, sign=-1)


def _moved(headers: Mapping[str, Any], channel: Any, *, sign: int) -> dict[str, Any]:
    if not headers.get(EXPIRES):
        return dict(headers)
    until = datetime.fromisoformat(headers[EXPIRES])
    return {**headers, EXPIRES: (until + sign * _lead_of_broker(channel)).isoformat()}


def _lead_of_broker(channel: Any) -> timedelta:
    with channel.conn_or_acquire() as client:
        seconds, microseconds = client.time()
    now = datetime.now(UTC)  # noqa: TID251  (Celery computes and compares with this clock)
    return _ORIGIN + timedelta(seconds=seconds, microseconds=microseconds) - now
