"""Broker faults: dead, full, slow, silent, flushed, or delivering repeatedly.

Sends are acknowledged at the usual speed, and every message is judged.
"""

import os
import statistics
import subprocess
import time

import pytest

from tests import processes
from tests.faults.checker import assert_invariants_hold
from tests.faults.cluster import BROKER
from tests.faults.run import Run
from tests.faults.words import a_text

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.long]

HALF_AN_HOUR = 1_800  # seconds


@pytest.fixture(scope="module")
def cluster(start_cluster):
    return start_cluster(workers=2)


@pytest.fixture
def crowd(cluster, crowd_of):
    return crowd_of(cluster)


@pytest.fixture
def talk(crowd):
    """Ana and Bia in a room: `talk(seconds)` makes them send a message about every 40 ms."""
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia)

    def speak(seconds, until=None):
        began, number = time.monotonic(), 0
        while time.monotonic() - began < seconds and not (until and until()):
            crowd.do((ana, bia)[number % 2].say(room, a_text(number)))
            number += 1
            time.sleep(0.04)
        return began, time.monotonic()

    return speak


def p99_of(crowd):
    """Return the time that 99 of 100 acknowledgements took at most, in milliseconds."""
    waited = [1_000 * send.waited for each in crowd.clients for send in each.sends.values()]
    return statistics.quantiles(waited, n=100)[98]


def all_is_well(cluster, crowd, *calm):
    """Check all invariants, and the latency of acknowledgements during `calm`."""
    assert_invariants_hold(Run(cluster, crowd, calm=calm))


@pytest.mark.proves("R7")
def test_repeatedly_flushed_queue_loses_nothing(cluster, crowd, talk):
    for turn in range(5):
        talk(0.4)
        cluster.note("queue emptied")
        with cluster.valkey.client(BROKER) as client:
            if turn % 2:
                client.flushall()
            else:
                client.delete("celery", "unacked", "unacked_index")

    all_is_well(cluster, crowd)


@pytest.mark.proves("R8")
@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=pytest.mark.long)])
def test_dead_broker_delays_verdicts_but_not_acks(cluster, crowd, talk, seconds):
    workers = [worker.pid for worker in cluster.workers]
    talk(0.5)
    cluster.note("kill Valkey")
    cluster.broker_wire.refuse()
    dead = talk(seconds)
    cluster.broker_wire.release()

    all_is_well(cluster, crowd, dead)
    assert [worker.pid for worker in cluster.workers] == workers


@pytest.mark.proves("R8", "R15")
def test_redis_restarted_empty_loses_nothing(cluster, crowd, talk):
    talk(0.5)
    cluster.note("kill Valkey")
    cluster.valkey.kill()
    talk(4)
    cluster.valkey.start()
    talk(0.5)

    all_is_well(cluster, crowd)


@pytest.mark.proves("R10")
@pytest.mark.parametrize("seconds", [4, pytest.param(10, marks=pytest.mark.long)])
def test_paused_broker_does_not_delay_sends(cluster, crowd, talk, seconds):
    talk(0.5)
    cluster.note("broker stands still")
    cluster.broker_wire.hold()
    still = talk(seconds)
    cluster.broker_wire.release()

    all_is_well(cluster, crowd, still)


@pytest.mark.proves("R11")
@pytest.mark.long
@pytest.mark.timeout(180)
def test_wakeups_resume_after_a_half_open_broker_connection(cluster, crowd, talk):
    """Simulate a half-open connection: a partition without a reset, then an unknown connection.

    A router that lost its state, or a host restarted under the same address, behaves like this.
    """
    talk(0.5)
    cluster.note("half-open")
    cluster.broker_wire.hold()
    talk(8)
    cluster.broker_wire.forget()
    healed = time.monotonic()
    with cluster.valkey.client(BROKER) as client:
        client.config_resetstat()

        def is_woken():
            return "cmdstat_lpush" in client.info("commandstats")

        talk(15, until=is_woken)
        assert is_woken(), "nothing was published within 15 s"
    assert time.monotonic() - healed <= 15

    all_is_well(cluster, crowd)


@pytest.mark.proves("R12", "R23")
@pytest.mark.parametrize("fault", ["full", pytest.param("read-only", marks=pytest.mark.long)])
def test_read_only_broker_delays_verdicts_but_not_acks(cluster, crowd, talk, fault):
    """Refuse writes: out of memory (`OOM`), or unable to persist (`MISCONF`).

    Redis answers MISCONF to every write, as it answers NOREPLICAS here; no disk needs to be full.
    """
    settings = {"full": ("maxmemory", "1", "0"), "read-only": ("min-replicas-to-write", "1", "0")}
    name, broken, whole = settings[fault]
    talk(0.5)
    cluster.note(f"broker {fault}")
    with cluster.valkey.client() as client:
        client.config_set(name, broken)
        during = talk(4)
        client.config_set(name, whole)

    all_is_well(cluster, crowd, during)


@pytest.mark.proves("R13")
@pytest.mark.parametrize("kind", ["web", "worker"])
def test_start_is_refused_on_an_evicting_redis(cluster, kind):
    process = (cluster.webs if kind == "web" else cluster.workers)[0]
    command = (
        [part.replace(process.url.rpartition(":")[2], "0") for part in process.command]
        if kind == "web"
        else process.command
    )
    with cluster.valkey.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            ended = subprocess.run(
                command,
                env=cluster.environment(kind),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            client.config_set("maxmemory-policy", "noeviction")

    assert ended.returncode != 0
    assert "evicts keys (maxmemory-policy allkeys-lru)" in ended.stdout + ended.stderr


@pytest.mark.proves("R17")
def test_task_delivered_five_times_is_judged_once(cluster, crowd, talk):
    stop = time.monotonic() + 3
    with cluster.valkey.client(BROKER) as client:
        seen = None
        began = time.monotonic()
        talk(0.2)
        while time.monotonic() < stop:
            waiting = client.lindex("celery", 0)
            if waiting and waiting != seen:
                client.lpush("celery", *[waiting] * 4)
                seen = waiting
            talk(0.05)
        assert time.monotonic() - began < 30

    all_is_well(cluster, crowd)


@pytest.mark.proves("R9")
@pytest.mark.long
@pytest.mark.timeout(2400)
def test_broker_connection_works_after_long_idle_time(cluster, crowd, talk, record_property):
    """Idle for 90 s, longer than every health check and keepalive; IDLE=1800 for half an hour."""
    talk(0.5)
    idle = float(os.environ.get("IDLE", "90"))
    is_whole = idle >= HALF_AN_HOUR
    messages = 1_000 if is_whole else 250
    with cluster.valkey.client() as client:
        before = int(client.info("stats")["total_connections_received"])
        time.sleep(idle)
        after = int(client.info("stats")["total_connections_received"])
    assert after - before <= 4 + idle / 60, "connections are made anew for no reason"

    spoken = talk(120, until=lambda: sum(len(each.sends) for each in crowd.clients) >= messages)
    all_is_well(cluster, crowd, spoken)
    processes.wait_until(lambda: cluster.waiting() == 0, what="all is judged")
    if is_whole:
        figures = (
            f"{idle:,.0f} s idle, {after - before} new connections; then {messages:,} messages"
        )
        record_property("figures", f"{figures}, acknowledged in {p99_of(crowd):.0f} ms (p99)")
    else:
        record_property("shortened", f"idle for {idle:,.0f} of {HALF_AN_HOUR:,} s")
