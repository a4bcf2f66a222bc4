"""Providers whose recommendation follows the text: BLOCK, HOLD or FLAG."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from moderado.moderation.decide import CompiledPolicy, decide
from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.providers.base import Bound
from moderado.moderation.types import Category, Content, Outcome, Signal, Verdict


def _opinion(provider: str, content: Content) -> Signal:
    words = content.text.split()
    for outcome in (Outcome.BLOCK, Outcome.HOLD, Outcome.FLAG):
        if outcome.value in words:
            return Signal(
                provider=provider, recommendation=outcome, scores={Category.HARASSMENT: 0.9}
            )
    return Signal(provider=provider, recommendation=Outcome.ALLOW)


class Obedient:
    """A local provider. `asked` collects every text it received."""

    name = "obedient"
    remote = False
    asked: ClassVar[list[str]] = []

    def assess(self, contents: Sequence[Content]) -> list[Signal]:
        self.asked.extend(content.text for content in contents)
        return [_opinion(self.name, content) for content in contents]


class Remote:
    """The same as a remote provider, with faults chosen by the text.

    `FAIL` fails, `BUSY 3` is busy for 3 s, `SPENT` has no quota left, `ODD` returns no opinion, and
    `WAIT` answers when released.
    """

    name = "remote"
    remote = True
    asked: ClassVar[list[str]] = []
    waiting: ClassVar[list[Callable[[], object]]] = []

    async def assess(self, contents: Sequence[Content]) -> list[Signal]:
        self.asked.extend(content.text for content in contents)
        for content in contents:
            if "FAIL" in content.text:
                raise ProviderUnavailable
            if "BUSY" in content.text:
                seconds = content.text.partition("BUSY")[2].strip()
                raise ProviderUnavailable(retry_after=float(seconds or 0))
            if "SPENT" in content.text:
                raise ProviderUnavailable(exhausted=True)
            if "ODD" in content.text:
                raise ProviderUnavailable(refused=True)
            if "WAIT" in content.text:
                go = asyncio.Event()
                release = asyncio.get_running_loop().call_soon_threadsafe
                self.waiting.append(partial(release, go.set))
                await go.wait()
        return [_opinion(self.name, content) for content in contents]


class Priced(Remote):
    """A remote provider whose calls cost 0.25 at most, and 0.1 if they are answered."""

    name = "priced"

    def bound(self, content: Content) -> Bound:
        return Bound(tokens=len(content.text), cost=Decimal("0.25"))

    async def assess(self, contents: Sequence[Content]) -> list[Signal]:
        return [replace(each, cost=0.1) for each in await super().assess(contents)]


class Keyed(Remote):
    """A remote provider that takes idempotency keys. `keys` collects them."""

    name = "keyed"
    idempotent = True
    keys: ClassVar[list[str]] = []

    async def assess(self, contents: Sequence[Content]) -> list[Signal]:
        self.keys.extend(content.context["idempotency_key"] for content in contents)
        return await super().assess(contents)


def verdict_of(provider: Any, text: str) -> Verdict:
    """Return what a local provider's signal means, by the rules of its own lists."""
    content = Content(subject_type="message", subject_id=uuid.uuid4(), revision=1, text=text)
    rules = [getattr(provider, "effects", {})]
    return decide(provider.assess([content]), (), CompiledPolicy(rules=rules), content)
