"""A token bucket: the rate limit of one connection."""

import math


class TokenBucket:
    """Allows `burst` uses at once, and `rate` uses a second on average.

    Times are seconds on any monotonic clock, and never decrease.
    """

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, *, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = now

    def take(self, now: float) -> int:
        """Take one token.

        Returns:
            0 when there was one, else the whole seconds until there is.
        """
        if wait := self.wait(now):
            return wait
        self._tokens -= 1
        return 0

    def wait(self, now: float) -> int:
        """Return 0 when there is a token, else the whole seconds until there is. Takes none."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens >= 1:
            return 0
        return max(1, math.ceil((1 - self._tokens) / self._rate))
