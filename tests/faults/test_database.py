"""PostgreSQL faults: crash, hang, full disk, exhausted connections.

Sends are refused retryably, no acknowledged message is lost, and the system recovers by itself.
"""

import shutil
import statistics
import subprocess
import time
from contextlib import ExitStack, suppress

import httpx
import psycopg
import pytest

from tests import processes
from tests.faults.checker import assert_invariants_hold
from tests.faults.cluster import BROKER
from tests.faults.run import Run
from tests.faults.words import a_text

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.long]

REFUSED = {
    "unavailable",
    "going_away",
}  # Both codes mean that nothing was stored and the client may retry.


@pytest.fixture(scope="module")
def cluster(start_cluster):
    return start_cluster(webs=2)


@pytest.fixture
def crowd(cluster, crowd_of):
    return crowd_of(cluster)


@pytest.fixture
def room(crowd):
    """A room to which Ana and Bia are subscribed."""
    return crowd.room(crowd.joins("Ana"), crowd.joins("Bia"))


def talk(crowd, room, seconds, *, pause=0.05, meanwhile=lambda: None):
    """Send messages for a while; return the sends."""
    sends, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        speaker = crowd.clients[len(sends) % 2]
        sends.append(crowd.do(speaker.say(room, a_text(len(sends)))))
        meanwhile()
        time.sleep(pause)
    return sends


def only_retryable(crowd):
    assert {error["code"] for client in crowd.clients for error in client.errors} <= REFUSED


@pytest.mark.proves("R18")
@pytest.mark.parametrize("kill", ["crash", pytest.param("kill", marks=pytest.mark.long)])
def test_database_crash_under_load_loses_no_acknowledged_message(cluster, crowd, room, kill):
    talk(crowd, room, 1)
    cluster.note(f"{kill} of PostgreSQL")
    getattr(cluster.postgres, kill)()
    talk(crowd, room, 1)
    cluster.postgres.start()
    talk(crowd, room, 1)

    assert_invariants_hold(Run(cluster, crowd))
    only_retryable(crowd)


@pytest.mark.proves("R19")
@pytest.mark.parametrize("seconds", [4, pytest.param(30, marks=pytest.mark.long)])
def test_terminated_connections_cost_at_most_one_error_each(cluster, crowd, room, seconds):
    ended, last = 0, time.monotonic()

    def end_them():
        nonlocal ended, last
        if time.monotonic() - last > 2:
            cluster.note("backends terminated")
            ended += cluster.postgres.terminate_backends()
            last = time.monotonic()

    talk(crowd, room, seconds, meanwhile=end_them)

    assert_invariants_hold(Run(cluster, crowd))
    only_retryable(crowd)
    assert sum(len(client.errors) for client in crowd.clients) <= ended


@pytest.mark.proves("R20")
@pytest.mark.parametrize(
    ("seconds", "heal"),
    [
        (1, "forget"),
        pytest.param(30, "forget", marks=pytest.mark.long),
        pytest.param(30, "release", marks=pytest.mark.long),
    ],
)
def test_database_partition_refuses_within_6_s_and_recovers_within_5_s(
    cluster, crowd, room, seconds, heal
):
    talk(crowd, room, 0.5)
    cluster.note("partition")
    cluster.postgres.wire.hold()
    began = time.monotonic()
    crowd.do(crowd.clients[0].say(room, a_text()))
    crowd.wait_until(lambda: crowd.clients[0].errors, what="refused")
    refused_after = time.monotonic() - began
    talk(crowd, room, seconds, pause=0.5)
    getattr(cluster.postgres.wire, heal)()
    healed = time.monotonic()
    send = crowd.do(crowd.clients[0].say(room, a_text()))
    crowd.wait_until(lambda: send.acknowledged, what="accepted again")

    assert time.monotonic() - healed <= 5
    assert refused_after <= 6
    assert_invariants_hold(Run(cluster, crowd))
    only_retryable(crowd)


@pytest.mark.proves("R340")
@pytest.mark.parametrize("heal", ["forget", "release"])
def test_rest_and_readiness_answer_while_the_database_is_silent(cluster, crowd, room, heal):
    talk(crowd, room, 0.5)
    url, token = cluster.webs[0].url, crowd.clients[0].token
    cluster.note("partition")
    cluster.postgres.wire.hold()
    answers = {}
    for path in ("/readyz", "/api/chat/rooms/", "/livez", "/readyz", "/api/chat/me/changes/"):
        began = time.monotonic()
        answer = httpx.get(f"{url}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        answers.setdefault(path, []).append((answer, time.monotonic() - began))
    getattr(cluster.postgres.wire, heal)()
    talk(crowd, room, 0.5)

    assert all(answer.status_code == 503 and waited <= 6 for answer, waited in answers["/readyz"])
    for path in ("/api/chat/rooms/", "/api/chat/me/changes/"):
        ((refused, waited),) = answers[path]
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        assert waited <= 12
    assert answers["/livez"][0][0].status_code == 200
    assert_invariants_hold(Run(cluster, crowd))
    only_retryable(crowd)


@pytest.mark.proves("R20")
@pytest.mark.long
@pytest.mark.parametrize(
    ("mode", "last_words"),
    [
        # In mode `post`, one transaction stores and numbers the message.
        pytest.param("post", b"INSERT INTO chat_message", id="web"),
        pytest.param("pre", b'"nth":', id="worker"),  # values of a prepared statement
    ],
)
def test_partitioned_transaction_holds_locks_for_at_most_10_s(cluster, crowd, mode, last_words):
    room = crowd.room(crowd.joins("Ana"), crowd.joins("Bia"), mode=mode)
    cluster.note("partition")
    cluster.postgres.wire.hold_after(last_words)
    crowd.do(crowd.clients[0].say(room, a_text()))
    processes.wait_until(lambda: cluster.postgres.wire.is_held, what="cut off")
    orphans = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%%'"
    processes.wait_until(lambda: cluster.postgres.value(orphans) == 0, what="given up", seconds=10)
    cluster.postgres.wire.release()

    assert_invariants_hold(Run(cluster, crowd))
    only_retryable(crowd)


@pytest.mark.proves("R20")
@pytest.mark.long
def test_database_is_used_within_5_s_after_a_long_outage(cluster, crowd, room):
    cluster.note("PostgreSQL is away")
    cluster.postgres.wire.refuse()
    talk(crowd, room, 25, pause=0.5)
    cluster.postgres.wire.release()
    back = time.monotonic()
    send = crowd.do(crowd.clients[0].say(room, a_text()))
    crowd.wait_until(lambda: send.acknowledged, what="accepted again")

    assert time.monotonic() - back <= 5
    assert_invariants_hold(Run(cluster, crowd))
    only_retryable(crowd)


@pytest.mark.proves("R24")
def test_exhausted_max_connections_refuses_retryably(cluster, crowd, room):
    talk(crowd, room, 0.5)
    cluster.note("all connections taken")
    with ExitStack() as stranger:
        _take_all(stranger, cluster)
        cluster.postgres.wire.cut()  # pooled connections are gone too
        _take_all(stranger, cluster)
        began = _is_refused(crowd.clients[0], crowd, room, lambda: _take_all(stranger, cluster))
        assert time.monotonic() - began <= 3
        talk(crowd, room, 2, pause=0.3)
    gone = time.monotonic()
    send = crowd.do(crowd.clients[0].say(room, a_text()))
    crowd.wait_until(lambda: send.acknowledged, what="accepted again")

    assert time.monotonic() - gone <= 5
    assert_invariants_hold(Run(cluster, crowd))
    only_retryable(crowd)
    assert 1006 not in {code for client in crowd.clients for code in client.closings}


def _is_refused(ana, crowd, room, take_all):
    """Say something until it is refused; return when the refused message was sent.

    A backend whose client is gone ends when it notices that, and the web may take its place first.
    """
    deadline = time.monotonic() + 60
    while True:
        began = time.monotonic()
        send = crowd.do(ana.say(room, a_text()))
        crowd.wait_until(lambda send=send: ana.errors or send.acknowledged, what="an answer")
        if ana.errors:
            return began
        assert time.monotonic() < deadline, "connections stay free"
        take_all()


def _take_all(stranger, cluster):
    with suppress(psycopg.OperationalError):
        while True:
            stranger.enter_context(cluster.postgres.connect())


@pytest.mark.proves("R26")
@pytest.mark.parametrize(
    "p99",
    [
        pytest.param(None, id="order"),
        pytest.param(0.3, id="latency", marks=pytest.mark.long),  # needs a machine of its own
    ],
)
def test_blocked_socket_does_not_delay_others(cluster, crowd, room, p99):
    ana, bia = crowd.clients
    blocked = crowd.room(ana)
    with cluster.postgres.connect() as other, other.transaction():
        other.execute("SELECT 1 FROM chat_room WHERE id = %s FOR UPDATE", [blocked])
        held = crowd.do(ana.say(blocked, a_text()))  # its row references the locked one
        sends, until = [], time.monotonic() + 1.8
        while time.monotonic() < until:
            sends.append(crowd.do(bia.say_and_wait(room, a_text(len(sends)))))
        assert not held.is_over  # one other at least was confirmed before
    waits = sorted(send.waited for send in sends)

    if p99 is not None:
        assert len(waits) > 1
        assert statistics.quantiles(waits, n=100)[98] <= p99
    assert_invariants_hold(Run(cluster, crowd))


@pytest.mark.proves("R49")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("tasks", [200, pytest.param(1000, marks=pytest.mark.long)])
def test_worker_reuses_connections_and_survives_their_termination(cluster, crowd, room, tasks):
    talk(crowd, room, 0.5)
    cluster.wait_until_judged()
    sessions = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"
    for web in cluster.webs:
        web.pause()  # connection pools open and close connections at any time
    try:
        before = cluster.postgres.value(sessions)
        cluster.ring(tasks)
        with cluster.valkey.client(BROKER) as broker:
            processes.wait_until(
                lambda: broker.llen("celery") < tasks / 2, what="half is done", seconds=60
            )
            cluster.note("backends terminated")
            cluster.postgres.terminate_backends()
            processes.wait_until(lambda: broker.llen("celery") == 0, what="all is done", seconds=90)
        children = sum(len(worker.children()) for worker in cluster.workers)
        opened = cluster.postgres.value(sessions) - before
    finally:
        for web in cluster.webs:
            web.resume()
    # The harness opens a few connections of its own.
    assert opened <= 2 * children + 8
    talk(crowd, room, 0.5)
    assert_invariants_hold(Run(cluster, crowd))


@pytest.mark.proves("R50")
@pytest.mark.long
def test_slow_provider_does_not_block_inserts(start_cluster, crowd_of):
    cluster = start_cluster(judged_by="remote")
    cluster.judge.manner.seconds = 5.0
    crowd = crowd_of(cluster)
    ana = crowd.joins("Ana")
    room = crowd.room(ana)
    first = crowd.do(ana.say_and_wait(room, a_text()))
    processes.wait_until(lambda: cluster.judge.asked_about([first.id]), what="the provider thinks")

    sends = [crowd.do(ana.say_and_wait(room, a_text(number))) for number in range(100)]
    waits = sorted(send.waited for send in sends)

    assert statistics.quantiles(waits, n=100)[98] <= 0.1
    cluster.judge.manner.seconds = 0.0
    crowd.wait_until(lambda: cluster.waiting() == 0, what="all is judged")
    assert_invariants_hold(Run(cluster, crowd))


@pytest.mark.proves("R22")
def test_full_disk_refuses_sends_and_recovers(cluster, crowd, room, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=777", "none", str(disk)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        space = disk / "space"
        space.mkdir(mode=0o777)
        shutil.chown(space, *_owner_of(cluster))
        cluster.postgres.ask(f"CREATE TABLESPACE small LOCATION '{space}'")
        cluster.postgres.ask("ALTER TABLE chat_message SET TABLESPACE small")
        talk(crowd, room, 0.5)
        cluster.note("disk full")
        ballast = disk / "ballast"
        with ballast.open("wb") as handle:
            try:
                while True:
                    handle.write(b"x" * 65_536)
                    handle.flush()
            except OSError:
                pass

        def is_refused():
            return any(client.errors for client in crowd.clients)

        until = time.monotonic() + 20
        number = 0
        while not is_refused() and time.monotonic() < until:
            crowd.do(crowd.clients[0].say(room, a_text(number) + " x" * 1500))
            number += 1
            time.sleep(0.01)
        assert is_refused()
        ballast.unlink()

        assert_invariants_hold(Run(cluster, crowd))
        only_retryable(crowd)
    finally:
        cluster.postgres.ask("ALTER TABLE chat_message SET TABLESPACE pg_default")
        cluster.postgres.ask("DROP TABLESPACE small")
        subprocess.run(["umount", str(disk)], check=False)


def _owner_of(cluster):
    data = (cluster.postgres.folder / "pg").stat()
    return data.st_uid, data.st_gid
