"""The provider port. `docs/providers.md` contains a complete example."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from math import ceil
from typing import ClassVar, Literal, Protocol, TypeGuard

from moderado.moderation.outbound.examples import Example
from moderado.moderation.types import Content, Signal

MAX_TIMEOUT = 8.0  # seconds; a task must be able to store the answer before its soft limit
DEFAULT_TIMEOUT = MAX_TIMEOUT
CHARACTERS_A_TOKEN = 3  # an estimate on the safe side for Portuguese


class LocalProvider(Protocol):
    """Measures without network, files or waiting.

    It runs while rows are locked: a provider that takes more than a few milliseconds for a message
    must be a RemoteProvider.
    """

    name: str
    remote: ClassVar[Literal[False]]

    def assess(self, contents: Sequence[Content]) -> list[Signal]:
        """Return one signal for each content, in order. Raises ProviderUnavailable."""


class RemoteProvider(Protocol):
    """Measures by calling a service, within its time-out.

    A provider whose service accepts idempotency keys sets `idempotent = True` and sends
    `content.context["idempotency_key"]`. Only its calls are repeated when their outcome is unknown.
    """

    name: str
    remote: ClassVar[Literal[True]]

    async def assess(self, contents: Sequence[Content]) -> list[Signal]:
        """Return one signal for each content, in order. Raises ProviderUnavailable."""


Provider = LocalProvider | RemoteProvider


class OnError(StrEnum):
    """What a provider's failure means. Never approval, unless configured."""

    NEXT = "next"  # the other providers decide; content without any signal is held
    HOLD = "hold"
    REJECT = "reject"
    APPROVE = "approve"  # only if no other provider gave a signal


class OnUnknown(StrEnum):
    """What happens to a call that may have been carried out but was not answered."""

    NEXT = "next"  # treated like any other failure
    HOLD = "hold"  # a moderator decides, whatever the other providers say
    REPEAT = "repeat"  # repeated under the same idempotency key; then as `next`


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a provider may cost. None: no limit.

    Attributes:
        calls_per_day: Calls, by the UTC day.
        tokens_per_minute: Estimated tokens in any 60 s.
        cost_per_day: Money, in the currency of the provider's prices, by the UTC day.
        cost_per_call: The most that a call may cost, for a provider that names no price.
    """

    calls_per_day: int | None = None
    tokens_per_minute: int | None = None
    cost_per_day: Decimal | None = None
    cost_per_call: Decimal | None = None

    @property
    def is_weighed(self) -> bool:
        """Whether calls differ in what they take from the budget."""
        return self.tokens_per_minute is not None or self.cost_per_day is not None


UNLIMITED = Budget()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a call takes at most: estimated tokens, and money."""

    tokens: int
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredProvider:
    """A provider with its time-out and the meaning of its failure."""

    provider: Provider
    timeout: float = DEFAULT_TIMEOUT
    on_error: OnError = OnError.NEXT
    on_unknown: OnUnknown = OnUnknown.NEXT
    budget: Budget = UNLIMITED

    @property
    def name(self) -> str:
        return self.provider.name


def bound_of(configured: ConfiguredProvider, content: Content) -> Bound:
    """Return what a call about `content` takes at most.

    A provider tells by a method `bound(content)`. Of others, the budget may name the price.
    """
    measure = getattr(configured.provider, "bound", None)
    bound: Bound = measure(content) if measure else Bound(tokens=estimated_tokens(content.text))
    price = configured.budget.cost_per_call
    return bound if price is None else replace(bound, cost=price)


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has, rather too many than too few."""
    return ceil(len(text) / CHARACTERS_A_TOKEN)


def accepts_idempotency_keys(provider: Provider) -> bool:
    """Tell whether a repeat under the same key is not carried out twice."""
    return is_remote(provider) and getattr(provider, "idempotent", False) is True


class TakesExamples(Protocol):
    """A provider that asks a model with few-shot examples."""

    def with_examples(self, examples: Iterable[Example], /) -> Provider:
        """Return this provider with the examples of a policy."""


def takes_examples(provider: Provider) -> TypeGuard[TakesExamples]:
    """Tell whether a policy's examples are also examples for the provider's model."""
    return callable(getattr(provider, "with_examples", None))


def is_remote(provider: Provider) -> TypeGuard[RemoteProvider]:
    return provider.remote


def is_local(provider: Provider) -> TypeGuard[LocalProvider]:
    return not provider.remote
