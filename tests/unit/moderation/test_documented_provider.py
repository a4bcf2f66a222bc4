"""The example provider of docs/providers.md, run against a real HTTP server."""

import json
import re
import uuid
from pathlib import Path

import pytest
from pydantic import SecretStr

from moderado.moderation import registry
from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.types import Category, Content, Outcome
from tests.providers import verdict_of

GUIDE = Path(__file__).parents[3] / "docs" / "providers.md"


def blocks(language):
    return re.findall(
        rf"^ *```{language}\n(.*?)^ *```", GUIDE.read_text(), re.DOTALL | re.MULTILINE
    )


@pytest.fixture
def configured(httpserver):
    namespace = {}
    exec(blocks("python")[0], namespace)  # noqa: S102  (our own page)
    return namespace["ToxicityProvider"](url=httpserver.url_for("/v1"))


def content(text):
    return Content(subject_type="message", subject_id=uuid.uuid4(), revision=1, text=text)


async def test_documented_provider_sends_every_text_in_order(httpserver, configured):
    for text, toxicity in (("bom dia", 0.1), ("vilão", 0.9)):
        httpserver.expect_request("/v1", json={"text": text}).respond_with_json(
            {"toxicity": toxicity}
        )

    signals = await configured.assess([content("bom dia"), content("vilão")])

    assert [each.scores for each in signals] == [
        {Category.HARASSMENT: 0.1},
        {Category.HARASSMENT: 0.9},
    ]


@pytest.mark.parametrize("answer", ["", "[]", "{}", '{"toxicity": null}', '{"toxicity": "very"}'])
async def test_documented_provider_refuses_invalid_answers(httpserver, configured, answer):
    httpserver.expect_request("/v1").respond_with_data(answer, content_type="application/json")

    with pytest.raises(ProviderUnavailable):
        await configured.assess([content("bom dia")])


def test_documented_rules_are_accepted():
    (options,) = (json.loads(each) for each in blocks("json") if each.startswith('{"rules"'))
    entry = {"BACKEND": "moderado.moderation.providers.blocklist.BlocklistProvider"}

    (configured,), mistakes = registry.build([entry | {"OPTIONS": options}])

    assert mistakes == []
    found = verdict_of(configured.provider, "Compre SEGUIDORES e ganhe muito por dia")
    assert found.outcome is Outcome.HOLD
    assert found.categories == {Category.SPAM: 0.6}


def documented_entries():
    """Return the configured providers of the page; a block may be a list or one of them."""
    found = [json.loads(block) for block in blocks("json") if "BACKEND" in block]
    entries = [
        entry for block in found for entry in (block if isinstance(block, list) else [block])
    ]
    return [entry for entry in entries if entry["BACKEND"].startswith("moderado.")]


def test_documented_configuration_is_accepted(settings):
    secrets = {"openai": "sk-1", "azure": "key", "webhook": f"whsec_{'A' * 32}"}
    settings.PROVIDER_SECRETS = {name: SecretStr(value) for name, value in secrets.items()}
    options = next(json.loads(block) for block in blocks("json") if '"rules"' in block)
    of_tables = {  # options that the page has in tables
        "blocklist.BlocklistProvider": options | {"name": "own"},
        "azure.AzureProvider": {"endpoint": "https://own.cognitiveservices.azure.com"},
        "webhook.WebhookProvider": {"url": "https://own.example/", "networks": ["10.0.0.0/8"]},
        "static.StaticProvider": {"outcome": "HOLD"},
    }
    entries = documented_entries() + [
        {"BACKEND": f"moderado.moderation.providers.{path}", "OPTIONS": given}
        for path, given in of_tables.items()
    ]

    built, wrong = registry.build(entries)

    assert wrong == []
    names = ["blocklist", "openai", "safeguard", "own", "azure", "webhook", "static"]
    assert [each.name for each in built] == names
