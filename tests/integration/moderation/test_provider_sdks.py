"""The stubs of the services answer as the vendors' own clients expect."""

import pytest
from azure.ai.contentsafety import ContentSafetyClient
from azure.ai.contentsafety.models import AnalyzeTextOptions, TextCategory
from azure.core.credentials import AzureKeyCredential

from moderado.moderation.providers.azure import API_VERSION
from moderado.moderation.providers.openai import SNAPSHOT
from tests.integration.moderation.services import BAD, SECRETS, SERVICES, content, serve


@pytest.fixture(autouse=True)
def _secrets(settings):
    settings.PROVIDER_SECRETS = SECRETS


@pytest.fixture
def url(httpserver):
    return httpserver.url_for("").rstrip("/")


@pytest.fixture
def sdk(url):
    # Only who runs these tests imports the SDK: that takes as long as Django.
    import openai  # noqa: PLC0415

    with openai.OpenAI(api_key="sk-test", base_url=f"{url}/v1", max_retries=0) as client:
        yield client


async def sent_by(provider, httpserver):
    """Return the last request of a provider: address, content type and body."""
    await provider.assess([content("bom dia")])
    await provider._caller.close()
    request = httpserver.log[-1][0]
    return request.full_path, request.content_type, request.get_json()


async def test_openai_client_reads_the_stub_and_sends_what_the_provider_sends(sdk, url, httpserver):
    serve(httpserver, SERVICES["openai"])

    read = sdk.moderations.create(model=SNAPSHOT, input=["bom dia"])
    request = httpserver.log[-1][0]
    theirs = (request.full_path, request.content_type, request.get_json())
    flagged = sdk.moderations.create(model=SNAPSHOT, input=[BAD]).results[0]

    assert read.model == SNAPSHOT
    assert (flagged.flagged, flagged.categories.hate) == (True, True)
    assert flagged.category_scores.sexual_minors == 0.01
    for scores in (read.results[0].category_scores, flagged.category_scores):
        assert scores.model_fields_set == set(type(scores).model_fields)
    assert await sent_by(SERVICES["openai"].make(url), httpserver) == theirs


async def test_openai_client_reads_completions_and_sends_what_the_provider_sends(
    sdk, url, httpserver
):
    serve(httpserver, SERVICES["json"])
    _, _, body = await sent_by(SERVICES["json"].make(url), httpserver)

    read = sdk.chat.completions.create(**body)
    request = httpserver.log[-1][0]

    assert (read.choices[0].finish_reason, read.usage.total_tokens) == ("stop", 620)
    assert request.get_json() == body
    assert request.path == "/v1/chat/completions"


async def test_azure_client_reads_the_stub_and_sends_what_the_provider_sends(url, httpserver):
    serve(httpserver, SERVICES["azure"])
    key = AzureKeyCredential("azure-test")
    with ContentSafetyClient(url, key, api_version=API_VERSION, enforce_https=False) as client:
        options = AnalyzeTextOptions(
            text="bom dia",
            categories=list(TextCategory),
            output_type="EightSeverityLevels",
        )
        client.analyze_text(options)
        request = httpserver.log[-1][0]
        path, body = request.full_path, request.get_json()
        options.text = BAD
        found = {
            each.category: each.severity
            for each in client.analyze_text(options).categories_analysis
        }

    ours, _, sent = await sent_by(SERVICES["azure"].make(url), httpserver)
    assert found["Hate"] == 7
    assert ours == path
    assert {**sent, "categories": set(sent["categories"])} == {
        **body, "categories": set(body["categories"]),
    }  # fmt: skip
