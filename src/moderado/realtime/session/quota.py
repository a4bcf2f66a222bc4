"""Quotas of frames and handshakes, counted in this process: no exchange with Redis for a frame.

`core.quotas` assigns the classes. An account with sockets on several web processes has its quota
on each of them.
"""

import time
from collections import OrderedDict
from contextlib import suppress
from functools import cache

from django.conf import settings
from limits import parse

from moderado.core.errors import RateLimited
from moderado.core.limits import uses_of_address
from moderado.core.quotas import COUNTED, COUNTED_BY_SERVICE, FRAMES, Quota
from moderado.realtime.infra.token_bucket import TokenBucket
from moderado.realtime.wire import protocol

MAX_BUCKETS = 20_000  # accounts and addresses; a full bucket need not be remembered
TYPING_LIMIT = "1/2 second"  # notes that one account types in one room

_CLASSES = {
    frame: FRAMES[str(frame.__struct_config__.tag)]
    for frame in protocol.ClientFrame.__subclasses__()
}
# The frames that are counted for their account.
COUNTED_FRAMES = {frame: quota for frame, quota in _CLASSES.items() if quota in COUNTED}
# The frames that a service counts, unless it refuses them before, or they repeat what was done.
FRAMES_OF_SERVICES = {f for f, quota in _CLASSES.items() if quota in COUNTED_BY_SERVICE}


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
        if (wait := self._bucket(limit, key, now).take(now)) > 0:
            raise RateLimited(retry_after=wait)

    def check(self, limit: str, *key: str) -> None:
        """Raise RateLimited if `key` has used up its limit. Counts and remembers nothing."""
        bucket = self._buckets.get((limit, *key))
        if bucket is not None and (wait := bucket.wait(time.monotonic())) > 0:
            raise RateLimited(retry_after=wait)

    def _bucket(self, limit: str, key: tuple[str, ...], now: float) -> TokenBucket:
        bucket = self._buckets.get((limit, *key))
        if bucket is None:
            amount, seconds = _parsed(limit)
            bucket = TokenBucket(rate=amount / seconds, burst=amount, now=now)
            self._buckets[limit, *key] = bucket
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end((limit, *key))
        return bucket


_buckets = Buckets()
_typing_notes = Buckets()  # apart: they are many, and must not displace counts of quotas


def spend_frame(frame: protocol.AnyClientFrame, *, account: str) -> None:
    """Count a frame for its account. Raises RateLimited.

    A frame that a service counts is only refused while `spend_uncounted` has used up the quota.
    """
    quota = COUNTED_FRAMES.get(type(frame))
    if quota is not None:
        _buckets.spend(settings.QUOTAS[quota][0], quota, "account", account)
    elif type(frame) in FRAMES_OF_SERVICES:
        _buckets.check(settings.QUOTAS[Quota.CHEAP][0], Quota.CHEAP, "account", account)


def spend_uncounted(frame: protocol.AnyClientFrame, *, account: str) -> None:
    """Count as CHEAP a frame of a service that has not counted it. It was answered already."""
    if type(frame) in FRAMES_OF_SERVICES:
        with suppress(RateLimited):
            _buckets.spend(settings.QUOTAS[Quota.CHEAP][0], Quota.CHEAP, "account", account)


def may_announce_typing(*, account: str, room: str) -> bool:
    """Tell whether a note that the account types may reach the room now, and count it.

    For all sockets of the account, so that ten of them do not send ten times as many notes.
    """
    try:
        _typing_notes.spend(TYPING_LIMIT, account, room)
    except RateLimited:
        return False
    return True


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
