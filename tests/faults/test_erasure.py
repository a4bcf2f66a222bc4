"""Workers are killed while they erase an account: its words are nowhere, and no other is lost."""

import pytest

from tests import processes
from tests.faults.checker import assert_invariants_hold, settle
from tests.faults.crowd import PASSWORD
from tests.faults.enforced import Erased
from tests.faults.moderators import ask_to_be_erased
from tests.faults.rulings import check_erased_words_are_nowhere
from tests.faults.run import Run
from tests.faults.words import a_text

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.long]

DEATHS = ["erasure.before_commit", "erasure.after_batch", "erasure.before_commit"]
MESSAGES = 250  # some batches of an erasure
LEASE = 40  # seconds after which the lease of a dead worker is over


@pytest.mark.proves("R100")
@pytest.mark.timeout(300)
def test_killed_workers_erase_an_account_to_its_end(start_cluster, crowd_of):
    cluster = start_cluster(workers=2, judged_by="remote", environment={"ERASURE_GRACE_DAYS": "0"})
    crowd = crowd_of(cluster)
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia)
    for number in range(MESSAGES):
        crowd.do(ana.say(room, a_text(number, outcome=("", "", "HOLD", "FLAG")[number % 4])))
    kept = [crowd.do(bia.say_and_wait(room, a_text(number))) for number in range(10)]
    settle(Run(cluster, crowd))
    shown = {send.text for send in ana.sends.values() if "chat_message" in send.told}
    assert len(shown) > MESSAGES / 3
    ana.rooms[room].is_wanted = False
    flag = cluster.arm(DEATHS[0])

    crowd.do(ask_to_be_erased(ana, PASSWORD))

    for number, _ in enumerate(DEATHS):
        cluster.wait_until_reached(flag, seconds=LEASE)
        _forget_the_lease(cluster)
        cluster.mend()
        if number + 1 < len(DEATHS):
            flag = cluster.arm(DEATHS[number + 1])
    processes.wait_until(
        lambda: _state(cluster) == "done", what="the account is erased", seconds=LEASE
    )
    erased = Erased.of(ana)
    crowd.forget(ana)
    run = Run(cluster, crowd, erased=[erased])
    assert list(check_erased_words_are_nowhere(run)) == []
    assert_invariants_hold(run)
    there = {message["content"] for message in crowd.do(bia.history(room)) if message["content"]}
    assert there == {send.text for send in kept}


def _forget_the_lease(cluster):
    """Let the lease of the dead worker end, and ring: time is not what is proved here."""
    cluster.postgres.ask(
        "UPDATE enforcement_erasure SET lease_until = now() - interval '1 second'"
        " WHERE state = 'running'"
    )


def _state(cluster):
    return cluster.postgres.value("SELECT state FROM enforcement_erasure")
