"""A send is stored once, whatever dies between the send and the answer."""

import signal
from contextlib import suppress

import httpx
import pytest

from tests import processes
from tests.faults.checker import assert_invariants_hold
from tests.faults.run import Run
from tests.faults.words import a_text

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="module")
def cluster(start_cluster):
    return start_cluster(webs=2)


@pytest.fixture
def crowd(cluster, crowd_of):
    return crowd_of(cluster)


def _kill_at(name):
    def kill(cluster, say):
        flag = cluster.arm(name)
        send = say()
        cluster.wait_until_reached(flag)
        return send

    return kill


def _kill_all_while_the_insert_is_held(cluster, say):
    cluster.postgres.wire.hold()
    send = say()
    processes.wait_until(lambda: send.tries > 0, what="it was sent")
    for web in cluster.webs:
        web.kill()
    cluster.postgres.wire.release()
    for web in cluster.webs:
        web.start()
    return send


def _kill_all_before_it_is_read(cluster, say):
    for web in cluster.webs:
        web.pause()
    send = say()
    processes.wait_until(lambda: send.tries > 0, what="it was sent")
    for web in cluster.webs:
        web.signal_all(signal.SIGKILL)
        web.end(signal.SIGKILL)
        web.start()
    return send


def _swallow_the_answer_to_the_commit(cluster, say):
    cluster.note("answers swallowed")
    cluster.postgres.wire.swallow_after(b"COMMIT")
    send = say()
    processes.wait_until(lambda: cluster.postgres.wire.swallowed > 0, what="swallowed")
    return send


@pytest.mark.proves("R1")
@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param(_kill_at("send.before_commit"), id="before-commit"),
        pytest.param(_kill_at("send.after_commit_before_ack"), id="after-commit"),
        pytest.param(
            _kill_at("queue.before_publish"), id="before-ring", marks=pytest.mark.proves("R2")
        ),
        pytest.param(_kill_all_while_the_insert_is_held, id="insert-held"),
        pytest.param(_kill_all_before_it_is_read, id="unread"),
        pytest.param(
            _swallow_the_answer_to_the_commit,
            id="commit-unanswered",
            marks=pytest.mark.proves("R21"),
        ),
    ],
)
def test_resend_after_lost_ack_creates_one_message(cluster, crowd, break_it):
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia)

    send = break_it(cluster, lambda: crowd.do(ana.say(room, a_text())))
    crowd.wait_until(lambda: send.acknowledged is not None, what="acknowledged")

    assert _post_again(crowd, ana, send) == send.id
    assert_invariants_hold(Run(cluster, crowd))
    stored = "SELECT count(*) FROM chat_message WHERE client_id = %s"
    assert cluster.postgres.value(stored, send.client_id) == 1


def _post_again(crowd, client, send) -> str:
    """Repeat the message by REST until it is answered: a web may still be dying or starting."""
    ids = []

    def is_answered() -> bool:
        with suppress(httpx.TransportError):
            answer = crowd.do(client.post(send.room, send.text, send.client_id))
            if answer.is_success:
                ids.append(answer.json()["id"])
        return bool(ids)

    crowd.wait_until(is_answered, what="answered")
    return ids[0]


@pytest.mark.proves("R37")
def test_concurrent_sends_with_one_client_id_create_one_message(cluster, crowd):
    ana = crowd.joins("Ana")
    room = crowd.room(ana)
    second = crowd.same_person(ana)
    crowd.do(second.listen(room))

    for number in range(10):
        text, client_id = a_text(number), f"both-{number}"
        both = [crowd.begin(each.say(room, text, client_id=client_id)) for each in (ana, second)]
        sends = [begun.result(10) for begun in both]
        crowd.wait_until(
            lambda sends=sends: all(s.acknowledged for s in sends), what="both answered"
        )
        assert sends[0].id == sends[1].id

    assert (
        cluster.postgres.value("SELECT count(*) FROM chat_message WHERE room_id = %s", room) == 10
    )
    assert_invariants_hold(Run(cluster, crowd))


@pytest.mark.proves("R25")
def test_deadlock_storm_shows_no_database_error(cluster, crowd):
    people = [crowd.joins(f"P{n}") for n in range(16)]
    rooms = [crowd.room(*people, mode=mode) for mode in ("pre", "post")]
    before = cluster.postgres.value("SELECT sum(deadlocks) FROM pg_stat_database")
    for number in range(8):
        for person in people:
            for room in rooms:
                crowd.do(person.say(room, a_text(number)))
        stored = [
            (person, send.id) for person in people for send in person.sends.values() if send.id
        ]
        for person, message in stored[-32::2]:
            crowd.do(person.edit(message, a_text(number)))
        for person, message in stored[-32::5]:
            crowd.do(person.delete(message))

    assert_invariants_hold(Run(cluster, crowd))
    codes = {error["code"] for person in people for error in person.errors}
    assert codes <= {"message_removed"}, "an edit of what was deleted meanwhile is refused as that"
    assert cluster.postgres.value("SELECT sum(deadlocks) FROM pg_stat_database") == before
