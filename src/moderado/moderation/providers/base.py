"""The provider port. `docs/providers.md` contains a complete example."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal, Protocol, TypeGuard

from moderado.moderation.types import Content, Signal

MAX_TIMEOUT = 8.0  # seconds; a task must be able to store the answer before its soft limit
DEFAULT_TIMEOUT = MAX_TIMEOUT


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
class ConfiguredProvider:
    """A provider with its time-out and the meaning of its failure."""

    provider: Provider
    timeout: float = DEFAULT_TIMEOUT
    on_error: OnError = OnError.NEXT
    on_unknown: OnUnknown = OnUnknown.NEXT
    budget: int | None = None  # calls a day (UTC); None: unlimited

    @property
    def name(self) -> str:
        return self.provider.name


def accepts_idempotency_keys(provider: Provider) -> bool:
    """Tell whether a repeat under the same key is not carried out twice."""
    return is_remote(provider) and getattr(provider, "idempotent", False) is True


def is_remote(provider: Provider) -> TypeGuard[RemoteProvider]:
    return provider.remote


def is_local(provider: Provider) -> TypeGuard[LocalProvider]:
    return not provider.remote
