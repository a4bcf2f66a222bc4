"""Azure AI Content Safety: `text:analyze`, four categories with severities from 0 to 7."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Literal

from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.outbound.answers import Unreadable
from moderado.moderation.outbound.masking import masked
from moderado.moderation.outbound.thresholds import CAUTIOUS
from moderado.moderation.providers.base import Bound, estimated_tokens
from moderado.moderation.providers.http import Answer, Caller, check
from moderado.moderation.secrets import secret_of
from moderado.moderation.types import Category, Content, Signal

API_VERSION = "2024-09-01"  # the SDK's default ended in March 2025
MAX_CHARACTERS = 10_000  # of one request; a longer text is sent in parts
PRICE = 0.00075  # US dollars for each 1,000 characters, the list price of 2026
_RECORD = 1_000  # characters
_HIGHEST = 7
CATEGORIES: Mapping[str, Category] = {
    "Hate": Category.HATE,
    "SelfHarm": Category.SELF_HARM,
    "Sexual": Category.SEXUAL,
    "Violence": Category.VIOLENCE,
}


class AzureProvider:
    """Ask Azure AI Content Safety.

    Args:
        endpoint: Of the resource: `https://NAME.cognitiveservices.azure.com`.
        name: In the log and in policies.
        secret: The name of the key in `PROVIDER_SECRETS`.
        api_version: Of the interface.
        price: For each 1,000 characters, for the log and budgets.

    Raises:
        ValueError: There is no such secret.
    """

    remote: ClassVar[Literal[True]] = True
    default_thresholds = CAUTIOUS

    def __init__(
        self,
        *,
        endpoint: str,
        name: str = "azure",
        secret: str = "azure",  # noqa: S107  (a name)
        api_version: str = API_VERSION,
        price: float = PRICE,
    ) -> None:
        self.name, self.version, self._price = name, api_version, price
        path = "contentsafety/text:analyze"
        self._url = f"{endpoint.rstrip('/')}/{path}?api-version={api_version}"
        self._headers = {"Ocp-Apim-Subscription-Key": secret_of(secret)}
        self._caller = Caller()

    async def assess(self, contents: Sequence[Content]) -> list[Signal]:
        return await asyncio.gather(*(self._signal(masked(each.text)) for each in contents))

    def bound(self, content: Content) -> Bound:
        """Return what a call costs: the price is known before."""
        records = max(1, -(-len(content.text) // _RECORD)) + len(content.text) // MAX_CHARACTERS
        cost = Decimal(str(self._price)) * records
        return Bound(tokens=estimated_tokens(content.text), cost=cost)

    async def _signal(self, text: str) -> Signal:
        starts = range(0, max(1, len(text)), MAX_CHARACTERS)
        parts = [text[start : start + MAX_CHARACTERS] for start in starts]
        scores: dict[Category, float] = {}
        for found in await asyncio.gather(*map(self._analyze, parts)):
            for category, score in found.items():
                scores[category] = max(score, scores.get(category, 0.0))
        records = sum(max(1, -(-len(part) // _RECORD)) for part in parts)
        return Signal(
            provider=self.name, model=self.version, scores=scores, cost=records * self._price
        )

    async def _analyze(self, text: str) -> dict[Category, float]:
        body = {
            "text": text,
            "categories": list(CATEGORIES),
            "outputType": "EightSeverityLevels",
        }
        answer = await self._caller.post(self._url, headers=self._headers, json=body)
        try:
            return _scores(check(answer))
        except Unreadable as error:
            raise ProviderUnavailable("malformed_answer", refused=True) from error


def _scores(answer: Answer) -> dict[Category, float]:
    found = answer.json().get("categoriesAnalysis")
    if not isinstance(found, list):
        raise Unreadable("no analysis")
    scores: dict[Category, float] = {}
    for each in found:
        name, severity = _severity(each)
        if name not in CATEGORIES or CATEGORIES[name] in scores:
            raise Unreadable("an unknown or repeated category")
        scores[CATEGORIES[name]] = severity / _HIGHEST
    if len(scores) != len(CATEGORIES):
        raise Unreadable("a category is missing")
    return scores


def _severity(found: Any) -> tuple[str, int]:
    if not isinstance(found, dict):
        raise Unreadable("an analysis is not as agreed")
    name, severity = found.get("category"), found.get("severity")
    if not isinstance(name, str) or type(severity) is not int or not 0 <= severity <= _HIGHEST:
        raise Unreadable("a severity is not from 0 to 7")
    return name, severity
