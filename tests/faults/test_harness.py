"""Tests of the harness: a quiet run has no violation, and the checker finds planted ones."""

import pytest

from tests.faults.checker import assert_invariants_hold, violations
from tests.faults.crowd import Crowd
from tests.faults.run import Run
from tests.faults.words import a_text

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.long]


@pytest.fixture
def cluster(start_cluster):
    """One cluster for each test: the second test changes its data."""
    return start_cluster(judged_by="remote")


@pytest.fixture
def crowd(cluster):
    with Crowd([web.url for web in cluster.webs]) as crowd:
        yield crowd


def test_run_without_faults_has_no_violation(cluster, crowd):
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia)
    for number in range(30):
        crowd.do((ana, bia)[number % 2].say(room, a_text(number)))

    assert_invariants_hold(Run(cluster, crowd))


def test_checker_finds_lost_duplicate_reordered_and_leaked_messages(cluster, crowd):
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia)
    sends = [crowd.do(ana.say_and_wait(room, a_text(0, outcome=o))) for o in ("", "", "BLOCK")]
    assert_invariants_hold(Run(cluster, crowd))

    lost, doubled, private = sends
    cluster.judge.asked.append(next(a for a in cluster.judge.asked if a.subject[0] == doubled.id))
    bia.received.append(private.text)
    bia.rooms[room].heard.pop()
    bia.rooms[room].disorder.append("seq 1 after 2")
    cluster.postgres.ask("DELETE FROM chat_message WHERE id = %s", lost.id)
    ana.sends[private.client_id].told.clear()
    bia.own.rooms[room]["name"] = "another"
    ana.own.profile = ana.own.profile | {"language": "another"}
    found = violations(Run(cluster, crowd))

    order = "\n".join(found["I3 order without gaps"])
    assert "Bia holds another room" in order
    assert "Ana holds another profile" in order
    broken = {name.split()[0] for name, sentences in found.items() if sentences}
    assert broken == {"I1", "I3", "I4", "I5", "I6"}


def test_clients_exchange_their_tokens_before_they_expire(start_cluster):
    cluster = start_cluster(environment={"ACCESS_TOKEN_SECONDS": "30"})  # the shortest allowed
    with Crowd([web.url for web in cluster.webs]) as crowd:
        ana = crowd.joins("Ana")
        first = ana.refresh
        crowd.do(ana.drop_connection())
        crowd.wait_until(lambda: ana.connections == 2, what="Ana is back")

        assert ana.refresh != first
        assert crowd.do(ana.access())
        crowd.do(ana.ask("GET", "chat/rooms/"))
        assert ana.errors == []
