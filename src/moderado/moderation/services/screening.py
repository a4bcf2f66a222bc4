"""Screens content: collects the providers' signals, decides by the policy."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from moderado.core.database import require_transaction
from moderado.core.memoize import map_memoized
from moderado.moderation import registry
from moderado.moderation.decide import decide
from moderado.moderation.providers import calls
from moderado.moderation.providers.base import is_local
from moderado.moderation.providers.base import is_remote as is_remote_provider
from moderado.moderation.services import ledger
from moderado.moderation.services.ledger import Call
from moderado.moderation.types import Content, Failure, Outcome, Signal, Verdict


@dataclass(slots=True)
class Prepared:
    """A content between `prepare` and `conclude`: signals so far, and calls to make."""

    content: Content
    answers: list[Signal | Failure]
    calls: list[Call] = field(default_factory=list)

    @property
    def is_blocked(self) -> bool:
        """Whether the signals so far block the content, whatever the open calls answer."""
        signals = [each for each in self.answers if isinstance(each, Signal)]
        return bool(signals) and _decide(signals, self.content).outcome is Outcome.BLOCK


def is_remote() -> bool:
    """Tell whether a provider needs the network: then `screen` would not ask it.

    Such content goes through `prepare`, `call_provider` and `conclude`.
    """
    return registry.is_remote()


def screen(contents: Sequence[Content]) -> list[Verdict]:
    """Judge contents by the local providers, with one call of each provider.

    Returns:
        One verdict for each content, in order.
    """
    if not contents:
        return []
    # The policy does not read the facts: equal signals have equal verdicts.
    alike = contents if registry.configured_policy().reads_facts else [contents[0]] * len(contents)
    by_provider = [
        calls.assess_locally(configured, configured.provider, contents)
        for configured in registry.configured_providers()
        if is_local(configured.provider)
    ]
    return map_memoized(lambda content, *answers: _decide(answers, content), alike, *by_provider)


def prepare(contents: Sequence[Content]) -> list[Prepared]:
    """Assess contents locally and reserve the remote calls. Requires a transaction.

    The transaction must commit before the calls are made. Content that a local provider blocks is
    not sent to a remote one.
    """
    require_transaction()
    prepared = [Prepared(content, _assess_locally(content)) for content in contents]
    remote = [
        configured
        for configured in registry.configured_providers()
        if is_remote_provider(configured.provider)
    ]
    wanted = [
        (each, configured) for each in prepared if not each.is_blocked for configured in remote
    ]
    known = ledger.reserve([(each.content, configured) for each, configured in wanted])
    for (each, _), found in zip(wanted, known, strict=True):
        if isinstance(found, Call):
            each.calls.append(found)
        else:
            each.answers.append(found)
    return prepared


def call_provider(call: Call) -> Coroutine[Any, Any, Signal | Failure]:
    """Make a reserved call. Await it outside any transaction; it ends within its time-out."""
    provider = call.configured.provider
    assert is_remote_provider(provider), "local providers are asked by prepare"
    return calls.assess_remotely(call.configured, provider, call.content)


def conclude(prepared: Prepared) -> Verdict:
    """Return the verdict, once every call was answered or has failed."""
    return _decide(prepared.answers, prepared.content)


def _assess_locally(content: Content) -> list[Signal | Failure]:
    return [
        calls.assess_locally(configured, configured.provider, [content])[0]
        for configured in registry.configured_providers()
        if is_local(configured.provider)
    ]


def _decide(answers: Sequence[Signal | Failure], content: Content) -> Verdict:
    return decide(
        [each for each in answers if isinstance(each, Signal)],
        [each for each in answers if isinstance(each, Failure)],
        registry.configured_policy(),
        content,
    )
