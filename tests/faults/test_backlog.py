"""A backlog of any size: new rooms do not wait behind it, and no statement reads all of it."""

import json
import statistics
import time

import pytest

from moderado.chat.services import claims
from tests.faults.words import a_text, flood

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
        crowd.wait_until(lambda send=send: send.is_settled, what="judged", seconds=20)
        waits.append(time.monotonic() - began)

    assert cluster.waiting() > 0, "the backlog was gone before anything was measured"
    assert statistics.quantiles(waits, n=20)[18] < 2
    for name, statement, values in _claiming(cluster):
        plan = json.dumps(_plan(cluster, statement, values))
        assert "Seq Scan" not in plan, f"{name} reads the whole table"


def _claiming(cluster):
    rooms = [row["id"] for row in cluster.postgres.ask("SELECT id FROM chat_room LIMIT 5")]
    yield "which rooms wait", claims._ROOMS, {"after": claims._FIRST, "limit": 200}
    waiting = {"rooms": rooms, "older": "0", "least": 0, "most": 0, "share": 40, "limit": 200}
    yield "who waits", claims._WAITING, waiting


def _plan(cluster, statement, values):
    with cluster.postgres.connect() as asked, asked.transaction(force_rollback=True):
        return asked.execute(f"EXPLAIN (FORMAT JSON) {statement}", values).fetchone()
