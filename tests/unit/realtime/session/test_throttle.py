"""Limits of one connection: frames and errors."""

from moderado.realtime.infra.token_bucket import TokenBucket
from moderado.realtime.session.throttle import ErrorBudget


def test_bucket_allows_a_burst_and_then_the_average_rate():
    bucket = TokenBucket(rate=2, burst=5, now=0)

    assert [bucket.take(0) for _ in range(7)] == [0, 0, 0, 0, 0, 1, 1]
    assert [bucket.take(1) for _ in range(3)] == [0, 0, 1]
    assert [bucket.take(100) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_bucket_returns_whole_seconds_after_which_there_is_a_token():
    bucket = TokenBucket(rate=0.5, burst=1, now=0)

    assert bucket.take(0) == 0
    assert bucket.take(0) == 2
    assert bucket.take(2) == 0


def test_error_budget_counts_within_a_minute():
    budget = ErrorBudget(limit=3)

    assert [budget.spend(now) for now in (0, 1, 2)] == [False] * 3
    assert not budget.spend(61)
    assert not budget.spend(62.5)
    assert budget.spend(62.6) is False
    assert budget.spend(62.7) is True
