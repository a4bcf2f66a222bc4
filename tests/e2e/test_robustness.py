"""Crashes and outages: no acknowledged message is lost, and none is judged twice."""

import asyncio
import os
import threading
from collections import Counter
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from werkzeug import Request, Response

from moderado.chat import tasks
from moderado.chat.models import Message
from tests import processes
from tests.e2e import providers, stack
from tests.journey import TIMEOUT, Person, Socket

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SWEPT = 90.0  # seconds until the sweep has found a message without a wake-up, on a busy machine


class Talk:
    """Ana and Bia in one room, both subscribed."""

    def __init__(self, url: str) -> None:
        self.ana = Person(url, "Ana")
        self.bia = Person(url, "Bia")

    async def begin(self) -> "Talk":
        await self.ana.register()
        await self.bia.register()
        self.room = (await self.ana.ask("POST", "chat/rooms/", json={"name": "Sala"}))["id"]
        self.ana_hears = await self.ana.enter(self.room)
        self.bia_hears = await self.bia.enter(self.room)
        return self

    async def say(self, text: str, *, within: float = TIMEOUT) -> str:
        """Return the id of Ana's message, once it is acknowledged."""
        client_id = uuid4().hex
        await self.ana_hears.send("chat_message", message=text, client_id=client_id)
        queued = await self.ana_hears.next(
            "message_queued", where=lambda f: f["message"]["client_id"] == client_id, within=within
        )
        message: str = queued["message"]["id"]
        return message

    async def end(self) -> None:
        await self.ana.leave()
        await self.bia.leave()


async def hears_all(socket: Socket, ids: list[str], *, within: float) -> list[int]:
    """Return the seqs of exactly these messages, as received."""
    frames = []
    async with asyncio.timeout(within):
        while len(frames) < len(ids):
            frames.append(await socket.next("chat_message", within=within))
    assert sorted(frame["message"]["id"] for frame in frames) == sorted(ids)
    return [frame["seq"] for frame in frames]


@pytest.mark.long
async def test_redelivered_task_judges_message_once(tmp_path):
    bill = tmp_path / "bill"
    judge = stack.judged_by(providers.Counting, path=str(bill))
    with stack.running(tmp_path, workers=2, **judge) as server:
        talk = await Talk(server.url).begin()
        ids = []
        for number in range(10):
            ids.append(await talk.say(f"mensagem {number}"))
            for _ in range(5):  # fifty wake-ups in all, for two workers of two processes each
                await sync_to_async(tasks.screen_waiting.apply_async)()

        assert await hears_all(talk.bia_hears, ids, within=SWEPT) == list(range(1, 11))
        await talk.end()

    judged = Counter(line.partition("/")[0] for line in bill.read_text().splitlines())
    assert judged == dict.fromkeys(ids, 1)


@pytest.mark.long
async def test_slow_provider_delays_neither_acks_nor_other_rooms(tmp_path):
    gate = tmp_path / "gate"
    with stack.running(tmp_path, **stack.judged_by(providers.Slow, until=str(gate))) as server:
        slow = await Talk(server.url).begin()
        other = await Talk(server.url).begin()

        waiting = await slow.say("SLOW")
        for number in range(3):
            await other.say(f"rápida {number}")
            await other.bia_hears.next("chat_message")

        gate.touch()
        heard = await slow.bia_hears.next("chat_message", within=SWEPT)
        await slow.end()
        await other.end()

    assert heard["message"]["id"] == waiting


@pytest.mark.long
async def test_killed_worker_loses_no_message(tmp_path):
    bill = tmp_path / "bill"
    judge = stack.judged_by(providers.Counting, path=str(bill))
    with stack.running(tmp_path, workers=2, **judge) as server:
        talk = await Talk(server.url).begin()
        ids = []
        for number in range(60):
            if number == 30:
                stack.kill_with_children(server.workers[0])
            ids.append(await talk.say(f"mensagem {number}"))

        assert await hears_all(talk.bia_hears, ids, within=SWEPT) == list(range(1, 61))
        await talk.end()

    assert await statuses(ids) == {Message.Status.APPROVED: 60}


@pytest.mark.long
async def test_worker_killed_during_a_call_is_not_billed_twice(tmp_path, httpserver):
    bill: Counter[str] = Counter()
    arrived, answering = threading.Event(), threading.Event()

    def judge(request: Request) -> Response:
        bill[request.get_json()["id"]] += 1
        arrived.set()
        answering.wait(SWEPT)
        return Response("{}", content_type="application/json")

    httpserver.expect_request("/judge").respond_with_handler(judge)
    settings = stack.judged_by(providers.Billed, url=httpserver.url_for("/judge"))
    with stack.running(tmp_path, **settings) as server:
        talk = await Talk(server.url).begin()
        asked = await talk.say("paga uma vez")
        assert await asyncio.to_thread(arrived.wait, SWEPT)
        stack.kill_with_children(server.workers[0])
        answering.set()

        with processes.worker(tmp_path / "worker-next.log", settings):
            held = await talk.ana_hears.next("message_held", within=SWEPT)
            later = await talk.say("e a vida segue")
            await talk.bia_hears.next("chat_message", within=SWEPT)
        await talk.end()

    assert (held["message"]["id"], held["message"]["reason"]) == (asked, "unjudged")
    assert bill == {asked: 1, later: 1}


@pytest.mark.long
async def test_valkey_restarted_empty_loses_nothing(tmp_path, monkeypatch):
    valkey = stack.Valkey()
    valkey.start()
    monkeypatch.setitem(os.environ, "REDIS_URL", valkey.url)
    try:
        with stack.running(tmp_path) as server:
            talk = await Talk(server.url).begin()
            ids = [await talk.say("antes")]
            valkey.kill()
            ids += [await talk.say(f"durante {number}") for number in range(5)]
            valkey.start()
            ids += [await talk.say("depois")]

            assert await hears_all(talk.bia_hears, ids, within=60) == list(range(1, 8))
            await talk.end()
    finally:
        valkey.kill()

    assert await statuses(ids) == {Message.Status.APPROVED: 7}


@sync_to_async
def statuses(ids: list[str]) -> Counter[str]:
    return Counter(Message.objects.filter(id__in=ids).values_list("status", flat=True))
