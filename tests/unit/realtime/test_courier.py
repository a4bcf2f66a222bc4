"""Carrying parcels for those who must not wait."""

import asyncio
import threading

import pytest

from moderado.realtime import courier as module
from moderado.realtime.courier import Courier


class Address:
    """Where parcels go, and whether anybody opens."""

    def __init__(self) -> None:
        self.received: list[object] = []
        self.threads: set[str] = set()
        self.error: Exception | None = None
        self.arrived = threading.Semaphore(0)
        self.door = threading.Event()
        self.door.set()

    async def deliver(self, parcel: object) -> None:
        await asyncio.to_thread(self.door.wait)
        self.threads.add(threading.current_thread().name)
        self.arrived.release()
        if self.error is not None:
            raise self.error
        self.received.append(parcel)

    def wait_for(self, number: int) -> None:
        for _ in range(number):
            assert self.arrived.acquire(timeout=10)


@pytest.fixture
def address(monkeypatch) -> Address:
    monkeypatch.setattr(module, "PAUSE", 0.0)
    return Address()


def test_parcels_arrive_in_their_order_by_one_thread(address: Address):
    courier = Courier(address.deliver, name="test-courier")

    for number in range(50):
        courier.take(number)
    address.wait_for(50)

    assert address.received == list(range(50))
    assert address.threads == {"test-courier"}


def test_a_parcel_that_cannot_be_delivered_stops_no_other(address: Address):
    courier = Courier(address.deliver, name="test-courier")
    address.error = ConnectionError()
    courier.take("lost")
    address.wait_for(1)
    address.error = None

    courier.take("kept")
    address.wait_for(1)

    assert address.received == ["kept"]


def test_whoever_hands_over_never_waits_and_the_surplus_is_dropped(address: Address, monkeypatch):
    monkeypatch.setattr(module, "CAPACITY", 5)
    courier = Courier(address.deliver, name="test-courier")
    address.door.clear()

    for number in range(100):
        courier.take(number)
    address.door.set()
    address.wait_for(5)

    assert 5 <= len(address.received) <= 6
    assert address.received[:3] == [0, 1, 2]


def test_a_forked_child_has_a_courier_of_its_own(address: Address):
    courier = Courier(address.deliver, name="test-courier")
    courier.take("before")
    address.wait_for(1)
    before = courier._loop

    courier._reset()  # what the child does after a fork
    courier.take("after")
    address.wait_for(1)

    assert courier._loop is not before
    assert address.received == ["before", "after"]
