"""The order of a room under many writers with crashes, for a tailing and a resuming reader."""

import threading
import time

import httpx
import pytest

from tests import processes
from tests.faults.checker import assert_invariants_hold
from tests.faults.flood import flood
from tests.faults.run import Run
from tests.faults.words import a_text

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module")
def cluster(start_cluster):
    return start_cluster(webs=2, workers=2)


@pytest.fixture
def crowd(cluster, crowd_of):
    return crowd_of(cluster)


DEATH_EVERY = 7  # rounds in which all sixteen writers send


class Tail:
    """Follow the change feed of a room by REST from its beginning; record every seq."""

    def __init__(self, cluster, client, room):
        self.seqs = []
        self.epoch = None
        self._over = threading.Event()
        self._ask = (cluster, client, room)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(10)

    def _run(self):
        cluster, client, room = self._ask
        headers = {"Authorization": f"Bearer {client.token}"}
        with httpx.Client(headers=headers, trust_env=False, timeout=10) as http:
            while not self._over.wait(0.02):
                for web in cluster.webs:
                    self._look(http, f"{web.url}/api/chat/rooms/{room}/changes/")

    def _look(self, http, url):
        since = {"after": self.seqs[-1] if self.seqs else 0}
        if self.epoch:
            since["epoch"] = self.epoch
        try:
            answer = http.get(url, params=since)
        except httpx.HTTPError:
            return  # that web process has just been killed
        if answer.is_success:
            page = answer.json()
            self.epoch = page["epoch"]
            self.seqs += [message["seq"] for message in page["messages"]]


@pytest.mark.proves("R38", "R39")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=pytest.mark.long)])
def test_sixteen_writers_with_crashes_leave_no_gap_in_seq(cluster, crowd, seconds):
    people = [crowd.joins(f"P{number}") for number in range(16)]
    room = crowd.room(*people)
    with Tail(cluster, people[0], room) as tail:
        until, number = time.monotonic() + seconds, 0
        deaths = ["send.before_commit", "worker.before_apply_commit", "worker.after_apply_commit"]
        while time.monotonic() < until:
            for person in people:
                crowd.do(person.say(room, a_text(number)))
            crowd.wait_until(lambda: _under_way(people) < 64, what="some are answered")
            if number % DEATH_EVERY == 3:
                cluster.arm(deaths[number // DEATH_EVERY % 3])
            number += 1
            time.sleep(0.05)
        for flag in cluster.folder.glob("*.flag"):
            flag.unlink()

        assert_invariants_hold(Run(cluster, crowd))
        head = cluster.postgres.value("SELECT seq FROM chat_room WHERE id = %s", room)
        processes.wait_until(lambda: tail.seqs and tail.seqs[-1] == head, what="read to its end")
    assert tail.seqs == list(range(1, head + 1))


def _under_way(people):
    return sum(not send.is_over for person in people for send in person.sends.values())


@pytest.mark.proves("R38")
@pytest.mark.long
@pytest.mark.timeout(180)
def test_one_room_takes_200_messages_a_second(cluster, crowd):
    """Judge and number a backlog of 5,000 messages of one room."""
    ana = crowd.joins("Ana")
    room = crowd.room(ana)
    crowd.do(ana.say_and_wait(room, a_text()))
    cluster.wait_until_judged()
    for web in cluster.webs:
        web.pause()  # delivery speed is tested elsewhere
    began = time.monotonic()
    flood(cluster, room, ana, 5_000)
    cluster.ring()
    cluster.wait_until_judged()
    rate = 5_000 / (time.monotonic() - began)
    for web in cluster.webs:
        web.resume()
    assert rate >= 200
    seqs = cluster.postgres.ask(
        "SELECT count(*) AS n, max(seq) AS last FROM chat_message WHERE room_id = %s", room
    )[0]
    assert seqs["n"] == seqs["last"] == 5_001


@pytest.mark.proves("R34")
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "missed",
    [pytest.param(1, marks=pytest.mark.long), 100, pytest.param(10_000, marks=pytest.mark.long)],
)
def test_resume_delivers_all_missed_changes_or_resets(cluster, crowd, missed):
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia)
    crowd.do(ana.say_and_wait(room, a_text()))
    crowd.wait_until(lambda: bia.rooms[room].seq == 1, what="the first is heard")
    crowd.do(bia.go_away())
    flood(cluster, room, ana, missed)
    cluster.wait_until_judged()
    crowd.do(bia.come_back())
    crowd.wait_until(lambda: bia.rooms[room].seq == missed + 1, what="caught up")

    assert bia.rooms[room].resets == 0
    assert [heard.seq for heard in bia.rooms[room].heard] == list(range(1, missed + 2))


@pytest.mark.proves("R35")
@pytest.mark.long
def test_event_between_subscribe_and_read_is_delivered_once(start_cluster, crowd_of):
    cluster = start_cluster(failpoints="sync.between_register_and_read:sleep:0.7")
    crowd = crowd_of(cluster)
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia)
    for _ in range(3):
        crowd.do(bia.drop_connection())
        crowd.wait_until(lambda: bia.is_up, what="back")
        for number in range(10):  # within the 0.7 s between registration and read
            crowd.do(ana.say(room, a_text(number)))
            time.sleep(0.05)

    assert_invariants_hold(Run(cluster, crowd))
