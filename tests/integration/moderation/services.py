"""Stubs of the services that remote providers ask, and the providers that ask them.

`test_provider_sdks` runs the vendors' own clients against the same stubs.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from moderado.moderation.compiled import CompiledPolicy, Threshold
from moderado.moderation.providers.azure import AzureProvider
from moderado.moderation.providers.openai import CATEGORIES, SNAPSHOT, OpenAIProvider
from moderado.moderation.providers.openai_compatible import OpenAICompatibleProvider
from moderado.moderation.providers.webhook import WebhookProvider
from moderado.moderation.types import Category, Content

BAD = "vilão"  # what the stubs find severe
SECRETS = {
    "openai": SecretStr("sk-test"),
    "azure": SecretStr("azure-test"),
    "webhook": SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
}


def content(text: str) -> Content:
    return Content(subject_type="message", subject_id=uuid4(), revision=1, text=text)


def policy_of(provider: Any) -> CompiledPolicy:
    """Return a policy with the thresholds that the provider proposes."""
    rows = {name: Threshold(**row) for name, row in provider.default_thresholds.items()}
    any_row = rows.pop("any")
    return CompiledPolicy(
        thresholds={Category(name): row for name, row in rows.items()}, any_threshold=any_row
    )


def openai_moderations(texts: list[str], model: str = SNAPSHOT) -> dict[str, Any]:
    """Return what OpenAI answers."""
    return {
        "id": "modr-1",
        "model": model,
        "results": [
            {
                "flagged": BAD in text,
                "categories": {name: BAD in text and name == "hate" for name in CATEGORIES},
                "category_scores": {
                    name: 0.97 if BAD in text and name == "hate" else 0.01 for name in CATEGORIES
                },
                "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
            }
            for text in texts
        ],
    }


def azure_analysis(text: str) -> dict[str, Any]:
    return {
        "blocklistsMatch": [],
        "categoriesAnalysis": [
            {"category": name, "severity": 7 if BAD in text and name == "Hate" else 0}
            for name in ("Hate", "SelfHarm", "Sexual", "Violence")
        ],
    }


def completion(text: str, **choice: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1795424700,
        "model": "guard-1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "finish_reason": "stop",
                **choice,
            }
        ],
        "usage": {"prompt_tokens": 600, "completion_tokens": 20, "total_tokens": 620},
    }


def fence_id(messages: list[dict[str, str]]) -> str:
    return messages[-1]["content"].partition("⟦")[2].partition("⟧")[0]


def scored(messages: list[dict[str, str]], value: float) -> str:
    """Return an answer as instructed models give it."""
    scores = {each.value: value if each is Category.HATE else 0.01 for each in Category}
    return json.dumps({"id": fence_id(messages), "scores": scores})


def _openai(body: dict[str, Any]) -> dict[str, Any]:
    return openai_moderations(body["input"], body["model"])


def _mistral(body: dict[str, Any]) -> dict[str, Any]:
    (text,) = body["input"]
    scores = {"hate_and_discrimination": 0.97 if BAD in text else 0.01, "sexual": 0.0, "law": 0.3}
    return {
        "id": "1",
        "model": body["model"],
        "results": [{"categories": dict.fromkeys(scores, False), "category_scores": scores}],
    }


def _instructed(body: dict[str, Any]) -> dict[str, Any]:
    messages = body["messages"]
    return completion(scored(messages, 0.97 if BAD in messages[-1]["content"] else 0.01))


def _qwen(body: dict[str, Any]) -> dict[str, Any]:
    is_bad = BAD in body["messages"][-1]["content"]
    return completion(
        "Safety: Unsafe\nCategories: Violent" if is_bad else "Safety: Safe\nCategories: None"
    )


def _llama(body: dict[str, Any]) -> dict[str, Any]:
    return completion("unsafe\nS1,S10" if BAD in body["messages"][-1]["content"] else "\n\nsafe")


def _webhook(body: dict[str, Any]) -> dict[str, Any]:
    return {"scores": {"hate": 0.97 if BAD in body["data"]["text"] else 0.01}, "model": "own-1"}


@dataclass(frozen=True)
class Service:
    """A kind of provider: where it asks, what the service answers, and how it is made."""

    path: str
    answer: Callable[[dict[str, Any]], dict[str, Any]]
    make: Callable[[str], Any]
    finds: Category = Category.HATE


def _chat(dialect: str) -> Callable[[str], OpenAICompatibleProvider]:
    return lambda url: OpenAICompatibleProvider(
        url=f"{url}/v1", model="guard-1", dialect=dialect, name=dialect, price=0.2
    )


SERVICES = {
    "openai": Service(
        "/v1/moderations",
        _openai,
        lambda url: OpenAIProvider(url=f"{url}/v1", name=f"openai-{uuid4().hex[:8]}"),
    ),
    "azure": Service(
        "/contentsafety/text:analyze",
        lambda body: azure_analysis(body["text"]),
        lambda url: AzureProvider(endpoint=url),
    ),
    "safeguard": Service("/v1/chat/completions", _instructed, _chat("safeguard")),
    "json": Service("/v1/chat/completions", _instructed, _chat("json")),
    "qwen3guard": Service(
        "/v1/chat/completions", _qwen, _chat("qwen3guard"), finds=Category.VIOLENCE
    ),
    "llamaguard": Service("/v1/chat/completions", _llama, _chat("llamaguard")),
    "moderations": Service("/v1/moderations", _mistral, _chat("moderations")),
    "webhook": Service(
        "/hook",
        _webhook,
        lambda url: WebhookProvider(url=f"{url}/hook", networks=["127.0.0.0/8"]),
    ),
}


def serve(server: HTTPServer, service: Service) -> list[dict[str, Any]]:
    """Answer as the service does; return the bodies that arrive."""
    asked: list[dict[str, Any]] = []

    def answer(request: Request) -> Response:
        asked.append(request.get_json(force=True))
        written = json.dumps(service.answer(asked[-1]))
        return Response(written, content_type="application/json")

    server.expect_request(service.path, method="POST").respond_with_handler(answer)
    return asked
