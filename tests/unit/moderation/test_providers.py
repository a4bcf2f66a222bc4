"""The contract every provider keeps. Add yours to the list; the tests are already written."""

import inspect
import uuid

import pytest

from moderado.moderation.providers.blocklist import BlocklistProvider
from moderado.moderation.providers.static import StaticProvider
from moderado.moderation.types import Assessment, Category, Content, Outcome
from tests.providers import Obedient, Remote

PROVIDERS = [
    BlocklistProvider(),
    BlocklistProvider(name="empty", packs=[]),
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
async def test_it_has_an_opinion_of_any_text(provider, text):
    (assessment,) = await assess(provider, text)

    assert isinstance(assessment, Assessment)
    assert assessment.provider == provider.name
    assert all(isinstance(name, Category) for name in assessment.categories)
    assert all(0 <= score <= 1 for score in assessment.categories.values())
    assert all(0 <= span.start < span.end <= len(text) for span in assessment.spans)


async def test_it_answers_in_the_order_it_was_asked(provider):
    texts = ["bom dia", "seu filho da puta", "boa tarde"]
    together = await assess(provider, *texts)
    alone = [(await assess(provider, text))[0] for text in texts]

    assert [each.outcome for each in together] == [each.outcome for each in alone]


async def test_it_answers_nothing_when_nothing_is_asked(provider):
    assert list(await assess(provider)) == []


def test_it_says_whether_it_needs_the_network(provider):
    assert provider.remote is inspect.iscoroutinefunction(provider.assess)


async def test_the_static_one_always_answers_the_same():
    (assessment,) = await assess(StaticProvider(outcome="HOLD", category="hate", score=0.4), "oi")

    assert assessment.outcome is Outcome.HOLD
    assert assessment.categories == {Category.HATE: 0.4}
