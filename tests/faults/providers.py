"""Providers of the processes under test: one asks the provider stub of this package."""

import json
import os
import signal
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from httpx import codes

from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.providers.http import Answer, Caller
from moderado.moderation.types import Category, Content, Outcome, Signal
from tests.faults.words import LISTED

_BAD = {Outcome.BLOCK, Outcome.HOLD, Outcome.FLAG}


class Remote:
    """Asks over HTTP, one request for each content. `idempotent`: send idempotency keys."""

    name = "remote"
    remote: ClassVar[Literal[True]] = True

    def __init__(self, *, url: str, idempotent: bool = False) -> None:
        self._url = url
        self.idempotent = idempotent
        self._caller = Caller()

    async def assess(self, contents: Sequence[Content]) -> list[Signal]:
        return [await self._ask(content) for content in contents]

    async def _ask(self, content: Content) -> Signal:
        question = {
            "id": str(content.subject_id),
            "revision": content.revision,
            "text": content.text,
        }
        key = content.context.get("idempotency_key") if self.idempotent else None
        headers = {"Idempotency-Key": str(key)} if key else {}
        return self._opinion(await self._caller.post(self._url, headers=headers, json=question))

    def _opinion(self, answer: Answer) -> Signal:
        if answer.status == codes.TOO_MANY_REQUESTS:
            if b"quota" in answer.body:
                raise ProviderUnavailable("quota", exhausted=True)
            after = answer.headers.get("retry-after")
            raise ProviderUnavailable(
                "busy", not_done=True, retry_after=float(after) if after else None
            )
        if not codes.is_success(answer.status):
            raise ProviderUnavailable(f"status {answer.status}")
        try:
            said: dict[str, Any] = json.loads(answer.body)
            outcome = Outcome(said["outcome"])
        except (ValueError, TypeError, KeyError) as error:
            raise ProviderUnavailable("malformed_answer", refused=True) from error
        return Signal(
            provider=self.name,
            recommendation=outcome,
            model=str(said.get("model", "")),
            scores={Category.HARASSMENT: 0.9} if outcome in _BAD else {},
            cost=float(said.get("cost", 0)),
            raw=said,
        )


class Listed:
    """A local provider that finds some words, of which the remote one says the same."""

    name = "listed"
    remote: ClassVar[Literal[False]] = False

    def assess(self, contents: Sequence[Content]) -> list[Signal]:
        return [self._opinion(content.text.split()) for content in contents]

    def _opinion(self, words: Sequence[str]) -> Signal:
        found = [outcome for word, outcome in LISTED.items() if word in words]
        if not found:
            return Signal(provider=self.name, recommendation=Outcome.ALLOW)
        scores = {Category.HARASSMENT: 0.9}
        return Signal(provider=self.name, recommendation=Outcome(found[0]), scores=scores)


class Deadly:
    """A local provider that kills its process when a text says POISON, like a faulty library.

    It allows every other text.
    """

    name = "deadly"
    remote: ClassVar[Literal[False]] = False

    def assess(self, contents: Sequence[Content]) -> list[Signal]:
        if any("POISON" in content.text for content in contents):
            os.kill(os.getpid(), signal.SIGKILL)
        return [Signal(provider=self.name, recommendation=Outcome.ALLOW) for _ in contents]
