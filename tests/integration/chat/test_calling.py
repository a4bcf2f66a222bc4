"""When a worker has to be called, and when the one at work finds it anyway."""

import pytest

from moderado.chat import tasks
from moderado.chat.models import Message
from moderado.chat.services import screening
from moderado.chat.services.posting import post_message
from tests.factories import make_room

pytestmark = pytest.mark.django_db


class WorkSignal:
    """Calls `answered` and, as often as there are `knocks`, `knocked`."""

    def __init__(self, answered=lambda: None, *, knocks=()):
        self.acknowledge = answered
        self._knocks = list(knocks)

    def wait(self, seconds):
        assert seconds == screening.IDLE_WAIT
        if not self._knocks:
            return False
        self._knocks.pop(0)()
        return True


def post(author, room, text="oi"):
    return post_message(author_id=author.id, room_id=room.id, text=text).view.id


def waiting():
    return Message.objects.filter(queued_at__isnull=False).count()


def test_what_comes_until_a_worker_leaves_needs_no_call(alice, room):
    post(alice, room)
    came_late = []

    def answered():
        assert waiting() == 0
        if not came_late:
            came_late.append(post(alice, room, "late"))

    assert screening.screen_waiting(WorkSignal(answered))
    assert came_late
    assert waiting() == 0


def test_who_knocks_while_a_worker_is_at_the_door_is_heard_at_once(alice, room):
    answers = []
    knocks = [lambda: post(alice, room, "one"), lambda: None, lambda: post(alice, room, "two")]

    assert screening.screen_waiting(WorkSignal(lambda: answers.append(waiting()), knocks=knocks))
    assert answers == [0]
    assert Message.objects.filter(status="APPROVED").count() == 2


def test_where_the_largest_batch_is_not_enough_others_are_called_to_help(alice, room, monkeypatch):
    monkeypatch.setattr(screening._pace, "limit", 2)
    monkeypatch.setattr(screening, "BATCH", 2)
    for _ in range(5):
        post(alice, room)
    left = []

    screening.screen_waiting(WorkSignal(lambda: left.append(waiting())))

    assert left == [3, 1, 0]


def test_one_worker_is_enough_as_long_as_its_batches_can_grow(alice, room, monkeypatch):
    monkeypatch.setattr(screening._pace, "limit", 2)
    for _ in range(5):
        post(alice, room)
    left = []

    screening.screen_waiting(WorkSignal(lambda: left.append(waiting())))

    assert left == [0]


@pytest.mark.parametrize("limit", [2, 4, 5])
def test_a_backlog_is_judged_without_pause_in_however_many_rooms(alice, limit, monkeypatch):
    """Three rooms do not share such a batch evenly: smaller than it may be, it is not the last."""
    monkeypatch.setattr(screening._pace, "limit", limit)
    for room in [make_room() for _ in range(3)]:
        for _ in range(6):
            post(alice, room)
    left = []

    screening.screen_waiting(WorkSignal(lambda: left.append(waiting())))

    assert left == [0]


def test_no_worker_waits_at_the_door_while_a_flood_waits_behind_it(alice, monkeypatch):
    monkeypatch.setattr(screening._pace, "limit", 6)
    monkeypatch.setattr(screening, "BATCH", 6)
    loud, *quiet = [make_room() for _ in range(3)]
    for room in (*quiet, *[loud] * 6):
        post(alice, room)
    left, waited = [], []

    screening.screen_waiting(
        WorkSignal(lambda: left.append(waiting()), knocks=[lambda: waited.append(waiting())])
    )

    assert left == [4, 0]
    assert waited == [0]


def test_when_time_is_up_a_call_is_heard_again(alice, room, monkeypatch):
    monkeypatch.setattr(screening, "BUDGET", 0.0)
    post(alice, room)
    calls = []

    assert not screening.screen_waiting(WorkSignal(lambda: calls.append(waiting())))
    assert calls == [1]


def test_a_worker_that_fails_silences_nobody(monkeypatch):
    answered = []
    monkeypatch.setattr(tasks.wakeup, "acknowledge", lambda: answered.append(True))

    def fail(_door):
        raise ValueError("broken")

    monkeypatch.setattr(screening, "screen_waiting", fail)

    with pytest.raises(ValueError, match="broken"):
        tasks.screen_waiting()
    assert answered == [True]
