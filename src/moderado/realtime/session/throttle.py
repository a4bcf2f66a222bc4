"""Limits of one connection: how many frames it may send, and how many errors it may cause."""

from collections import deque

from django.conf import settings

from moderado.realtime.infra.token_bucket import TokenBucket

WINDOW = 60.0  # seconds


def new_frame_bucket(now: float) -> TokenBucket:
    """Return a bucket with the configured limits of a connection's messages."""
    env = settings.ENV
    return TokenBucket(rate=env.limit_frames_per_second, burst=env.limit_frames_burst, now=now)


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
