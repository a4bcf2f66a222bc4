"""OpenAI's moderation endpoint, free of charge: `POST /v1/moderations`.

The model is pinned to a snapshot, since an alias changes what it means under the policy's
thresholds. Texts that wait at the same time share a request.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.outbound.answers import Unreadable, scores
from moderado.moderation.outbound.masking import masked
from moderado.moderation.outbound.thresholds import CAUTIOUS
from moderado.moderation.providers.batching import Batcher
from moderado.moderation.providers.http import Answer, Caller, check
from moderado.moderation.providers.pacing import Pace
from moderado.moderation.secrets import secret_of
from moderado.moderation.types import Category, Content, Signal

SNAPSHOT = "omni-moderation-2024-09-26"
MAX_TEXTS = 32
MAX_CHARACTERS = 24_000  # some 8,000 tokens: below the minute's 10,000 of a free account
CATEGORIES: Mapping[str, Category] = {
    "harassment": Category.HARASSMENT,
    "harassment/threatening": Category.THREAT,
    "hate": Category.HATE,
    "hate/threatening": Category.HATE,
    "illicit": Category.ILLICIT,
    "illicit/violent": Category.ILLICIT,
    "self-harm": Category.SELF_HARM,
    "self-harm/instructions": Category.SELF_HARM,
    "self-harm/intent": Category.SELF_HARM,
    "sexual": Category.SEXUAL,
    "sexual/minors": Category.CHILD_SAFETY,
    "violence": Category.VIOLENCE,
    "violence/graphic": Category.VIOLENCE,
}


class OpenAIProvider:
    """Ask OpenAI's moderation endpoint.

    Args:
        name: In the log and in policies.
        secret: The name of the key in `PROVIDER_SECRETS`.
        url: The base of the API.
        model: A snapshot; an alias is refused.
        requests_per_minute: Until the service announces its limit; 250 for a free account.
        tokens_per_minute: Likewise, 10,000.

    Raises:
        ValueError: The model is an alias, or there is no such secret.
    """

    remote: ClassVar[Literal[True]] = True
    default_thresholds = CAUTIOUS

    def __init__(
        self,
        *,
        name: str = "openai",
        secret: str = "openai",  # noqa: S107  (a name)
        url: str = "https://api.openai.com/v1",
        model: str = SNAPSHOT,
        requests_per_minute: int = 250,
        tokens_per_minute: int = 10_000,
    ) -> None:
        if model.endswith("latest"):
            raise ValueError(f"{model} is an alias: name a snapshot, such as {SNAPSHOT}")
        self.name, self.version = name, model
        self._url = f"{url.rstrip('/')}/moderations"
        self._headers = {"Authorization": f"Bearer {secret_of(secret)}"}
        self._caller = Caller()
        self._pace = Pace(name, requests=requests_per_minute, tokens=tokens_per_minute)
        self._batcher: Batcher[Signal] = Batcher(
            self._ask, size=MAX_TEXTS, characters=MAX_CHARACTERS
        )

    async def assess(self, contents: Sequence[Content]) -> list[Signal]:
        asked = (self._batcher.result(masked(content.text)) for content in contents)
        return await asyncio.gather(*asked)

    async def _ask(self, texts: Sequence[str]) -> list[Signal]:
        await self._pace.take(sum(map(len, texts)))
        body = {"model": self.version, "input": list(texts)}
        answer = await self._caller.post(self._url, headers=self._headers, json=body)
        self._pace.learn(answer.headers)
        try:
            return self._signals(check(answer), len(texts))
        except Unreadable as error:
            raise ProviderUnavailable("malformed_answer", refused=True) from error

    def _signals(self, answer: Answer, expected: int) -> list[Signal]:
        found = answer.json()
        results, model = found.get("results"), found.get("model")
        if not isinstance(results, list) or len(results) != expected or not isinstance(model, str):
            raise Unreadable("not one result for each text")
        return [
            Signal(
                provider=self.name,
                model=model,
                scores=_scores(result),
                raw={"flagged": result["flagged"]},
            )
            for result in results
        ]


def _scores(result: Any) -> dict[Category, float]:
    if not isinstance(result, dict) or not isinstance(result.get("flagged"), bool):
        raise Unreadable("a result is not as agreed")
    categories = result.get("categories")
    if not isinstance(categories, dict) or not all(
        isinstance(each, bool) for each in categories.values()
    ):
        raise Unreadable("a category is no boolean")
    return scores(result.get("category_scores"), CATEGORIES)
