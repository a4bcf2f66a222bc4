"""Models behind an API of OpenAI's shape: chat completions, or a moderation endpoint.

A dialect says how a model is asked and how its answer is read (`outbound.dialects`). One prompt is
about one text of one author.
"""

import asyncio
import copy
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Literal

from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.outbound.answers import Unreadable, scores
from moderado.moderation.outbound.dialects import (
    EXAMPLES,
    INSTRUCTED,
    Dialect,
    Opinion,
    Prompt,
    dialect,
)
from moderado.moderation.outbound.examples import Example, chosen
from moderado.moderation.outbound.masking import masked
from moderado.moderation.outbound.thresholds import CAUTIOUS
from moderado.moderation.providers.base import Bound, estimated_tokens
from moderado.moderation.providers.http import Answer, Caller, check
from moderado.moderation.providers.pacing import Pace
from moderado.moderation.secrets import secret_of
from moderado.moderation.types import Category, Content, Signal

MAX_TOKENS = 512  # of an answer
MODERATIONS = "moderations"
_MILLION = 1_000_000
# Mistral's moderation endpoint.
CATEGORIES: Mapping[str, Category] = {
    "sexual": Category.SEXUAL,
    "hate_and_discrimination": Category.HATE,
    "violence_and_threats": Category.THREAT,
    "dangerous_and_criminal_content": Category.ILLICIT,
    "dangerous": Category.ILLICIT,
    "criminal": Category.ILLICIT,
    "selfharm": Category.SELF_HARM,
    "pii": Category.PERSONAL_DATA,
}
_IGNORED = frozenset({"health", "financial", "law", "jailbreaking"})


class OpenAICompatibleProvider:
    """Ask a model, on your own machine or at a service.

    Args:
        url: The base of the API, such as `http://127.0.0.1:8080/v1`.
        model: Its name there; pin a version.
        dialect: `safeguard`, `qwen3guard`, `llamaguard`, `moderations` or `json`.
        name: In the log and in policies.
        secret: The name of the key in `PROVIDER_SECRETS`; None for a service without keys.
        price: US dollars for a million tokens of requests and answers, for log and budgets.
        requests_per_minute: 0: no limit until the service announces one.
        tokens_per_minute: Likewise.
        examples: `[text, category, score]` in place of the included few-shot examples. Those of
            a policy come before them.

    Raises:
        ValueError: The dialect is unknown, the model is an alias, or there is no such secret.
    """

    remote: ClassVar[Literal[True]] = True
    default_thresholds = CAUTIOUS

    def __init__(  # noqa: PLR0913  (the options of a configuration)
        self,
        *,
        url: str,
        model: str,
        dialect: str,
        name: str = "model",
        secret: str | None = None,
        price: float = 0.0,
        requests_per_minute: int = 0,
        tokens_per_minute: int = 0,
        examples: Sequence[Example] = EXAMPLES,
    ) -> None:
        if model.endswith("latest"):
            raise ValueError(f"{model} is an alias: name a version")
        self.name, self.version, self._price = name, f"{dialect}:{model}", price
        self._model, self._url = model, url.rstrip("/")
        self._name_of_dialect, self._examples = dialect, examples
        self.dialect = None if dialect == MODERATIONS else _dialect(dialect, examples)
        self._headers = {"Authorization": f"Bearer {secret_of(secret)}"} if secret else {}
        self._caller = Caller()
        self._pace = Pace(name, requests=requests_per_minute, tokens=tokens_per_minute)

    def with_examples(self, examples: Iterable[Example]) -> "OpenAICompatibleProvider":
        """Return this provider with a policy's own few-shot examples, masked and bounded.

        A model that follows no instructions gets none. Connections and pace are shared.
        """
        own = [*examples]
        if not own or self._name_of_dialect not in INSTRUCTED:
            return self
        made = copy.copy(self)
        made.dialect = _dialect(self._name_of_dialect, chosen(own, self._examples))
        return made

    async def assess(self, contents: Sequence[Content]) -> list[Signal]:
        return await asyncio.gather(*(self._signal(masked(each.text)) for each in contents))

    def bound(self, content: Content) -> Bound:
        """Return what a call takes at most: prompt and longest answer.

        A token has at least one byte, so the bytes bound the cost of the prompt.
        """
        written, answer = content.text, 0
        if self.dialect is not None:
            messages = self.dialect.prompt(content.text).messages
            written, answer = "".join(str(each["content"]) for each in messages), MAX_TOKENS
        most = len(written.encode()) + answer
        cost = Decimal(str(self._price)) * most / _MILLION
        return Bound(tokens=estimated_tokens(written) + answer, cost=cost)

    async def _signal(self, text: str) -> Signal:
        await self._pace.take(len(text))
        try:
            if self.dialect is None:
                return await self._moderated(text)
            return await self._asked(self.dialect, text)
        except Unreadable as error:
            raise ProviderUnavailable("malformed_answer", refused=True) from error

    async def _asked(self, dialect: Dialect, text: str) -> Signal:
        prompt = dialect.prompt(text)
        answer = await self._post("chat/completions", self._body(prompt))
        opinion = dialect.parse(completed(answer), prompt)
        return self._as_signal(opinion, answer)

    async def _moderated(self, text: str) -> Signal:
        answer = await self._post("moderations", {"model": self._model, "input": [text]})
        results = answer.json().get("results")
        if not isinstance(results, list) or len(results) != 1 or not isinstance(results[0], dict):
            raise Unreadable("not one result")
        found = results[0].get("category_scores")
        if not isinstance(found, dict) or not found:
            raise Unreadable("no scores")
        kept = {name: each for name, each in found.items() if name not in _IGNORED}
        return self._as_signal(Opinion(scores(kept, CATEGORIES, required=False)), answer)

    async def _post(self, path: str, body: Mapping[str, Any]) -> Answer:
        answer = await self._caller.post(
            f"{self._url}/{path}", headers=self._headers, json=dict(body)
        )
        self._pace.learn(answer.headers)
        return check(answer)

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": prompt.messages,
            "temperature": 0,
            "max_tokens": MAX_TOKENS,
            "stream": False,
        }
        if prompt.schema is not None:
            schema = {"name": "opinion", "strict": True, "schema": prompt.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _as_signal(self, opinion: Opinion, answer: Answer) -> Signal:
        found = answer.json()
        usage, model = found.get("usage"), found.get("model")
        tokens = usage.get("total_tokens") if isinstance(usage, dict) else 0
        tokens = tokens if type(tokens) is int and tokens > 0 else 0
        return Signal(
            provider=self.name,
            model=model if isinstance(model, str) else self._model,
            scores=opinion.scores,
            recommendation=opinion.recommendation,
            cost=tokens * self._price / _MILLION,
        )


def _dialect(name: str, examples: Sequence[Example]) -> Dialect:
    return dialect(name, examples=[(text, kind, float(value)) for text, kind, value in examples])


def completed(answer: Answer) -> str:
    """Return the text of a completion that ended by itself.

    Raises:
        Unreadable: It is a refusal, was filtered or cut off, or is no completion of one choice.
    """
    choices = answer.json().get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        raise Unreadable("not one choice")
    message = choices[0].get("message")
    if choices[0].get("finish_reason") != "stop" or not isinstance(message, dict):
        raise Unreadable("the answer did not end by itself")
    if message.get("refusal") or message.get("tool_calls"):
        raise Unreadable("a refusal")
    content = message.get("content")
    if not isinstance(content, str) or not content.strip():
        raise Unreadable("an empty answer")
    return content
