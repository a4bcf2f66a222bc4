"""The port through which every judge of content is reached. `docs/providers.md` shows one."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal, Protocol, TypeGuard

from moderado.moderation.types import Assessment, Content

DEFAULT_TIMEOUT = 8.0  # seconds; below the tasks' soft limit
LONGEST_TIMEOUT = 8.0


class LocalProvider(Protocol):
    """Judges by itself: no network, no file, no wait. It runs while rows are locked, so whoever
    takes more than a few milliseconds a message must be a RemoteProvider instead."""

    name: str
    remote: ClassVar[Literal[False]]

    def assess(self, contents: Sequence[Content]) -> list[Assessment]:
        """One opinion a content, in the same order, or ProviderUnavailable if none can be had."""


class RemoteProvider(Protocol):
    """Judges by asking somebody else, for as long as its time-out allows.

    One whose service takes idempotency keys says so by `idempotent = True` and sends
    `content.context["idempotency_key"]` along: its calls may be repeated when their outcome is
    unknown. Those of all others never are.
    """

    name: str
    remote: ClassVar[Literal[True]]

    async def assess(self, contents: Sequence[Content]) -> list[Assessment]:
        """One opinion a content, in the same order, or ProviderUnavailable if none can be had."""


Provider = LocalProvider | RemoteProvider


class OnError(StrEnum):
    """What a provider's failure means. Never that the content is fine, unless somebody said so."""

    NEXT = "next"  # the others decide; what nobody judged is held
    HOLD = "hold"
    REJECT = "reject"
    APPROVE = "approve"  # if nobody else judged it either


class OnUnknown(StrEnum):
    """What becomes of a call that may have been carried out, though no answer came."""

    NEXT = "next"  # it is a failure like any other
    HOLD = "hold"  # a person looks at the message, whatever the others say
    REPEAT = "repeat"  # asked again under the same idempotency key; then as `next`


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredProvider:
    """A provider in its place: how long it is waited for, and what its failure means."""

    provider: Provider
    timeout: float = DEFAULT_TIMEOUT
    on_error: OnError = OnError.NEXT
    on_unknown: OnUnknown = OnUnknown.NEXT
    budget: int | None = None  # calls a day (UTC); None: as many as it takes

    @property
    def name(self) -> str:
        return self.provider.name


def takes_keys(provider: Provider) -> bool:
    """Whether a call may be repeated under its key without being carried out twice."""
    return is_remote(provider) and getattr(provider, "idempotent", False) is True


def is_remote(provider: Provider) -> TypeGuard[RemoteProvider]:
    return provider.remote


def is_local(provider: Provider) -> TypeGuard[LocalProvider]:
    return not provider.remote
