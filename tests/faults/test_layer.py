"""Channel-layer faults: lost, repeated, delayed and reordered hints.

Every subscriber receives every change once and in order.
"""

import time

import pytest

from tests.faults.checker import assert_invariants_hold
from tests.faults.cluster import LAYER
from tests.faults.run import Run
from tests.faults.words import a_text

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.long]

HEARD = 6.0  # seconds until a change without a hint must arrive


@pytest.fixture(scope="module")
def cluster(start_cluster):
    return start_cluster(webs=2)


@pytest.fixture
def crowd(cluster, crowd_of):
    return crowd_of(cluster)


@pytest.fixture
def room(crowd):
    """A room to which Ana, Bia and Caio are subscribed."""
    people = [crowd.joins(name) for name in ("Ana", "Bia", "Caio")]
    return crowd.room(*people)


def say(crowd, room, times, *, pause=0.03, who=0):
    """Send so many messages to the room; return the sends."""
    sends = []
    for number in range(times):
        sends.append(crowd.do(crowd.clients[who].say(room, a_text(number))))
        time.sleep(pause)
    return sends


def hears_to_the_end(cluster, crowd, room, *, seconds=HEARD):
    """Check that every client receives the whole room within `seconds`, on its original socket."""
    cluster.wait_until_judged()
    head = cluster.postgres.value("SELECT seq FROM chat_room WHERE id = %s", room)
    crowd.wait_until_all_hear({room: head}, seconds=seconds)


@pytest.mark.proves("R14")
def test_sockets_receive_everything_after_layer_flush(cluster, crowd, room):
    say(crowd, room, 5)
    for _ in range(3):
        cluster.note("layer emptied")
        with cluster.valkey.client(LAYER) as client:
            client.flushall()
            client.client_kill_filter(_type="pubsub")
        say(crowd, room, 5)
        hears_to_the_end(cluster, crowd, room)

    assert [client.connections for client in crowd.clients] == [1, 1, 1]
    assert_invariants_hold(Run(cluster, crowd))


@pytest.mark.proves("R15")
@pytest.mark.parametrize("seconds", [3, pytest.param(10, marks=pytest.mark.long)])
def test_dead_channel_layer_closes_no_socket_and_loses_nothing(cluster, crowd, room, seconds):
    say(crowd, room, 5)
    cluster.note("layer dead")
    cluster.layer_wire.refuse()
    during = say(crowd, room, 10 * seconds, pause=0.1)
    crowd.wait_until(lambda: all(send.acknowledged for send in during), what="confirmed")
    hears_to_the_end(cluster, crowd, room)  # through PostgreSQL alone
    cluster.layer_wire.release()
    say(crowd, room, 5)
    hears_to_the_end(cluster, crowd, room)

    assert [client.connections for client in crowd.clients] == [1, 1, 1]
    assert_invariants_hold(Run(cluster, crowd))


@pytest.mark.proves("R15")
@pytest.mark.long
def test_paused_channel_layer_delays_delivery_but_loses_nothing(cluster, crowd, room):
    say(crowd, room, 5)
    cluster.note("layer stands still")
    cluster.layer_wire.hold()
    say(crowd, room, 20, pause=0.1)
    hears_to_the_end(cluster, crowd, room)
    cluster.layer_wire.release()
    say(crowd, room, 5)

    assert_invariants_hold(Run(cluster, crowd))


@pytest.mark.proves("R51")
@pytest.mark.long
def test_long_lived_subscription_still_receives(cluster, crowd, room):
    """Groups of this layer live as long as the subscription: there is no expiry."""
    say(crowd, room, 2)
    time.sleep(30)
    sends = say(crowd, room, 1)
    crowd.wait_until(lambda: all(s.acknowledged for s in sends), what="confirmed")
    hears_to_the_end(cluster, crowd, room, seconds=1.5)

    assert_invariants_hold(Run(cluster, crowd))


@pytest.mark.proves("R51")
def test_layer_groups_never_expire(cluster, crowd, room):
    with cluster.valkey.client(LAYER) as client:
        assert client.keys("*") == []
        # One shard for all rooms, and the group of notices of cases.
        assert len(client.pubsub_channels("asgi__group__*")) == 2


@pytest.fixture(scope="module")
def mistreated(start_cluster):
    """A cluster whose layer drops 30 % of hints, repeats the others five times, reorders all."""
    return start_cluster(
        webs=2,
        web_settings="tests.faults.settings.unreliable_web",
        worker_settings="tests.faults.settings.unreliable_worker",
        environment={"LAYER_LOSES": "0.3", "LAYER_COPIES": "5"},
    )


@pytest.mark.proves("R16", "R17")
def test_lost_repeated_and_reordered_hints_keep_order(mistreated, crowd_of):
    crowd = crowd_of(mistreated)
    people = [crowd.joins(name) for name in ("Ana", "Bia", "Caio")]
    room = crowd.room(*people)
    mistreated.note("layer mistreats hints")
    for number in range(60):
        outcome = "seu idiota" if number % 6 == 0 else ""
        crowd.do(people[number % 3].say(room, f"{a_text(number)} {outcome}"))
        time.sleep(0.03)

    assert_invariants_hold(Run(mistreated, crowd))
    for person in people:
        for send in person.sends.values():
            assert len(send.told) == len(set(send.told)), "told twice of one thing"
