"""Workers die at every failpoint, and every message is judged exactly once."""

import os
import signal
import time

import pytest

from tests import processes
from tests.faults.checker import assert_invariants_hold
from tests.faults.judge import Manner
from tests.faults.run import Run
from tests.faults.words import a_text

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.long]

DEATHS = [
    "worker.after_claim",
    "worker.after_reserve",
    "worker.after_request_sent",
    "worker.after_answer",
    "worker.after_record",
    "worker.before_apply_commit",
    "worker.after_apply_commit",
]
ASKED_IN_VAIN = {"worker.after_reserve", "worker.after_request_sent", "worker.after_answer"}


@pytest.fixture(scope="module")
def clusters(start_cluster):
    """One cluster for each kind of provider, started on first use."""
    started = {}

    def cluster_of(kind):
        if kind not in started:
            started[kind] = start_cluster(workers=2, judged_by=kind)
        return started[kind]

    return cluster_of


SOME = ["worker.after_claim", "worker.after_request_sent", "worker.before_apply_commit"]


@pytest.mark.proves("R3")
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("kind", "deaths"),
    [
        pytest.param("remote", SOME, id="some"),
        pytest.param("remote", DEATHS, id="all", marks=pytest.mark.long),
        pytest.param("keyed", DEATHS, id="keyed", marks=pytest.mark.long),
    ],
)
def test_worker_killed_at_any_failpoint_is_judged_and_billed_once(clusters, crowd_of, kind, deaths):
    cluster = clusters(kind)
    cluster.judge.manner = Manner(seconds=0.3)
    crowd = crowd_of(cluster)
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia)
    sends = {}
    for death in deaths:
        flag = cluster.arm(death)
        send = sends[death] = crowd.do(ana.say_and_wait(room, a_text()))
        cluster.wait_until_reached(flag)
        died = time.monotonic()
        crowd.wait_until(lambda send=send: send.is_settled, what=f"judged after {death}")
        assert time.monotonic() - died <= 10

    assert_invariants_hold(Run(cluster, crowd))

    rows = Run(cluster, crowd).messages
    status = {death: rows[send.id]["status"] for death, send in sends.items()}
    expected = dict.fromkeys(deaths, "APPROVED")
    if kind == "remote":  # no provider may be asked again, so a moderator decides
        expected |= {death: "HELD" for death in deaths if death in ASKED_IN_VAIN}
    assert status == expected


@pytest.mark.proves("R4")
def test_killed_prefork_child_is_recovered_within_ten_seconds(clusters, crowd_of):
    cluster = clusters("remote")
    cluster.judge.manner = Manner(seconds=1.0)
    crowd = crowd_of(cluster)
    ana = crowd.joins("Ana")
    room = crowd.room(ana)
    sends = [crowd.do(ana.say_and_wait(room, a_text(n))) for n in range(3)]
    ids = [send.id for send in sends]
    processes.wait_until(lambda: cluster.judge.asked_about(ids) > 0, what="the judge is asked")
    for worker in cluster.workers:
        for child in worker.children():
            cluster.note("kill child")
            os.kill(child, signal.SIGKILL)

    assert_invariants_hold(Run(cluster, crowd))
    assert all(send.is_settled for send in sends)
    assert all(worker.is_running() for worker in cluster.workers)


@pytest.mark.proves("R28", "R3")
@pytest.mark.parametrize("kind", ["remote", pytest.param("keyed", marks=pytest.mark.long)])
def test_stale_worker_is_fenced_off(clusters, crowd_of, kind):
    cluster = clusters(kind)
    crowd = crowd_of(cluster)
    ana = crowd.joins("Ana")
    room = crowd.room(ana)
    first, second = cluster.workers
    second.pause()
    cluster.judge.manner = Manner(seconds=1.0)
    send = crowd.do(ana.say_and_wait(room, a_text()))
    processes.wait_until(lambda: cluster.judge.asked_about([send.id]) > 0, what="the first asks")
    first.pause()
    second.resume()

    crowd.wait_until(lambda: send.is_settled, what="the second one has it judged")
    first.resume()

    assert_invariants_hold(Run(cluster, crowd))
    expected = "APPROVED" if kind == "keyed" else "HELD"
    assert Run(cluster, crowd).messages[send.id]["status"] == expected


@pytest.mark.proves("R6")
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGQUIT, marks=pytest.mark.long)]
)
def test_terminated_worker_finishes_its_calls(clusters, crowd_of, number):
    cluster = clusters("remote")
    cluster.judge.manner = Manner(seconds=3.0)
    crowd = crowd_of(cluster)
    ana = crowd.joins("Ana")
    room = crowd.room(ana)
    first, second = cluster.workers
    second.end()
    sends = [crowd.do(ana.say_and_wait(room, a_text(n))) for n in range(20)]
    ids = [send.id for send in sends]
    processes.wait_until(lambda: cluster.judge.asked_about(ids) == 20, what="20 calls are made")

    cluster.note("worker told to end")
    assert first.end(number, within=40) <= 35
    second.start()

    assert_invariants_hold(Run(cluster, crowd))
    statuses = [Run(cluster, crowd).messages[send.id]["status"] for send in sends]
    assert statuses == ["APPROVED"] * 20


@pytest.mark.proves("R52")
def test_power_loss_keeps_all_acknowledged_messages(clusters, crowd_of):
    cluster = clusters("remote")
    crowd = crowd_of(cluster)
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia)
    cluster.judge.manner = Manner(seconds=0.2)
    for number in range(40):
        crowd.do((ana, bia)[number % 2].say(room, a_text(number)))
        if number == 25:
            _cut_the_power(cluster)

    cluster.mend()
    assert_invariants_hold(Run(cluster, crowd))


def _cut_the_power(cluster):
    cluster.note("power cut")
    for process in cluster.all_processes:
        process.signal_all(signal.SIGKILL)
    cluster.valkey.kill()
    cluster.postgres.kill()
    for process in cluster.all_processes:
        process.end(signal.SIGKILL)
    cluster.postgres.start()


@pytest.mark.proves("R5")
@pytest.mark.long
@pytest.mark.timeout(150)
def test_poison_message_is_held_and_delays_no_other_message(start_cluster, crowd_of):
    cluster = start_cluster(judged_by="deadly")
    crowd = crowd_of(cluster)
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room, other = crowd.room(ana), crowd.room(bia)
    cluster.note("poison")
    poison = crowd.do(ana.say_and_wait(room, a_text() + " POISON"))
    beside = [crowd.do(bia.say_and_wait(other, a_text(n))) for n in range(3)]

    crowd.wait_until(lambda: all(send.is_settled for send in beside), what="others", seconds=20)
    crowd.wait_until(lambda: poison.is_settled, what="the poison is held", seconds=90)
    after = crowd.do(bia.say_and_wait(other, a_text()))
    crowd.wait_until(lambda: after.is_settled, what="life goes on", seconds=20)

    rows = Run(cluster, crowd).messages
    assert (rows[poison.id]["status"], rows[poison.id]["reason"]) == ("HELD", "unjudged")
    assert {rows[send.id]["status"] for send in [*beside, after]} == {"APPROVED"}
    assert cluster.workers[0].is_running()
