"""How fast one socket may send, and when it has been refused too often."""

import math
from collections import deque

from django.conf import settings


class TokenBucket:
    """A token bucket: `burst` frames at once, `rate` a second on average."""

    def __init__(self, *, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = float(burst)
        self._at = now

    @classmethod
    def for_frames(cls, now: float) -> "TokenBucket":
        """As configured for the frames of a socket."""
        env = settings.ENV
        return cls(rate=env.limit_frames_per_second, burst=env.limit_frames_burst, now=now)

    def take(self, now: float) -> int:
        """0 when one more is allowed now, else the whole seconds to wait for it."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0
        return max(1, math.ceil((1 - self._left) / self._rate))


MINUTE = 60.0  # seconds


class ErrorBudget:
    """Counts what happened within the last minute."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._times: deque[float] | None = None  # most sockets never need it

    def add(self, now: float) -> bool:
        """Count one; True once there were more than the limit within a minute."""
        if self._times is None:
            self._times = deque(maxlen=self._limit + 1)
        self._times.append(now)
        return len(self._times) > self._limit and now - self._times[0] < MINUTE
