"""An invalid answer of a provider approves nothing and breaks nothing."""

import asyncio
import contextlib
import datetime as dt
import socket
import threading
import uuid
from itertools import count
from types import MappingProxyType
from typing import ClassVar

import pytest
from celery.exceptions import SoftTimeLimitExceeded

import moderado.chat.tasks  # noqa: F401  (tells whose exceptions are let by)
from moderado.moderation import registry
from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.providers import calls, legacy
from moderado.moderation.providers.base import ConfiguredProvider
from moderado.moderation.services.screening import screen
from moderado.moderation.types import (
    Assessment,
    Category,
    Content,
    Fault,
    Match,
    Outcome,
    Signal,
    Span,
)

ALLOW, FLAG, HOLD, BLOCK = Outcome
NAN, INFINITY = float("nan"), float("inf")
HATE = Category.HATE
TEXT = "segredo"


def said(**fields):
    """An allowing signal with these fields changed."""
    return [Signal(**{"provider": "odd", "recommendation": ALLOW, **fields})]


def span(start, end, **fields):
    return said(
        matches=(Match(**{"start": start, "end": end, "rule": "r", "category": HATE, **fields}),)
    )


def old(**fields):
    """An assessment, as providers returned it before signals."""
    return [Assessment(**{"provider": "odd", "outcome": ALLOW, **fields})]


def nested(depth):
    inside = {}
    for _ in range(depth):
        inside = {"a": inside}
    return inside


async def nothing():
    pass


class Dreadful(BaseException):
    """A BaseException that is no Exception."""


SHAPES = {
    "nothing": lambda: None,
    "no opinion": list,
    "three opinions": lambda: said() * 3,
    "an opinion without a list": lambda: said()[0],
    "a dict": lambda: {"approved": True},
    "a list of dicts": lambda: [{"outcome": "ALLOW"}],
    "a list of nothing": lambda: [None],
    "words": lambda: "x",
    "a true value": lambda: [True],
    "a generator": lambda: (each for each in said()),
    "a coroutine": nothing,
    "another's name": lambda: said(provider="other"),
    "an outcome in words": lambda: said(recommendation="ALLOW"),
    "an outcome in lower case": lambda: said(recommendation="allow"),
    "an old answer without an outcome": lambda: old(outcome=None),
    "an old answer with an outcome in words": lambda: old(outcome="BLOCK"),
    "an old answer without spans": lambda: old(spans=None),
    "an old answer with spans in words": lambda: old(spans=("x",)),
    "an old answer with scores in a list": lambda: old(categories=[HATE]),
    "a score that is no number": lambda: said(scores={HATE: NAN}),
    "an endless score": lambda: said(scores={HATE: INFINITY}),
    "a negative score": lambda: said(scores={HATE: -0.1}),
    "a score of two": lambda: said(scores={HATE: 2.0}),
    "a score in words": lambda: said(scores={HATE: "0.1"}),
    "a true score": lambda: said(scores={HATE: True}),
    "no score": lambda: said(scores={HATE: None}),
    "an unknown category": lambda: said(scores={"rudeness": 0.1}),
    "categories in a list": lambda: said(scores=[HATE]),
    "no categories": lambda: said(scores=None),
    "a span beyond the text": lambda: span(0, len(TEXT) + 1),
    "a span before the text": lambda: span(-1, 1),
    "an empty span": lambda: span(1, 1),
    "a span in fractions": lambda: span(0.0, 1.0),
    "a span of no category": lambda: span(0, 1, category="hate"),
    "spans in words": lambda: said(matches=("x",)),
    "no spans": lambda: said(matches=None),
    "a model of no name": lambda: said(model=None),
    "a model of an endless name": lambda: said(model="x" * 1000),
    "a name with a NUL": lambda: said(model="a\0b"),
    "a cost that is no number": lambda: said(cost=NAN),
    "a negative cost": lambda: said(cost=-1),
    "a cost in words": lambda: said(cost="1"),
    "an endless latency": lambda: said(latency=INFINITY),
    "raw words": lambda: said(raw="x"),
    "raw that is no JSON": lambda: said(raw={"at": dt.datetime.now(dt.UTC)}),
    "raw with a set": lambda: said(raw={"a": {1}}),
    "raw with numbers for keys": lambda: said(raw={1: 1}),
    "raw with a NaN": lambda: said(raw={"a": [NAN]}),
    "raw with a NUL": lambda: said(raw={"a": "\0"}),
    "raw with a NUL in a key": lambda: said(raw={"a": {"\0": 1}}),
    "raw with half a character": lambda: said(raw={"a": "\ud800"}),
    "raw with an endless number": lambda: said(raw={"a": 10**5000}),
    "raw of a megabyte": lambda: said(raw={"a": ["x" * 1000] * 1000}),
    "raw without a floor": lambda: said(raw=nested(5000)),
}  # fmt: skip

RAISED = {
    "its own bug": KeyError(TEXT),
    "nothing to read": AttributeError("'NoneType' object has no attribute 'text'"),
    "out of memory": MemoryError(),
    "no end of calls": RecursionError(),
    "the end of an iteration": StopIteration(),
    "a failed check": AssertionError(),
    "a name of no end": type("E" * 500, (Exception,), {})(),
    "several at once": ExceptionGroup(TEXT, [ValueError(TEXT)]),
}
TERRIBLE = {
    "an exit": SystemExit(0),
    "an interrupt": KeyboardInterrupt(),
    "not even an exception": Dreadful(),
    "cancelled": asyncio.CancelledError(),
}


class Odd:
    """A local provider that misbehaves when the text is TEXT."""

    name = "odd"
    remote = False
    does: ClassVar = staticmethod(said)

    def assess(self, contents):
        if any(each.text == TEXT for each in contents):
            return Odd.does()
        return [said()[0] for _ in contents]


class OddRemote(Odd):
    remote = True

    async def assess(self, contents):
        return super().assess(contents)


def raising(error):
    def does():
        raise error

    return does


ACTIONS = {**SHAPES, **{name: raising(error) for name, error in RAISED.items()}}


@pytest.fixture(autouse=True)
def _configured(settings, monkeypatch):
    monkeypatch.setattr("tests.providers.Odd", Odd, raising=False)
    monkeypatch.setattr(Odd, "does", staticmethod(said))
    settings.MODERATION_PROVIDERS = [
        {"BACKEND": "tests.providers.Obedient"},
        {"BACKEND": "tests.providers.Odd"},
    ]


def does(monkeypatch, action):
    monkeypatch.setattr(Odd, "does", staticmethod(action))


def content(text=TEXT):
    return Content(
        subject_type="message",
        subject_id=uuid.uuid4(),
        revision=1,
        text=text,
        context={"idempotency_key": "k"},
    )


def asked(provider=None, text=TEXT, timeout=5.0):
    """Return how a remote provider's answer is understood."""
    configured = ConfiguredProvider(provider=provider or OddRemote(), timeout=timeout)
    return asyncio.run(calls.assess_remotely(configured, configured.provider, content(text)))


def test_valid_signal_is_accepted(monkeypatch):
    whole = said(
        model="m-1", scores={HATE: 1}, cost=2, raw=MappingProxyType({"a": [1, None, True, 0.5]})
    )
    does(monkeypatch, lambda: whole)

    assert screen([content()])[0].outcome is ALLOW
    assert isinstance(asked(), Signal)


def test_assessment_of_an_older_provider_decides_as_before(monkeypatch, caplog):
    monkeypatch.setattr(legacy, "_warned", set())
    does(
        monkeypatch,
        lambda: old(
            outcome=BLOCK,
            categories={HATE: 0.9},
            spans=(Span(start=0, end=3, rule="r", category=HATE),),
        ),
    )

    (verdict,) = screen([content()])

    assert (verdict.outcome, verdict.decided_by) == (BLOCK, "odd")
    assert verdict.categories == {HATE: 0.9}
    assert verdict.signals[1].matches == (
        Match(start=0, end=3, rule="r", category=HATE, severity=0.9),
    )
    assert caplog.text.count("provider_returns_deprecated_assessment") == 1
    screen([content()])
    assert caplog.text.count("provider_returns_deprecated_assessment") == 1


@pytest.mark.proves("R43")
@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_invalid_local_answer_approves_nothing(monkeypatch, action):
    does(monkeypatch, action)

    odd, other = screen([content(), content("oi")])

    assert (odd.outcome, odd.decided_by) == (HOLD, "odd:no_opinion:hold")
    assert TEXT not in odd.failures[0].error
    assert other.outcome is ALLOW  # one text does not cost the others their verdict


@pytest.mark.proves("R43")
@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_invalid_remote_answer_approves_nothing(monkeypatch, action):
    does(monkeypatch, action)

    failure = asked()

    assert failure.fault is Fault.NO_OPINION
    assert failure.retry_after is None
    assert TEXT not in failure.error
    assert len(failure.error) <= 128


@pytest.mark.proves("R43")
@pytest.mark.parametrize("error", TERRIBLE.values(), ids=TERRIBLE)
def test_exception_of_a_remote_provider_does_not_stop_the_loop(monkeypatch, error):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    configured = ConfiguredProvider(provider=OddRemote())

    def ask(text):
        call = calls.assess_remotely(configured, configured.provider, content(text))
        return asyncio.run_coroutine_threadsafe(call, loop).result(10)

    try:
        does(monkeypatch, raising(error))
        assert ask(TEXT).fault in {Fault.NO_OPINION, Fault.UNKNOWN}
        assert isinstance(ask("oi"), Signal)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), Dreadful()])
def test_process_exit_during_a_local_call_is_no_assessment(monkeypatch, caplog, error):
    does(monkeypatch, raising(error))

    with pytest.raises(type(error)):
        screen([content("oi"), content()])

    assert "provider_crashed" in caplog.text


def test_soft_time_limit_is_not_a_provider_failure(monkeypatch):
    does(monkeypatch, raising(SoftTimeLimitExceeded()))

    with pytest.raises(SoftTimeLimitExceeded):
        screen([content("oi"), content()])


class Stubborn(OddRemote):
    """Ignores its cancellation until `let_go` is set."""

    def __init__(self):
        self.let_go = asyncio.Event()

    async def assess(self, contents):
        while not self.let_go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.let_go.wait()
        return said()


async def test_provider_that_ignores_cancellation_is_not_awaited():
    provider = Stubborn()
    configured = ConfiguredProvider(provider=provider, timeout=0.05)

    async with asyncio.timeout(5):
        answer = await calls.assess_remotely(configured, provider, content())
    provider.let_go.set()

    assert (answer.error, answer.fault) == ("TimeoutError", Fault.UNKNOWN)


class Distant(OddRemote):
    """Reads an answer from a socket, in some turns of the event loop, like an HTTP client."""

    def __init__(self, reads):
        self.reads = reads

    async def assess(self, contents):
        loop = asyncio.get_running_loop()
        await loop.sock_recv(self.reads, 2)
        for _ in range(5):
            await asyncio.sleep(0)
        return said()


@pytest.fixture
def distant():
    """A provider, and the end of the line on which its answer is written."""
    reads, writes = socket.socketpair()
    reads.setblocking(False)
    with reads, writes:
        yield Distant(reads), writes


async def _ask_within(seconds, provider):
    return await calls.assess_remotely(
        ConfiguredProvider(provider=provider, timeout=seconds), provider, content()
    )


@pytest.mark.proves("R190")
@pytest.mark.parametrize("at", [0.05, 0.28], ids=["early", "in the last step"])
async def test_answer_that_arrives_while_the_process_stands_still_is_used(distant, monkeypatch, at):
    provider, writes = distant
    loop = asyncio.get_running_loop()
    real, pauses = loop.time, []

    def pause():
        pauses.append(60)
        writes.send(b"ok")

    monkeypatch.setattr(loop, "time", lambda: real() + sum(pauses))
    loop.call_later(at, pause)

    assert isinstance(await _ask_within(0.3, provider), Signal)
    assert pauses


async def test_call_ends_in_an_event_loop_that_is_always_late(distant, monkeypatch):
    provider, _ = distant
    loop = asyncio.get_running_loop()
    real, looks = loop.time, count()
    late = 2 * calls.STEP  # at each look at the clock
    monkeypatch.setattr(loop, "time", lambda: real() + next(looks) * late)
    began = loop.time()

    answer = await _ask_within(0.3, provider)

    assert (answer.error, answer.fault) == ("TimeoutError", Fault.UNKNOWN)
    assert loop.time() - began < 0.3 + calls.MAX_LATE + 20 * late


class Raising(OddRemote):
    def __init__(self, error):
        self.error = error

    async def assess(self, contents):
        raise self.error


@pytest.mark.proves("R40")
@pytest.mark.parametrize(
    ("error", "fault", "retry_after"),
    [
        (ProviderUnavailable(), Fault.UNKNOWN, None),
        (ProviderUnavailable(not_done=True), Fault.NOT_DONE, 1.0),
        (ProviderUnavailable(retry_after=3), Fault.BUSY, 3.0),
        (ProviderUnavailable(retry_after=-3), Fault.BUSY, 0.0),
        (ProviderUnavailable(retry_after=NAN), Fault.BUSY, 1.0),
        (ProviderUnavailable(retry_after=INFINITY), Fault.BUSY, 1.0),
        (ProviderUnavailable(retry_after=1e12), Fault.BUSY, 86_400.0),
        (ProviderUnavailable(exhausted=True), Fault.EXHAUSTED, None),
        (ProviderUnavailable(exhausted=True, retry_after=3), Fault.EXHAUSTED, None),
        (ProviderUnavailable(refused=True), Fault.NO_OPINION, None),
        (ConnectionRefusedError(), Fault.NOT_DONE, 1.0),
        (ConnectionResetError(), Fault.UNKNOWN, None),
        (TimeoutError(), Fault.UNKNOWN, None),
    ],
)
def test_failure_states_what_is_known_about_the_call(error, fault, retry_after):
    failure = asked(Raising(error))

    assert (failure.fault, failure.retry_after) == (fault, retry_after)


@pytest.mark.parametrize(
    ("provider", "rule", "retry_after"),
    [
        ("Keyed", None, 1.0),
        ("Keyed", "next", None),
        ("Keyed", "hold", None),
        ("Remote", None, None),
    ],
)
def test_unknown_call_is_repeated_only_with_key_and_rule(provider, rule, retry_after):
    entry = {"BACKEND": f"tests.providers.{provider}"} | ({"ON_UNKNOWN": rule} if rule else {})
    (configured,), mistakes = registry.build([entry])

    failure = asyncio.run(calls.assess_remotely(configured, configured.provider, content("FAIL")))

    assert mistakes == []
    assert (failure.fault, failure.retry_after) == (Fault.UNKNOWN, retry_after)
