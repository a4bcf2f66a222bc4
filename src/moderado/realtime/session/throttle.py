"""Limits of one connection: how many frames it may send, and how many errors it may cause."""

import math
from collections import deque

from django.conf import settings

WINDOW = 60.0  # seconds


class TokenBucket:
    """A token bucket: `burst` frames at once, `rate` frames a second on average.

    Times are seconds on any monotonic clock, and never decrease.
    """

    def __init__(self, *, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = now

    @classmethod
    def for_frames(cls, now: float) -> "TokenBucket":
        """Create a bucket with the configured limits of a connection."""
        env = settings.ENV
        return cls(rate=env.limit_frames_per_second, burst=env.limit_frames_burst, now=now)

    def take(self, now: float) -> int:
        """Take one token.

        Returns:
            0 when there was one, else the whole seconds until there is.
        """
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return max(1, math.ceil((1 - self._tokens) / self._rate))


class ErrorBudget:
    """Allows `limit` errors in any 60 seconds: a sliding window of their times."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._times: deque[float] | None = None  # most connections never need it

    def spend(self, now: float) -> bool:
        """Count one error. True when there were more than the limit within 60 seconds."""
        if self._times is None:
            self._times = deque(maxlen=self._limit + 1)
        self._times.append(now)
        return len(self._times) > self._limit and now - self._times[0] < WINDOW
