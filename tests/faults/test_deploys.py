"""Rolling deploys under load, any number of sweepers, and floods that delay no other room."""

import time

import httpx
import pytest

from tests.faults.checker import assert_invariants_hold
from tests.faults.cluster import BROKER, REDIS
from tests.faults.flood import flood
from tests.faults.run import Run
from tests.faults.words import a_text

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.long]

GOING_AWAY = {1012, 1001, 1006}  # 1006: a socket that was still opening


@pytest.fixture(scope="module")
def cluster(start_cluster):
    return start_cluster(webs=2, beats=2)


@pytest.fixture
def crowd(cluster, crowd_of):
    return crowd_of(cluster)


@pytest.mark.proves("R33")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.long)])
def test_rolling_deploys_lose_nothing_and_show_only_retries(cluster, crowd, times):
    people = [crowd.joins(name) for name in ("Ana", "Bia", "Caio", "Davi")]
    room = crowd.room(*people)
    number = 0
    for _ in range(times):
        for process in [*cluster.webs, *cluster.workers]:
            cluster.note(f"restart of {process.name}")
            process.terminate()
            until = time.monotonic() + 2
            while process.is_running() or time.monotonic() < until:
                crowd.do(people[number % 4].say(room, a_text(number)))
                number += 1
                time.sleep(0.04)
            process.start()
            cluster.wait_until_ready()

    assert_invariants_hold(Run(cluster, crowd))
    codes = {code for person in people for code in person.closings}
    assert 1012 in codes
    assert codes <= GOING_AWAY
    shown = {error["code"] for person in people for error in person.errors}
    assert shown <= {"going_away", "unavailable"}, "whatever else was shown is no mere retry"


@pytest.mark.proves("R29")
@pytest.mark.timeout(180)
def test_two_sweepers_are_harmless_and_a_missing_one_alarms(cluster, crowd):
    ana = crowd.joins("Ana")
    room = crowd.room(ana)
    for number in range(10):  # with two beats and lost wake-ups
        crowd.do(ana.say(room, a_text(number)))
        with cluster.valkey.client(BROKER) as client:
            client.delete("celery")
    assert_invariants_hold(Run(cluster, crowd))

    for beat in cluster.beats:
        cluster.note("no beat")
        beat.kill()
    cluster.broker_wire.refuse()
    # A worker that judged a message waits a moment for further wake-ups.
    crowd.wait_until(lambda: not _has_outstanding_task(cluster), what="no task is outstanding")
    send = crowd.do(ana.say_and_wait(room, a_text()))
    crowd.wait_until(lambda: _oldest(cluster) > 3, what="the oldest waiting message is told")
    assert not send.is_settled
    cluster.broker_wire.release()
    cluster.beats[0].start()

    assert_invariants_hold(Run(cluster, crowd))
    assert _oldest(cluster) == 0


def _has_outstanding_task(cluster):
    """Tell whether an enqueued screening task has not been acknowledged yet."""
    with cluster.valkey.client(REDIS) as client:
        return bool(client.exists("wakeup:screening"))


def _oldest(cluster):
    """Return the metric that operators watch: `moderado_oldest_pending_seconds`."""
    page = httpx.get(f"{cluster.webs[0].url}/metrics", trust_env=False).text
    line = next(each for each in page.splitlines() if each.startswith("moderado_oldest_pending"))
    return float(line.split()[-1])


@pytest.mark.proves("R47")
@pytest.mark.parametrize("kind", ["rules", pytest.param("remote", marks=pytest.mark.long)])
def test_flooded_room_does_not_delay_other_rooms(start_cluster, crowd_of, kind):
    cluster = start_cluster(judged_by=kind)
    crowd = crowd_of(cluster)
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    flooded, quiet = crowd.room(ana), crowd.room(bia)
    crowd.do(bia.say_and_wait(quiet, a_text()))  # warm caches and pools
    flood(cluster, flooded, ana, 10_000)
    cluster.note("flood")

    waits = []
    for number in range(3):
        began = time.monotonic()
        send = crowd.do(bia.say_and_wait(quiet, a_text(number)))
        crowd.wait_until(lambda send=send: send.is_settled, what="judged beside the flood")
        waits.append(time.monotonic() - began)

    waiting = cluster.waiting()
    assert waiting > 0 or kind == "rules", "the flood was over before anything was measured"
    assert max(waits) <= 3
    if kind == "rules":
        cluster.wait_until_judged()
