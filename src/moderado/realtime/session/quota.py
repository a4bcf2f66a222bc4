"""Quotas of frames and handshakes, counted in this process: no exchange with Redis for a frame.

`core.quotas` assigns the classes. An account with sockets on several web processes has its quota
on each of them.
"""

import time
from collections import OrderedDict
from functools import cache

from django.conf import settings
from limits import parse

from moderado.core.errors import RateLimited
from moderado.core.limits import uses_of_address
from moderado.core.quotas import COUNTED, FRAMES, Quota
from moderado.realtime.infra.token_bucket import TokenBucket
from moderado.realtime.wire import protocol

MAX_BUCKETS = 20_000  # accounts and addresses; a full bucket need not be remembered

# The frames that are counted for their account.
COUNTED_FRAMES = {
    frame: FRAMES[tag]
    for frame in protocol.ClientFrame.__subclasses__()
    if FRAMES[tag := str(frame.__struct_config__.tag)] in COUNTED
}


class Buckets:
    """A token bucket for each key. The least recently used are forgotten beyond a number."""

    def __init__(self, *, most: int = MAX_BUCKETS) -> None:
        self._most = most
        self._buckets: OrderedDict[tuple[str, ...], TokenBucket] = OrderedDict()

    def spend(self, limit: str, *key: str) -> None:
        """Count one use of `key` against `limit`, for example "10/minute".

        Raises:
            RateLimited: The limit is reached.
        """
        now = time.monotonic()
        bucket = self._buckets.get((limit, *key))
        if bucket is None:
            amount, seconds = _parsed(limit)
            bucket = TokenBucket(rate=amount / seconds, burst=amount, now=now)
            self._buckets[limit, *key] = bucket
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end((limit, *key))
        if (wait := bucket.take(now)) > 0:
            raise RateLimited(retry_after=wait)


_buckets = Buckets()


def spend_frame(frame: protocol.AnyClientFrame, *, account: str) -> None:
    """Count a frame for its account. Raises RateLimited."""
    quota = COUNTED_FRAMES.get(type(frame))
    if quota is not None:
        _buckets.spend(settings.QUOTAS[quota][0], quota, "account", account)


def spend_handshake_of_address(address: str) -> None:
    """Count a new socket of an address, before anything else is done for it. Raises RateLimited."""
    limit = settings.QUOTAS[Quota.CONNECT][1]
    for each, key in uses_of_address(limit, "address", address, Quota.CONNECT):
        _buckets.spend(each, *map(str, key))


def spend_handshake_of_account(account: str) -> None:
    """Count a new socket of an account. Raises RateLimited."""
    _buckets.spend(settings.QUOTAS[Quota.CONNECT][0], Quota.CONNECT, "account", account)


@cache
def _parsed(limit: str) -> tuple[int, int]:
    """Return the number of uses and the seconds."""
    item = parse(limit)
    return item.amount, item.get_expiry()
