"""A large backlog does not delay new rooms."""

import statistics
import time

import pytest

from tests.faults.flood import flood
from tests.faults.words import a_text

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.proves("R53")
@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("backlog", [40_000, 1_000_000])
def test_new_rooms_do_not_wait_behind_a_backlog(start_cluster, crowd_of, backlog):
    cluster = start_cluster()
    crowd = crowd_of(cluster)
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    old = [crowd.room(ana) for _ in range(5)]
    for room in old:
        flood(cluster, room, ana, backlog // len(old))
    cluster.postgres.ask("ANALYZE chat_message")

    waits = []
    for number in range(12):
        room = crowd.room(bia)
        began = time.monotonic()
        send = crowd.do(bia.say_and_wait(room, a_text(number)))
        crowd.wait_until(lambda send=send: send.is_settled, what="judged")
        waits.append(time.monotonic() - began)

    assert cluster.waiting() > 0, "the backlog was gone before anything was measured"
    assert statistics.quantiles(waits, n=20)[18] < 2
