"""The ASGI handler: how many threads a request takes, and who waits for whom."""

import asyncio
import gc
import json
import threading

import pytest
from asgiref.sync import AsyncToSync
from asgiref.testing import ApplicationCommunicator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from moderado.api import health
from moderado.api.http_handler import HttpHandler, RequestThreads
from moderado.config.asgi import application
from tests.integration.realtime.conftest import make_token, make_user
from tests.memory import without_collector


def scope_of(path, *, method="GET", headers=()):
    return {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", b"localhost"), *headers], "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
    }  # fmt: skip


async def get(handler, path, *, parts=(b"",), **fields):
    """Return the status and the body of a request."""
    client = ApplicationCommunicator(handler, scope_of(path, **fields))
    for left, part in zip(range(len(parts))[::-1], parts, strict=True):
        await client.send_input({"type": "http.request", "body": part, "more_body": left > 0})
    start = await client.receive_output(timeout=30)
    body = await client.receive_output(timeout=30)
    await client.wait(timeout=30)
    return start["status"], body["body"]


@pytest.fixture
def handler():
    return HttpHandler()


@pytest.fixture
def threads(handler, monkeypatch):
    """The threads in which the handler answered."""
    used = []

    def answer(_request):
        used.append(threading.current_thread())
        return HttpResponse("answer")

    monkeypatch.setattr(handler, "get_response", answer)
    return used


async def test_requests_one_after_another_share_a_thread(handler, threads):
    for _ in range(3):
        assert await get(handler, "/") == (200, b"answer")

    assert len(set(threads)) == 1
    assert threads[0] is not threading.current_thread()


@pytest.mark.proves("R315")
async def test_waiting_for_a_disconnect_leaves_nothing_to_the_collector(handler, threads):
    complete, received = asyncio.Event(), [{"type": "http.request", "body": b""}]

    async def receive():
        if received:
            return received.pop()
        await complete.wait()  # as uvicorn: an answered client has gone
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.body":
            complete.set()
            for _ in range(3):
                await asyncio.sleep(0)  # the listener ends first

    with without_collector():
        before = {id(each) for each in parts_of_requests()}
        await handler(scope_of("/"), receive, send)
        await until_none_but(before)

    assert threads


@pytest.mark.proves("R315")
async def test_answered_request_leaves_nothing_to_the_collector(transactional_db):
    token = await make_token(await make_user())
    headers = [(b"authorization", f"Bearer {token}".encode())]
    rooms = "/api/chat/rooms/"
    asked = [("GET", "/api/chat/me/changes/"), ("GET", rooms), ("POST", rooms), ("PUT", rooms)]

    async def ask_all():
        return [await get(application, path, method=how, headers=headers) for how, path in asked]

    await ask_all()  # makes what is made once
    with without_collector():
        before = {id(each) for each in parts_of_requests()}
        answers = await ask_all()
        await until_none_but(before)

    assert [status for status, _ in answers] == [200, 200, 400, 405]


async def until_none_but(before):
    """Wait for the thread to return from its last call, which holds the answer."""
    async with asyncio.timeout(10):
        while any(id(each) not in before for each in parts_of_requests()):
            await asyncio.sleep(0.01)


def parts_of_requests():
    """All requests in memory, and what their views made of them.

    Lazy objects are not asked for their class: they would be made.
    """
    kinds = HttpRequest, HttpResponseBase, Request, APIView, BaseSerializer
    return [each for each in gc.get_objects() if issubclass(type(each), kinds)]


async def test_no_request_waits_for_the_thread_of_another(handler, monkeypatch):
    both = threading.Barrier(2, timeout=30)

    def answer(_request):
        both.wait()
        return HttpResponse("answer")

    monkeypatch.setattr(handler, "get_response", answer)

    answers = await asyncio.gather(get(handler, "/"), get(handler, "/"))

    assert answers == [(200, b"answer")] * 2


def test_thread_that_still_works_is_not_lent_again():
    """The request of a client that has left may still wait for the database."""
    threads, may_end = RequestThreads(), threading.Event()
    first = threads.take()
    call = first.submit(may_end.wait, 30)

    threads.give_back(first)
    second = threads.take()

    assert second is not first
    may_end.set()
    assert call.result(timeout=30)
    second.shutdown()


def test_call_that_waits_behind_one_that_works_can_be_taken_back():
    threads, may_end = RequestThreads(), threading.Event()
    thread = threads.take()
    call, waiting = thread.submit(may_end.wait, 30), thread.submit(may_end.wait, 30)

    waiting.cancel()

    assert not thread.is_idle
    may_end.set()
    assert call.result(timeout=30)
    thread.shutdown()
    assert thread.is_idle


def test_threads_beyond_a_number_end_with_their_request():
    threads = RequestThreads(most_idle=1)
    kept, other = threads.take(), threads.take()

    threads.give_back(kept)
    threads.give_back(other)

    with pytest.raises(RuntimeError, match="shutdown"):
        other.submit(int)
    assert threads.take() is kept
    kept.shutdown()


@pytest.mark.django_db(transaction=True)
async def test_no_request_returns_to_the_event_loop_for_its_view(monkeypatch):
    def returned(*_args, **_kwargs):
        raise AssertionError("a thread waits for the event loop")

    monkeypatch.setattr(AsyncToSync, "__call__", returned)

    status, body = await get(application, "/api/nothing/")

    assert (status, json.loads(body)["code"]) == (404, "not_found")


CHUNKED = (b"transfer-encoding", b"chunked")
JSON, FORM = b"application/json", b"multipart/form-data; boundary=x"
FIELD = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue\r\n--x--\r\n'


@pytest.mark.proves("S235")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("cut", [1, 9])
async def test_chunked_body_is_read(cut):
    """REST framework takes a body without a length for an empty one."""
    body = json.dumps({"email": "ana@example.org", "password": "wrong"}).encode()
    chunked = {"method": "POST", "headers": [CHUNKED, (b"content-type", JSON)]}
    login, parts = "/api/auth/login/", (body[:cut], body[cut:])

    read = await get(application, login, **chunked, parts=parts)
    broken = await get(application, login, **chunked, parts=(b"{", b"]"))
    empty = await get(application, login, **chunked, parts=(b"", b""))

    assert (read[0], json.loads(read[1])["code"]) == (401, "wrong_credentials")
    assert (broken[0], json.loads(broken[1])["code"]) == (400, "parse_error")
    assert (empty[0], json.loads(empty[1])["code"]) == (400, "invalid")


@pytest.mark.proves("S235")
async def test_form_in_chunks_is_read(handler, monkeypatch):
    """Django's parser of multipart forms takes it for an empty one, too."""
    monkeypatch.setattr(handler, "get_response", lambda request: JsonResponse(request.POST))

    headers = [CHUNKED, (b"content-type", FORM)]
    parts = (FIELD[:30], FIELD[30:])
    answer = await get(handler, "/", method="POST", headers=headers, parts=parts)

    assert json.loads(answer[1]) == {"a": "value"}


@pytest.mark.proves("S144")
async def test_served_readyz_is_checked_once_for_all_who_ask(monkeypatch):
    made = []

    def readiness(*_args, **_kwargs):
        made.append(JsonResponse({"number": len(made)}, status=503))
        return made[-1]

    monkeypatch.setattr(health, "readiness", readiness)
    monkeypatch.setattr(health, "KEPT", 1_000.0)

    answers = [await get(application, "/readyz") for _ in range(3)]

    assert len(made) == 1
    assert set(answers) == {(503, made[0].content)}


@pytest.mark.proves("R340")
async def test_readiness_is_answered_while_its_checks_hang(handler, monkeypatch):
    may_end = threading.Event()

    def hangs():
        assert may_end.wait(30)

    monkeypatch.setattr(health, "CHECKS", {"database": hangs, "migrations": hangs})
    monkeypatch.setattr(health, "ANSWER", 0.05)
    try:
        status, body = await get(handler, "/readyz")
    finally:
        may_end.set()

    assert status == 503
    assert json.loads(body)["checks"] == {"database": "TimeoutError"}
