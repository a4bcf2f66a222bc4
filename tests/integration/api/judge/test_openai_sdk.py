"""The unchanged OpenAI SDK, with another base URL, against the real web process."""

import pytest

from moderado.accounts.services.api_keys import create_api_key

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]


@pytest.fixture
def openai():
    """Return the SDK. Only who runs these tests imports it: that takes as long as Django."""
    import openai  # noqa: PLC0415

    return openai


@pytest.fixture
def sdk(openai, live_server_url):
    """Return an SDK client with a key."""
    made = create_api_key(name="forum", scopes=["judge"], actor_id=None)
    with openai.OpenAI(api_key=made.key, base_url=f"{live_server_url}/v1", max_retries=0) as client:
        yield client


def test_sdk_reads_single_and_batched_results(sdk):
    one = sdk.moderations.create(model="omni-moderation-latest", input="bom dia, gente")
    many = sdk.moderations.create(input=["bom dia", "vai se foder, seu viado de merda"])

    assert one.results[0].flagged is False
    assert one.results[0].category_scores.harassment_threatening == 0
    assert one.results[0].category_applied_input_types.self_harm == ["text"]
    assert [each.flagged for each in many.results] == [False, True]
    assert many.results[1].categories.hate is True
    assert many.results[1].moderado["matches"]
    assert many.id == many._request_id


def test_sdk_reads_parts(sdk):
    answer = sdk.moderations.create(
        model="moderado", input=[{"type": "text", "text": "vai se foder, seu viado de merda"}]
    )

    assert answer.results[0].flagged is True


async def test_asynchronous_sdk_reads_results(openai, live_server_url, sdk):
    async with openai.AsyncOpenAI(
        api_key=sdk.api_key, base_url=f"{live_server_url}/v1", max_retries=0
    ) as client:
        answer = await client.moderations.create(input="bom dia")

    assert answer.results[0].flagged is False


def test_sdk_raises_its_own_errors(openai, sdk):
    with pytest.raises(openai.NotFoundError) as missing:
        sdk.moderations.create(model="moderado:nothing", input="oi")
    with pytest.raises(openai.BadRequestError) as bad:
        sdk.moderations.create(input=[])
    with pytest.raises(openai.AuthenticationError) as unknown:
        sdk.with_options(api_key="mk_unknown").moderations.create(input="oi")
    with pytest.raises(openai.APIStatusError) as large:
        sdk.moderations.create(input="x" * 700_000)

    assert missing.value.code == "model_not_found"
    assert (bad.value.code, bad.value.param) == ("invalid", "input")
    assert unknown.value.code == "invalid_api_key"
    assert (large.value.status_code, large.value.code) == (413, "too_large")
