"""The background publisher: order, batches, failures, capacity and forks."""

import threading
from collections.abc import Sequence

import pytest

from moderado.realtime.pubsub.publisher import Publisher


class Recipient:
    """Records deliveries, and can block or refuse them."""

    def __init__(self) -> None:
        self.received: list[object] = []
        self.deliveries: list[int] = []
        self.threads: set[str] = set()
        self.error: Exception | None = None
        self.arrived = threading.Semaphore(0)
        self.is_open = threading.Event()
        self.is_open.set()

    def deliver(self, items: Sequence[object]) -> None:
        self.is_open.wait()
        self.threads.add(threading.current_thread().name)
        if self.error is None:
            self.received += items
            self.deliveries.append(len(items))
        self.arrived.release(len(items))
        if self.error is not None:
            raise self.error

    def wait_for(self, number: int) -> None:
        for _ in range(number):
            assert self.arrived.acquire(timeout=10)


@pytest.fixture
def recipient() -> Recipient:
    return Recipient()


def publisher_to(recipient: Recipient, *, capacity: int = 100) -> Publisher[object]:
    return Publisher(recipient.deliver, name="test-publisher", capacity=capacity, failure_pause=0)


def test_items_arrive_in_order_from_one_thread(recipient: Recipient):
    publisher = publisher_to(recipient)

    for number in range(50):
        publisher.publish(number)
    recipient.wait_for(50)

    assert recipient.received == list(range(50))
    assert recipient.threads == {"test-publisher"}


def test_waiting_items_are_delivered_together(recipient: Recipient):
    publisher = publisher_to(recipient)
    recipient.is_open.clear()

    publisher.publish(*range(10))
    for number in range(10, 20):
        publisher.publish(number)
    recipient.is_open.set()
    recipient.wait_for(20)

    assert recipient.received == list(range(20))
    assert len(recipient.deliveries) <= 3


def test_failed_delivery_does_not_stop_later_ones(recipient: Recipient):
    publisher = publisher_to(recipient)
    recipient.error = ConnectionError()
    publisher.publish("lost")
    recipient.wait_for(1)
    recipient.error = None

    publisher.publish("kept")
    recipient.wait_for(1)

    assert recipient.received == ["kept"]


def test_publish_never_blocks_and_drops_items_over_capacity(recipient: Recipient):
    publisher = publisher_to(recipient, capacity=5)
    recipient.is_open.clear()

    for number in range(100):
        publisher.publish(number)
    recipient.is_open.set()
    recipient.wait_for(5)

    assert 5 <= len(recipient.received) <= 6
    assert recipient.received[:3] == [0, 1, 2]


def test_forked_child_starts_a_thread_of_its_own(recipient: Recipient):
    publisher = publisher_to(recipient)
    publisher.publish("before")
    recipient.wait_for(1)
    before = threading.active_count()

    publisher._reset()  # what the child does after a fork
    publisher.publish("after")
    recipient.wait_for(1)

    assert threading.active_count() == before + 1
    assert recipient.received == ["before", "after"]
