"""How often a web process looks for garbage, and how long its requests wait meanwhile."""

import gc

import pytest

from moderado.config import gunicorn

SCANNED_AT_ONCE = 2_000  # objects: under a millisecond
SCANNED_AGAIN = 1_000_000  # allocations between scans of what open sockets hold


@pytest.fixture
def thresholds():
    before = gc.get_threshold()
    gc.set_threshold(*gunicorn.COLLECTION)
    yield gc.get_threshold()
    gc.set_threshold(*before)


def test_requests_never_wait_for_a_scan_of_very_many_new_objects(thresholds):
    scanned = []

    def note(phase, info):
        if phase == "start" and info["generation"] == 0:
            scanned.append(len(gc.get_objects(generation=0)))

    gc.collect()
    gc.callbacks.append(note)
    try:
        kept = [[] for _ in range(3 * SCANNED_AT_ONCE)]
    finally:
        gc.callbacks.remove(note)

    assert kept
    assert scanned
    assert max(scanned) <= SCANNED_AT_ONCE + 100


def test_what_stays_is_seldom_scanned_again(thresholds):
    new, collections, _ = thresholds

    assert new * collections >= SCANNED_AGAIN
