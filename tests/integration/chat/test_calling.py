"""When a worker acknowledges its wake-up, and what it judges before it ends."""

import time

import pytest

from moderado.chat import tasks
from moderado.chat.models import Message
from moderado.chat.services import screening
from moderado.chat.services.posting import post_message
from tests.factories import make_room

pytestmark = pytest.mark.django_db


class WorkSignal:
    """Calls `acknowledged`, and each of `notifications` during one idle wait."""

    def __init__(self, acknowledged=lambda: None, *, notifications=()):
        self.acknowledge = acknowledged
        self._notifications = list(notifications)

    def wait(self, seconds):
        assert seconds == screening.IDLE_WAIT
        if not self._notifications:
            return False
        self._notifications.pop(0)()
        return True


def post(author, room, text="oi"):
    return post_message(author_id=author.id, room_id=room.id, text=text).view.id


def run(signal, **batches):
    """One round of a worker with these batch sizes."""
    return screening.LocalRound(**batches).run(signal, time.monotonic() + 10)


def waiting():
    return Message.objects.filter(queued_at__isnull=False).count()


def test_message_posted_before_the_last_look_is_judged(alice, room):
    post(alice, room)
    late = []

    def acknowledged():
        assert waiting() == 0
        if not late:
            late.append(post(alice, room, "late"))

    assert screening.screen_waiting(WorkSignal(acknowledged))
    assert late
    assert waiting() == 0


def test_notification_during_idle_wait_continues_the_round(alice, room):
    left = []
    notifications = [
        lambda: post(alice, room, "one"),
        lambda: None,
        lambda: post(alice, room, "two"),
    ]

    assert screening.screen_waiting(
        WorkSignal(lambda: left.append(waiting()), notifications=notifications)
    )
    assert left == [0]
    assert Message.objects.filter(status="APPROVED").count() == 2


def test_more_workers_are_allowed_when_the_largest_batch_is_full(alice, room):
    for _ in range(5):
        post(alice, room)
    left = []

    run(WorkSignal(lambda: left.append(waiting())), first_batch=2, max_batch=2)

    assert left == [3, 1, 0]


def test_no_other_worker_is_needed_while_the_batch_can_grow(alice, room):
    for _ in range(5):
        post(alice, room)
    left = []

    run(WorkSignal(lambda: left.append(waiting())), first_batch=2)

    assert left == [0]


@pytest.mark.parametrize("limit", [2, 4, 5])
def test_backlog_in_several_rooms_is_judged_without_a_pause(alice, limit):
    """Three rooms do not share these limits evenly: a batch below its limit is not the last."""
    for room in [make_room() for _ in range(3)]:
        for _ in range(6):
            post(alice, room)
    left = []

    run(WorkSignal(lambda: left.append(waiting())), first_batch=limit)

    assert left == [0]


def test_worker_does_not_idle_while_messages_wait(alice):
    loud, *quiet = [make_room() for _ in range(3)]
    for room in (*quiet, *[loud] * 6):
        post(alice, room)
    left, waited = [], []

    signal = WorkSignal(
        lambda: left.append(waiting()), notifications=[lambda: waited.append(waiting())]
    )
    run(signal, first_batch=6, max_batch=6)

    assert left == [4, 0]
    assert waited == [0]


def test_wake_up_is_acknowledged_when_time_is_up(alice, room):
    post(alice, room)
    left = []
    signal = WorkSignal(lambda: left.append(waiting()))

    assert not screening.LocalRound().run(signal, deadline=time.monotonic())
    assert left == [1]


def test_failed_task_acknowledges_the_wake_up(monkeypatch):
    answered = []
    monkeypatch.setattr(tasks.wakeup, "acknowledge", lambda: answered.append(True))

    def fail(_signal):
        raise ValueError("broken")

    monkeypatch.setattr(screening, "screen_waiting", fail)

    with pytest.raises(ValueError, match="broken"):
        tasks.screen_waiting()
    assert answered == [True]
