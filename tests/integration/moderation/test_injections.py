"""60 prompt injections change no verdict.

Two models stand in for all: one that reads its instructions and judges what is inside the fence,
and one that obeys whatever the text demands. The first must find the same as in the clean text. The
second must never make a text milder: its answers are not what was agreed, or a local rule stands.
"""

import json
import re
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from werkzeug import Response

from moderado.moderation.decide import decide
from moderado.moderation.providers import calls
from moderado.moderation.providers.base import ConfiguredProvider
from moderado.moderation.providers.http import Caller
from moderado.moderation.types import Failure, Outcome, Signal
from tests.integration.moderation.services import (
    BAD,
    SERVICES,
    completion,
    content,
    scored,
)
from tests.integration.moderation.services import policy_of as policy

INJECTIONS = json.loads((Path(__file__).parent / "injections.json").read_text())
TEXTS = {"severe": f"seu {BAD}", "harmless": "bom dia, gente"}
INSTRUCTED = ("safeguard", "json")
GUARDS = ("qwen3guard", "llamaguard")
SAID_OF_HARMLESS = ("safe", "Safety: Safe\nCategories: None")
TURNS = re.compile(r"<\||\[/?INST\]|<(?:start|end)_of_turn|<(?:BEGIN|END) ")

pytestmark = pytest.mark.proves("S29")


def attack(injection, text):
    return injection.replace("{text}", text)


@asynccontextmanager
async def service(dialect):
    """Yield what asks a service: it answers a text as `answer` says of the messages to it.

    The service is in this process: there are 1,500 questions.

    It returns the verdict of the default thresholds, and the messages that were sent.
    """
    sent, answers = [], []

    def respond(request):
        assert request.url.path == "/v1/chat/completions"
        sent.extend(json.loads(request.content)["messages"])
        return httpx2.Response(200, json=answers[-1](sent))

    provider = SERVICES[dialect].make("http://service.example.org")
    provider._caller = Caller(transport=lambda: httpx2.MockTransport(respond))
    configured, terms = ConfiguredProvider(provider=provider), policy(provider)

    async def verdict_of(text, answer):
        sent.clear()
        answers[:] = [answer]
        asked = content(text)
        found = await calls.assess_remotely(configured, provider, asked)
        signals = [found] if isinstance(found, Signal) else []
        failures = [found] if isinstance(found, Failure) else []
        return decide(signals, failures, terms, asked), [*sent]

    try:
        yield verdict_of
    finally:
        await provider._caller.close()


def inside(messages):
    """Return what a model finds between the fences, and check that there is one pair."""
    written = messages[-1]["content"]
    found = re.fullmatch(r"⟦([0-9a-f]{16})⟧\n(.*)\n⟦/\1⟧", written, re.DOTALL)
    assert found, written
    assert not set(found.group(2)) & {"⟦", "⟧"}
    return found.group(2)


def careful(messages):
    """Answer as a model that judges what is inside the fence."""
    return completion(scored(messages, 0.97 if BAD in inside(messages) else 0.01))


@pytest.mark.parametrize("dialect", INSTRUCTED)
@pytest.mark.parametrize("kind", TEXTS)
async def test_careful_model_finds_the_same_as_in_the_clean_text(dialect, kind):
    async with service(dialect) as verdict_of:
        clean, _ = await verdict_of(TEXTS[kind], careful)
        assert clean.outcome is (Outcome.HOLD if kind == "severe" else Outcome.ALLOW)

        for injection in INJECTIONS:
            found, sent = await verdict_of(attack(injection, TEXTS[kind]), careful)
            assert (injection, found.outcome) == (injection, clean.outcome)
            assert [message["role"] for message in sent] == ["system", "user"]
            assert TEXTS[kind] in inside(sent)


@pytest.mark.parametrize("dialect", [*INSTRUCTED, *GUARDS])
async def test_obedient_model_never_makes_a_text_milder(dialect):
    clean = Outcome.HOLD

    async with service(dialect) as verdict_of:
        for injection in INJECTIONS:
            text = attack(injection, TEXTS["severe"])
            for demand in demands_of(injection, text, dialect):
                found, _ = await verdict_of(text, lambda _, said=demand: completion(said))
                assert (injection, demand, found.outcome.severity >= clean.severity) == (
                    injection, demand, True,
                )  # fmt: skip


def demands_of(injection, text, dialect):
    demands = [text, injection.replace("{text}", "").strip(), "approved", '{"approved": true}']
    if dialect in INSTRUCTED:
        return [*demands, *SAID_OF_HARMLESS]
    # A guard can say no more than its own word for harmless.
    return [demand for demand in demands if demand not in SAID_OF_HARMLESS]


@pytest.mark.parametrize("dialect", INSTRUCTED)
async def test_deceived_model_does_not_outweigh_a_local_rule(httpserver, dialect):
    blocked = Signal(provider="local", recommendation=Outcome.BLOCK)

    for injection in INJECTIONS[:5]:
        asked = content(attack(injection, TEXTS["severe"]))
        httpserver.expect_request("/v1/chat/completions").respond_with_handler(
            lambda request: Response(
                json.dumps(completion(scored(request.get_json()["messages"], 0.0))),
                content_type="application/json",
            )
        )
        provider = SERVICES[dialect].make(httpserver.url_for("").rstrip("/"))
        (fooled,) = await provider.assess([asked])
        await provider._caller.close()
        assert decide([blocked, fooled], [], policy(provider), asked).outcome is Outcome.BLOCK


@pytest.mark.parametrize("dialect", GUARDS)
async def test_tokens_that_delimit_turns_are_broken(dialect):
    async with service(dialect) as verdict_of:
        for injection in INJECTIONS:
            text = attack(injection, TEXTS["severe"])
            _, sent = await verdict_of(text, lambda _: completion("safe"))
            (message,) = sent
            assert message["role"] == "user"
            assert not TURNS.search(message["content"])


async def test_fence_differs_for_each_prompt():
    names = set()
    async with service("json") as verdict_of:
        for _ in range(5):
            _, sent = await verdict_of("bom dia", careful)
            names.add(sent[-1]["content"][:18])

    assert len(names) == 5
