"""Two acts of different people at the same moment, each in a connection of its own."""

import threading
import time

from django.db import connection, transaction

from moderado.core.errors import ApplicationError

TIMEOUT = 20.0  # seconds
_WAITS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def race(*acts):
    """Run acts at once, each in its own connection; return their results or error codes."""
    start, results = threading.Barrier(len(acts), timeout=10), {}

    def run(number, act):
        start.wait()
        results[number] = _result_of(act)

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    return [results[number] for number in range(len(acts))]


def alone(act):
    """Run an act in a connection of its own; return its result or error code."""
    results = []
    thread = threading.Thread(target=lambda: results.append(_result_of(act)))
    thread.start()
    thread.join(TIMEOUT)
    (result,) = results
    return result


def overtake(first, second):
    """Begin `second` after `first` has written, and before it commits.

    The second one reads the state of before, and goes on once it waits for no lock.

    Returns:
        The results or error codes of both.
    """
    results = {}
    thread = threading.Thread(target=lambda: results.update(second=_result_of(second)))
    try:
        with transaction.atomic():
            first()
            thread.start()
            _wait_until(lambda: not thread.is_alive() or _waits())
            results["first"] = "done"
    except ApplicationError as refusal:
        results["first"] = refusal.code
    if not thread.ident:
        thread.start()
    thread.join(TIMEOUT)
    return results["first"], results["second"]


def in_both_orders(build):
    """Let each of two acts overtake the other, in a new world each time.

    Args:
        build: Makes the world; returns two acts.

    Returns:
        The results of both acts, in the order of `build`, for each order of events.
    """
    first, second = build()
    before = overtake(first, second)
    first, second = build()
    after = overtake(second, first)
    return before, after[::-1]


def _result_of(act):
    try:
        act()
    except ApplicationError as refusal:
        return refusal.code
    finally:
        connection.close()
    return "done"


def _waits():
    with connection.cursor() as cursor:
        # Inside a transaction, PostgreSQL lists the connections that existed at the first look.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(_WAITS)
        return cursor.fetchone()[0] > 0


def _wait_until(condition):
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, "the second act neither ends nor waits"
        time.sleep(0.005)
