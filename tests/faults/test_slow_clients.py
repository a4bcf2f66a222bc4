"""Slow, vanished, simultaneous and short-lived clients.

Other clients are not delayed, and the server releases all resources.
"""

import asyncio
import os
import random
import socket
import statistics
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.faults.checker import assert_invariants_hold
from tests.faults.resources import Growth, back_to_normal, held_by, snapshot
from tests.faults.run import Run
from tests.faults.wire import Wire
from tests.faults.words import a_text

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.long]

AN_HOUR = 3_600  # seconds
SOAK_MESSAGES = 200_000  # in an hour, and a tenth of it connections

_jitter = random.Random(1)


@pytest.fixture(scope="module")
def cluster(start_cluster):
    return start_cluster()


@pytest.fixture
def crowd(cluster, crowd_of):
    return crowd_of(cluster)


class Bare:
    """A socket that subscribes to a room and does nothing else: hundreds of them are cheap."""

    def __init__(self, url, token, room, **options):
        self._url = f"{url.replace('http', 'ws', 1)}/ws/chat/{room}/?token={token}"
        self._options = {"max_queue": None, "open_timeout": 30, "proxy": None} | options
        self.connection = None
        self.heard = 0
        self.code = None

    async def open(self):
        self.connection = await connect(self._url, **self._options)
        greeting = await self.connection.recv()
        if '"connection_established"' not in greeting:
            raise ConnectionError(greeting)  # server busy: retry
        return self

    async def read(self):
        """Count the frames until the connection ends."""
        try:
            async for text in self.connection:
                self.heard += '"chat_message"' in text
        except WebSocketException:
            pass
        self.code = self.connection.close_code

    async def close(self):
        await self.connection.close()


async def _open_all(sockets, *, at_once=50):
    for first in range(0, len(sockets), at_once):
        await asyncio.gather(*(each.open() for each in sockets[first : first + at_once]))


@pytest.mark.proves("R30")
@pytest.mark.timeout(180)
def test_fifty_slow_clients_cost_neither_memory_nor_latency(cluster, crowd):
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia, mode="off")
    url = cluster.webs[0].url
    sleepers = [Bare(url, bia.token, room, sock=_small_socket(url)) for _ in range(50)]
    crowd.do(_open_all(sleepers), within=60)
    crowd.do(_stop_reading(sleepers))
    before = held_by(cluster.webs[0]).memory

    peak, waits = before, []
    for number in range(240):  # 240 x 50 x 8 kB: 96 MB, more than all buffers together hold
        began = time.monotonic()
        crowd.do(ana.say(room, a_text(number) + " " + "á" * 3_900))
        crowd.wait_until(lambda n=number: bia.rooms[room].seq > n, what="Bia hears")
        waits.append(time.monotonic() - began)
        peak = max(peak, held_by(cluster.webs[0]).memory)

    assert peak - before <= 20, f"{peak - before:.0f} MiB for 50 who do not read"
    assert statistics.quantiles(waits, n=100)[98] <= 0.3
    crowd.do(_read_on(sleepers), within=60)
    assert {each.code for each in sleepers} <= {4008, 1006}, "too slow, or cut off as deaf to that"
    assert_invariants_hold(Run(cluster, crowd))


def _small_socket(url):
    host, _, port = url.removeprefix("http://").partition(":")
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    small.connect((host, int(port)))
    small.setblocking(False)
    return small


async def _stop_reading(sockets):
    for each in sockets:
        each.connection.transport.pause_reading()


async def _read_on(sockets):
    for each in sockets:
        each.connection.transport.resume_reading()
    await asyncio.gather(*(each.read() for each in sockets))


@pytest.mark.proves("R31")
@pytest.mark.timeout(120)
def test_half_open_client_is_reaped_within_45_seconds(cluster, crowd):
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia", connect=False)
    room = crowd.room(ana)
    crowd.do(bia.ask("POST", f"chat/rooms/{room}/join/"))
    with Wire(int(cluster.webs[0].url.rpartition(":")[2])) as cable:
        pulled = Bare(f"http://127.0.0.1:{cable.port}", bia.token, room)
        crowd.do(pulled.open())
        crowd.wait_until(lambda: _presence(ana, bia) == [True], what="Bia is there")
        cable.hold()
        crowd.wait_until(
            lambda: _presence(ana, bia)[-1:] == [False], what="Bia is missed", seconds=45
        )


def _presence(client, other):
    """Return the presence frames about `other` that `client` received."""
    frames = (text for text in client.received if '"type":"presence"' in text)
    return ['"present":true' in text for text in frames if other.id in text]


@pytest.mark.proves("R32")
@pytest.mark.timeout(240)
def test_500_killed_sockets_reconnect_within_40_seconds(cluster, crowd):
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia)
    herd = [Bare(cluster.webs[0].url, bia.token, room) for _ in range(500)]
    crowd.do(_open_all(herd), within=90)
    crowd.do(ana.say_and_wait(room, a_text()))
    budget = cluster.postgres.value("SELECT current_setting('max_connections')::int") - 5

    cluster.note("kill of the web's worker")
    killed = time.monotonic()
    cluster.webs[0].kill_worker()
    returning = crowd.begin(_return_all(herd))
    while not returning.done():
        used = cluster.postgres.value("SELECT count(*) FROM pg_stat_activity")
        assert used <= budget
        time.sleep(0.2)
    last = returning.result() - killed

    assert last <= 40, f"the last was back after {last:.0f} s"
    hearing = crowd.begin(_hear_one(herd))
    crowd.do(ana.say_and_wait(room, a_text()))
    assert hearing.result(30) == 500
    crowd.do(_close_all(herd), within=60)
    assert_invariants_hold(Run(cluster, crowd))


async def _return_all(sockets):
    """Reconnect with full jitter of 0.5 s to 30 s; return the time of the last reconnect."""

    async def come_back(each):
        pause = 1.0
        while True:
            await asyncio.sleep(_jitter.uniform(0.5, pause))
            try:
                await each.open()
            except (OSError, TimeoutError, WebSocketException):
                pause = min(30.0, pause * 2)
            else:
                return

    await asyncio.gather(*(come_back(each) for each in sockets))
    return time.monotonic()


async def _hear_one(sockets):
    async def hear(each):
        async with asyncio.timeout(20):
            while '"chat_message"' not in await each.connection.recv():
                pass

    await asyncio.gather(*(hear(each) for each in sockets))
    return len(sockets)


async def _close_all(sockets):
    await asyncio.gather(*(each.close() for each in sockets))


@pytest.mark.proves("R48")
@pytest.mark.timeout(14_400)
def test_long_soak_leaks_no_memory_or_descriptors(cluster, crowd, record_property):
    """2,000 connections and 4,000 messages; SOAK=3600 (seconds) for a whole hour and its load."""
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia)
    seconds = float(os.environ.get("SOAK", "0"))
    is_whole = seconds >= AN_HOUR
    least = SOAK_MESSAGES * seconds / AN_HOUR

    def come_and_go(connections, messages):
        for number in range(messages):
            if number % (messages // 100) == 0:
                crowd.do(_visit(cluster, bia, room, connections // 100))
            crowd.do(ana.say(room, a_text(number)))
            if number % 20 == 0:
                _wait_until_answered(crowd, ana)
        crowd.wait_until_acknowledged()
        cluster.wait_until_judged()

    come_and_go(400, 800)  # one-time allocations happen now
    before, began, rounds = snapshot(cluster), time.monotonic(), 0
    growth = Growth(cluster, file=cluster.folder / "memory.log")
    while not rounds or time.monotonic() < began + seconds or len(ana.sends) < least:
        come_and_go(400 if is_whole else 1_600, 3_200)
        growth.measure()
        rounds += 1
        if time.monotonic() < began + seconds / 3:
            before = snapshot(cluster)  # the pools fill during the warm-up
        due = seconds * len(ana.sends) / least if least else 0  # spreads the load over the hour
        time.sleep(max(0, began + due - time.monotonic()))
    passed = time.monotonic() - began

    assert list(back_to_normal(before, snapshot(cluster))) == []
    assert_invariants_hold(Run(cluster, crowd))
    connections = 400 + rounds * (400 if is_whole else 1_600)
    figures = f"{connections:,} connections, {len(ana.sends):,} messages in {passed:,.0f} s"
    if not is_whole:
        record_property("shortened", figures)
        return
    grown = growth.an_hour()
    assert max(grown.values()) < 1, f"MiB an hour: {grown}"
    assert max(growth.total().values()) < 16, f"MiB in all: {growth.total()}"
    record_property(
        "figures",
        f"{figures}; a process grew by {max(growth.total().values()):.1f} MiB at most, and in the "
        f"last third by {max(grown.values()):+.2f} MiB an hour",
    )


def _wait_until_answered(crowd, person):
    """Wait for the last send: 200,000 earlier ones are not looked at again."""
    last = next(reversed(person.sends.values()))
    crowd.wait_until(lambda: last.is_over, what="the last send acknowledged")


async def _visit(cluster, person, room, times):
    for _ in range(times):
        each = Bare(cluster.webs[0].url, await person.access(), room)
        await each.open()
        await each.close()


@pytest.mark.proves("S11", "S12")
def test_removed_member_receives_nothing_later_nor_on_resume(cluster, crowd):
    ana, bia = crowd.joins("Ana"), crowd.joins("Bia")
    room = crowd.room(ana, bia)
    crowd.do(ana.say_and_wait(room, a_text()))
    crowd.wait_until(lambda: bia.rooms[room].seq == 1, what="Bia hears")
    crowd.do(ana.ask("PATCH", f"chat/rooms/{room}/", json={"is_private": True}))
    crowd.do(ana.ask("DELETE", f"chat/rooms/{room}/participants/{bia.id}/"))
    run = Run(cluster, crowd, removals=[(bia, room, 1)])
    for number in range(5):
        crowd.do(ana.say_and_wait(room, a_text(number)))
    crowd.do(bia.drop_connection())
    crowd.wait_until(lambda: bia.is_up, what="Bia is back")
    crowd.do(bia.send_frame(type="subscribe", room=room, after=1, epoch=bia.rooms[room].epoch))
    crowd.wait_until(
        lambda: any(error["code"] == "no_such_room" for error in bia.errors), what="refused"
    )

    bia.rooms[room].is_wanted = False
    assert_invariants_hold(run)
