"""How fast one socket may send."""

from moderado.realtime.session.throttle import ErrorBudget, TokenBucket


def test_a_burst_passes_and_then_the_average():
    bucket = TokenBucket(rate=2, burst=5, now=0)

    assert [bucket.take(0) for _ in range(7)] == [0, 0, 0, 0, 0, 1, 1]
    assert [bucket.take(1) for _ in range(3)] == [0, 0, 1]
    assert [bucket.take(100) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_the_wait_is_in_whole_seconds_and_true():
    bucket = TokenBucket(rate=0.5, burst=1, now=0)

    assert bucket.take(0) == 0
    assert bucket.take(0) == 2
    assert bucket.take(2) == 0


def test_strikes_count_within_a_minute():
    strikes = ErrorBudget(limit=3)

    assert [strikes.add(now) for now in (0, 1, 2)] == [False] * 3
    assert not strikes.add(61)
    assert not strikes.add(62.5)
    assert strikes.add(62.6) is False
    assert strikes.add(62.7) is True
