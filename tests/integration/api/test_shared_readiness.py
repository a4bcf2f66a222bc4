"""Requests for `/readyz` share a check: anyone may ask, as often as they like."""

import asyncio

import pytest
from django.http import JsonResponse
from django.test import RequestFactory

from moderado.api import health

pytestmark = pytest.mark.proves("S144")


@pytest.fixture
def checks(monkeypatch):
    """The answers that were made by a check."""
    made = []

    def readiness(*_args, **_kwargs):
        made.append(JsonResponse({"number": len(made)}, status=503))
        return made[-1]

    monkeypatch.setattr(health, "readiness", readiness)
    return made


async def ask(middleware):
    return await middleware(RequestFactory().get("/readyz"))


async def unanswered(_request):
    raise AssertionError


async def test_requests_at_once_and_soon_after_share_a_check(checks, monkeypatch):
    monkeypatch.setattr(health, "KEPT", 1_000.0, raising=False)
    middleware = health.ProbeMiddleware(unanswered)

    answers = await asyncio.gather(*[ask(middleware) for _ in range(20)])
    answers.append(await ask(middleware))

    assert len(checks) == 1
    assert {(each.status_code, each.content) for each in answers} == {(503, checks[0].content)}
    assert {each.headers["Content-Type"] for each in answers} == {"application/json"}
    assert len({id(each) for each in answers}) == len(answers)


async def test_later_request_has_a_check_of_its_own(checks, monkeypatch):
    monkeypatch.setattr(health, "KEPT", 0.0, raising=False)
    middleware = health.ProbeMiddleware(unanswered)

    first, second = await ask(middleware), await ask(middleware)

    assert [first.content, second.content] == [each.content for each in checks]


async def test_client_that_leaves_does_not_end_the_check_of_others(checks, monkeypatch):
    monkeypatch.setattr(health, "KEPT", 1_000.0, raising=False)
    middleware = health.ProbeMiddleware(unanswered)
    first, second = (asyncio.create_task(ask(middleware)) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()

    assert (await second).status_code == 503
    assert len(checks) == 1
