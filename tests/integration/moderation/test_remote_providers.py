"""One contract for all remote providers, against real HTTP."""

import asyncio
import json
import math
import socket

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook
from werkzeug import Response

from moderado.moderation.errors import Abstained, ProviderUnavailable
from moderado.moderation.providers import calls
from moderado.moderation.providers.answers import validate_answers
from moderado.moderation.providers.azure import AzureProvider
from moderado.moderation.providers.base import ConfiguredProvider
from moderado.moderation.providers.openai import OpenAIProvider
from moderado.moderation.providers.openai_compatible import OpenAICompatibleProvider
from moderado.moderation.providers.pacing import Pace, duration
from moderado.moderation.providers.webhook import WebhookProvider
from moderado.moderation.types import Category, Fault, Outcome
from tests.integration.moderation.services import (
    BAD,
    SECRETS,
    SERVICES,
    completion,
    content,
    openai_moderations,
    scored,
    serve,
)

CHAT = ("safeguard", "json", "qwen3guard", "llamaguard")


@pytest.fixture(autouse=True)
def _secrets(settings):
    settings.PROVIDER_SECRETS = SECRETS


@pytest.fixture(params=SERVICES)
def service(request):
    return SERVICES[request.param]


@pytest.fixture
def provider(service, httpserver):
    return service.make(httpserver.url_for("").rstrip("/"))


def chat(httpserver, dialect):
    return SERVICES[dialect].make(httpserver.url_for("").rstrip("/"))


async def failure(provider, text="bom dia"):
    """Return the failure as the caller of providers sees it."""
    answer = await calls.assess_remotely(
        ConfiguredProvider(provider=provider, timeout=5), provider, content(text)
    )
    await provider._caller.close()
    return answer


async def assess(provider, *texts):
    try:
        return await provider.assess([content(text) for text in texts])
    finally:
        await provider._caller.close()


async def test_signals_are_valid_and_in_order(service, provider, httpserver):
    serve(httpserver, service)
    texts = [content("bom dia"), content(f"seu {BAD}"), content("boa noite")]

    signals = await provider.assess(texts)
    await provider._caller.close()

    assert validate_answers(provider.name, signals, texts) == signals
    severe = [each.scores.get(service.finds, 0.0) > 0.5 for each in signals]
    assert severe == [False, True, False]
    assert all(set(each.scores) <= set(Category) for each in signals)
    assert signals[0].recommendation in (None, Outcome.ALLOW)


@pytest.mark.proves("R40")
@pytest.mark.parametrize(
    ("status", "headers", "fault"),
    [
        (429, {"Retry-After": "3"}, Fault.BUSY),
        (429, {}, Fault.BUSY),
        (401, {}, Fault.EXHAUSTED),
        (403, {}, Fault.EXHAUSTED),
        (400, {}, Fault.NO_OPINION),
        (500, {}, Fault.UNKNOWN),
        (503, {}, Fault.UNKNOWN),
        (302, {"Location": "http://127.0.0.1:1/"}, Fault.UNKNOWN),
    ],
)
async def test_status_says_what_is_known_of_the_call(
    service, provider, httpserver, status, headers, fault
):
    httpserver.expect_request(service.path).respond_with_data("{}", status, headers)

    found = await failure(provider)

    assert found.fault is fault
    if "Retry-After" in headers:
        assert found.retry_after == 3


async def test_spent_quota_is_not_retried(service, provider, httpserver):
    error = {"error": {"code": "insufficient_quota", "message": "You exceeded your quota"}}
    httpserver.expect_request(service.path).respond_with_json(error, 429)

    assert (await failure(provider)).fault is Fault.EXHAUSTED


async def test_refused_connection_was_not_carried_out(service):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert (await failure(service.make(f"http://127.0.0.1:{port}"))).fault is Fault.NOT_DONE


MALFORMED = [
    b"", b"null", b"[]", b"{}", b'"safe"', b"true", b"{", b"\xff\xfe", b"<html>no</html>",
    b'{"results": []}', b'{"results": {}}', b'{"results": [null]}', b'{"choices": []}',
    b'{"choices": [{}]}', b'{"categoriesAnalysis": []}', b'{"categoriesAnalysis": [{}]}',
    b'{"approved": true}', b'{"approved": "false"}', b'{"scores": {"hate": "0.1"}}',
    b'{"scores": {"hate": NaN}}', b'{"scores": {"hate": 2}}', b'{"scores": {"nothing": 0.1}}',
    b'{"scores": {"hate": true}}', b'{"scores": [0.1]}', b'{"recommendation": "APPROVE"}',
    b'{"recommendation": true}', b'{"scores": {"hate": 0.9, "hate": 0.1}}', b"[" * 100_000,
]  # fmt: skip


@pytest.mark.proves("S29")
@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
async def test_malformed_answer_is_no_opinion(service, provider, httpserver, body):
    httpserver.expect_request(service.path).respond_with_data(body, content_type="application/json")

    assert (await failure(provider)).fault is Fault.NO_OPINION


async def test_answer_is_limited_in_size(service, provider, httpserver):
    httpserver.expect_request(service.path).respond_with_data(b" " * 300_000)

    assert (await failure(provider)).fault is Fault.NO_OPINION


REFUSALS = [
    {"message": {"role": "assistant", "content": None}},
    {"message": {"role": "assistant", "content": ""}},
    {"message": {"role": "assistant", "content": "  \n"}},
    {"message": {"role": "assistant", "content": "I cannot help with that."}},
    {"message": {"role": "assistant", "content": None, "refusal": "I cannot"}},
    {"message": {"role": "assistant", "content": "safe", "refusal": "I cannot"}},
    {"message": None},
    {"finish_reason": "content_filter"},
    {"finish_reason": "length"},
    {"finish_reason": "SAFETY"},
    {"finish_reason": "RECITATION"},
    {"finish_reason": None},
    {"message": {"role": "assistant", "content": "safe", "tool_calls": [{"id": "1"}]}},
]


@pytest.mark.proves("S29")
@pytest.mark.parametrize("choice", REFUSALS, ids=range(len(REFUSALS)))
@pytest.mark.parametrize("dialect", CHAT)
async def test_refusal_of_a_model_is_no_opinion(httpserver, dialect, choice):
    answers = {"qwen3guard": "Safety: Safe\nCategories: None", "llamaguard": "safe"}

    def answer(request):
        text = answers.get(dialect) or scored(request.get_json()["messages"], 0.0)
        return Response(json.dumps(completion(text, **choice)), content_type="application/json")

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(answer)

    assert (await failure(chat(httpserver, dialect))).fault is Fault.NO_OPINION


ODD = {
    "qwen3guard": [
        "Safety: Safe", "Safety: safe\nCategories: None", "Safety: Safe\nCategories: Violent",
        "Safety: Unsafe\nCategories: None", "Safety: Unsafe\nCategories: Rude",
        "Safety: Safe\nCategories: None\nSafety: Unsafe\nCategories: Violent", "Safe",
    ],
    "llamaguard": [
        "Safe.", "SAFE", "safe\nunsafe", "unsafe", "unsafe\n", "unsafe\nS99", "unsafe\nS1;S2",
        "The message is safe", "safe\nS1",
    ],
    "safeguard": ['{"id": "x", "scores": {}}', "0", '{"scores": {"hate": 0}}', "safe"],
}  # fmt: skip


@pytest.mark.proves("S29")
@pytest.mark.parametrize(("dialect", "text"), [(name, text) for name in ODD for text in ODD[name]])
async def test_answer_in_another_format_is_no_opinion(httpserver, dialect, text):
    httpserver.expect_request("/v1/chat/completions").respond_with_json(completion(text))

    assert (await failure(chat(httpserver, dialect))).fault is Fault.NO_OPINION


async def test_qwen_controversial_holds(httpserver):
    text = "Safety: Controversial\nCategories: Suicide & Self-Harm"
    httpserver.expect_request("/v1/chat/completions").respond_with_json(completion(text))

    (signal,) = await assess(chat(httpserver, "qwen3guard"), "oi")

    assert (signal.recommendation, set(signal.scores)) == (Outcome.HOLD, {Category.SELF_HARM})


async def test_politics_is_no_reason_of_qwen(httpserver):
    text = "Safety: Unsafe\nCategories: Politically Sensitive Topics"
    httpserver.expect_request("/v1/chat/completions").respond_with_json(completion(text))

    (signal,) = await assess(chat(httpserver, "qwen3guard"), "oi")

    assert (signal.recommendation, signal.scores) == (Outcome.ALLOW, {})


PERSONAL = [
    "ana.silva@example.org", "529.982.247-25", "52998224725", "11.222.333/0001-81",
    "12.ABC.345/01DE-35", "(11) 91234-5678", "+55 11 91234-5678", "01310-100",
    "4111 1111 1111 1111", "123e4567-e89b-42d3-a456-426614174000",
]  # fmt: skip


@pytest.mark.proves("S28")
async def test_personal_data_never_leaves(service, provider, httpserver):
    serve(httpserver, service)

    await assess(provider, *(f"o dado é {each}, ok?" for each in PERSONAL))

    sent = "".join(request.get_data(as_text=True) for request, _ in httpserver.log)
    assert not [each for each in PERSONAL if each in sent]
    assert "_1]" in sent


@pytest.mark.proves("S28")
async def test_no_id_of_an_account_leaves(service, provider, httpserver):
    serve(httpserver, service)
    author = content("x").subject_id

    await provider.assess([content("bom dia").__class__(
        subject_type="message", subject_id=content("x").subject_id, revision=1, text="bom dia",
        author_id=author, scope_id=author,
    )])  # fmt: skip
    await provider._caller.close()

    assert str(author) not in "".join(
        request.get_data(as_text=True) for request, _ in httpserver.log
    )


async def test_texts_that_wait_share_a_request(httpserver):
    asked = serve(httpserver, SERVICES["openai"])
    provider = SERVICES["openai"].make(httpserver.url_for("").rstrip("/"))

    answers = await asyncio.gather(
        *(provider.assess([content(f"texto {number}")]) for number in range(40))
    )
    await provider._caller.close()

    assert [len(body["input"]) for body in asked] == [32, 8]
    assert len(answers) == 40


async def test_text_that_is_not_taken_costs_the_others_nothing(httpserver):
    def answer(request):
        texts = request.get_json()["input"]
        if any("ruim" in text for text in texts):
            return Response("{}", status=400)
        return Response(json.dumps(openai_moderations(texts)), content_type="application/json")

    httpserver.expect_request("/v1/moderations").respond_with_handler(answer)
    provider = SERVICES["openai"].make(httpserver.url_for("").rstrip("/"))

    found = await asyncio.gather(
        *(provider.assess([content(text)]) for text in ("a", "ruim", "b")), return_exceptions=True
    )
    await provider._caller.close()

    assert isinstance(found[1], ProviderUnavailable)
    assert [len(each) for each in (found[0], found[2])] == [1, 1]


async def test_paid_batch_without_an_answer_is_not_repeated(httpserver):
    httpserver.expect_request("/v1/moderations").respond_with_data("{}")
    provider = SERVICES["openai"].make(httpserver.url_for("").rstrip("/"))

    found = await asyncio.gather(
        *(provider.assess([content(text)]) for text in "abc"), return_exceptions=True
    )
    await provider._caller.close()

    assert all(isinstance(each, ProviderUnavailable) and each.refused for each in found)
    assert len(httpserver.log) == 1


async def test_announced_limits_pace_the_next_request(httpserver):
    headers = {
        "x-ratelimit-limit-requests": "250",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1m30s",
    }
    httpserver.expect_request("/v1/moderations").respond_with_json(
        openai_moderations(["a"]), headers=headers
    )
    provider = SERVICES["openai"].make(httpserver.url_for("").rstrip("/"))
    await provider.assess([content("a")])

    with pytest.raises(ProviderUnavailable) as paced:
        await provider.assess([content("b")])
    await provider._caller.close()

    assert 80 < paced.value.retry_after <= 90
    assert len(httpserver.log) == 1


async def test_pace_is_shared_and_counts_requests_and_tokens():
    name = str(content("x").subject_id)
    first, second = (Pace(name, requests=3, tokens=1_000) for _ in range(2))
    await first.take(300)
    await second.take(300)

    with pytest.raises(ProviderUnavailable) as tokens:
        await first.take(2_700)
    await second.take(30)
    with pytest.raises(ProviderUnavailable) as requests:
        await first.take(30)

    assert tokens.value.retry_after > 0
    assert requests.value.retry_after > 0


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("1s", 1), ("6m0s", 360), ("120ms", 0.12), ("1h2m3.5s", 3600), ("", 1), ("soon", 1)],
)
def test_durations_of_rate_limits(written, seconds):
    assert math.isclose(duration(written), seconds)


async def test_long_texts_are_sent_to_azure_in_parts(httpserver):
    asked = serve(httpserver, SERVICES["azure"])

    (signal,) = await assess(
        SERVICES["azure"].make(httpserver.url_for("").rstrip("/")), "a" * 10_000 + f" {BAD}"
    )

    assert [len(body["text"]) for body in asked] in ([10_000, 6], [6, 10_000])
    assert signal.scores[Category.HATE] == 1
    assert math.isclose(signal.cost, 11 * 0.00075)


async def test_webhook_is_signed_and_repeats_its_id(httpserver, settings):
    settings.PROVIDER_SECRETS = {**SECRETS, "next": SecretStr("whsec_" + "QUJD" * 8)}
    serve(httpserver, SERVICES["webhook"])
    provider = WebhookProvider(
        url=httpserver.url_for("/hook"), next_secret="next", networks=["127.0.0.0/8"]
    )

    await assess(provider, "bom dia")

    ((request, _),) = httpserver.log
    for name in ("webhook", "next"):
        secret = settings.PROVIDER_SECRETS[name].get_secret_value()
        body = Webhook(secret).verify(request.get_data(), dict(request.headers))
        assert body["data"]["text"] == "bom dia"


async def test_webhook_without_an_opinion_abstains(httpserver):
    httpserver.expect_request("/hook").respond_with_data(b"", 204)
    provider = SERVICES["webhook"].make(httpserver.url_for("").rstrip("/"))

    with pytest.raises(Abstained):
        await provider.assess([content("bom dia")])

    assert (await failure(provider)).fault is Fault.ABSTAINED


@pytest.mark.parametrize(
    "make",
    [
        lambda: OpenAIProvider(model="omni-moderation-latest"),
        lambda: OpenAIProvider(secret="missing"),
        lambda: AzureProvider(endpoint="https://x.example", secret="missing"),
        lambda: OpenAICompatibleProvider(url="http://x/v1", model="m", dialect="klingon"),
        lambda: OpenAICompatibleProvider(url="http://x/v1", model="m-latest", dialect="json"),
        lambda: WebhookProvider(url="http://example.org/"),
        lambda: WebhookProvider(url="https://user:pass@example.org/"),
        lambda: WebhookProvider(url="ftp://example.org/"),
        lambda: WebhookProvider(url="https://example.org/", networks=["local"]),
    ],
)
def test_invalid_options_are_refused(make):
    with pytest.raises(ValueError):  # noqa: PT011  (every message is for the operator)
        make()
