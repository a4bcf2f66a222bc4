"""The contract of every provider. Add yours to the list to test it."""

import inspect
import uuid

import pytest

from moderado.moderation.providers.blocklist import BlocklistProvider
from moderado.moderation.providers.classifier import ClassifierProvider
from moderado.moderation.providers.static import StaticProvider
from moderado.moderation.types import Category, Content, Outcome, Signal
from tests.providers import Obedient, Remote

PROVIDERS = [
    BlocklistProvider(),
    BlocklistProvider(name="empty", packs=[]),
    ClassifierProvider(),
    StaticProvider(),
    StaticProvider(name="strict", outcome="BLOCK", category="spam"),
    Obedient(),
    Remote(),
]


def content(text):
    return Content(subject_type="message", subject_id=uuid.uuid4(), revision=1, text=text)


@pytest.fixture(params=PROVIDERS, ids=lambda provider: provider.name)
def provider(request):
    return request.param


async def assess(provider, *texts):
    answer = provider.assess([content(text) for text in texts])
    return await answer if inspect.isawaitable(answer) else answer


@pytest.mark.parametrize(
    "text",
    ["oi", "?", "ação", "\N{GRINNING FACE}" * 4000, "p u t a", "\u202eatup\u202c", "\ufdfa" * 300],
)
async def test_provider_assesses_any_text(provider, text):
    (signal,) = await assess(provider, text)

    assert isinstance(signal, Signal)
    assert signal.provider == provider.name
    assert all(isinstance(name, Category) for name in signal.scores)
    assert all(0 <= score <= 1 for score in signal.scores.values())
    assert all(0 <= match.start < match.end <= len(text) for match in signal.matches)


async def test_provider_answers_in_order(provider):
    texts = ["bom dia", "seu filho da puta", "boa tarde"]
    together = await assess(provider, *texts)
    alone = [(await assess(provider, text))[0] for text in texts]

    assert [each.matches for each in together] == [each.matches for each in alone]
    assert [each.recommendation for each in together] == [each.recommendation for each in alone]


async def test_provider_answers_an_empty_batch_with_nothing(provider):
    assert list(await assess(provider)) == []


def test_provider_declares_whether_it_is_remote(provider):
    assert provider.remote is inspect.iscoroutinefunction(provider.assess)


async def test_static_provider_always_gives_the_same_answer():
    (signal,) = await assess(StaticProvider(outcome="HOLD", category="hate", score=0.4), "oi")

    assert signal.recommendation is Outcome.HOLD
    assert signal.scores == {Category.HATE: 0.4}
