"""Carrying parcels for those who must not wait."""

import threading
from collections.abc import Sequence

import pytest

from moderado.realtime.pubsub import publisher as module
from moderado.realtime.pubsub.publisher import Publisher


class Address:
    """Where parcels go, and whether anybody opens."""

    def __init__(self) -> None:
        self.received: list[object] = []
        self.deliveries: list[int] = []
        self.threads: set[str] = set()
        self.error: Exception | None = None
        self.arrived = threading.Semaphore(0)
        self.door = threading.Event()
        self.door.set()

    def deliver(self, items: Sequence[object]) -> None:
        self.door.wait()
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
def address(monkeypatch) -> Address:
    monkeypatch.setattr(module, "PAUSE", 0.0)
    return Address()


def test_parcels_arrive_in_their_order_by_one_thread(address: Address):
    courier = Publisher(address.deliver, name="test-courier")

    for number in range(50):
        courier.take(number)
    address.wait_for(50)

    assert address.received == list(range(50))
    assert address.threads == {"test-courier"}


def test_what_is_handed_over_together_and_what_waits_meanwhile_goes_together(address: Address):
    courier = Publisher(address.deliver, name="test-courier")
    address.door.clear()

    courier.take(*range(10))
    for number in range(10, 20):
        courier.take(number)
    address.door.set()
    address.wait_for(20)

    assert address.received == list(range(20))
    assert len(address.deliveries) <= 3


def test_a_parcel_that_cannot_be_delivered_stops_no_other(address: Address):
    courier = Publisher(address.deliver, name="test-courier")
    address.error = ConnectionError()
    courier.take("lost")
    address.wait_for(1)
    address.error = None

    courier.take("kept")
    address.wait_for(1)

    assert address.received == ["kept"]


def test_whoever_hands_over_never_waits_and_the_surplus_is_dropped(address: Address, monkeypatch):
    monkeypatch.setattr(module, "CAPACITY", 5)
    courier = Publisher(address.deliver, name="test-courier")
    address.door.clear()

    for number in range(100):
        courier.take(number)
    address.door.set()
    address.wait_for(5)

    assert 5 <= len(address.received) <= 6
    assert address.received[:3] == [0, 1, 2]


def test_a_forked_child_has_a_courier_of_its_own(address: Address):
    courier = Publisher(address.deliver, name="test-courier")
    courier.take("before")
    address.wait_for(1)
    before = threading.active_count()

    courier._reset()  # what the child does after a fork
    courier.take("after")
    address.wait_for(1)

    assert threading.active_count() == before + 1
    assert address.received == ["before", "after"]
