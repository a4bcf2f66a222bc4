"""Screens content: collects the providers' signals, decides by the policy."""

from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from moderado.core.database import require_transaction
from moderado.core.memoize import map_memoized
from moderado.moderation import registry
from moderado.moderation.decide import EXEMPT, decide
from moderado.moderation.policies.compile import MISSING, Runtime
from moderado.moderation.providers import calls
from moderado.moderation.providers.base import ConfiguredProvider, is_local
from moderado.moderation.providers.base import is_remote as is_remote_provider
from moderado.moderation.services import ledger
from moderado.moderation.services.ledger import Call
from moderado.moderation.services.policy_lookup import Chain, runtime
from moderado.moderation.types import Content, Failure, Fault, Outcome, Signal, Verdict

Answer = Signal | Failure | None


@dataclass(slots=True)
class Prepared:
    """A content between `prepare` and `conclude`: signals so far, and calls to make."""

    content: Content
    answers: list[Signal | Failure]
    calls: list[Call] = field(default_factory=list)

    @property
    def is_blocked(self) -> bool:
        """Whether the signals so far decide, whatever the open calls answer: blocked or exempt."""
        signals = [each for each in self.answers if isinstance(each, Signal)]
        if not signals:
            return False
        verdict = _decide(signals, self.content, runtime(self.content.policy))
        return verdict.outcome is Outcome.BLOCK or verdict.decided_by == EXEMPT


def is_remote() -> bool:
    """Tell whether a provider needs the network: then `screen` would not ask it.

    Such content goes through `prepare`, `call_provider` and `conclude`.
    """
    return registry.is_remote()


def screen(contents: Sequence[Content]) -> list[Verdict]:
    """Judge contents by the local providers of the policies in force for them.

    Returns:
        One verdict for each content, in order.
    """
    groups: dict[Chain, list[int]] = {}
    for at, content in enumerate(contents):
        groups.setdefault(content.policy, []).append(at)
    if len(groups) == 1:
        return judge(contents, runtime(contents[0].policy))
    verdicts: dict[int, Verdict] = {}
    for chain, places in groups.items():
        judged = judge([contents[at] for at in places], runtime(chain))
        verdicts |= dict(zip(places, judged, strict=True))
    return [verdicts[at] for at in range(len(contents))]


def finds_nothing_locally(content: Content) -> bool:
    """Tell whether the local providers of the policy in force judge the text and allow it.

    False without a local provider, or if one of them fails: nothing was found only where it was
    looked for. Authors whom the policy exempts are allowed, whatever they write.
    """
    (verdict,) = screen([content])
    is_judged = bool(verdict.signals) and not verdict.failures
    return verdict.outcome is Outcome.ALLOW and (is_judged or verdict.decided_by == EXEMPT)


def judge(contents: Sequence[Content], compiled: Runtime) -> list[Verdict]:
    """Judge contents by the local providers of one policy, with one call of each provider.

    Returns:
        One verdict for each content, in order.
    """
    return decide_all(contents, measure(contents, compiled), compiled) if contents else []


def decide_all(
    contents: Sequence[Content], answers: Sequence[Sequence[Answer]], compiled: Runtime
) -> list[Verdict]:
    """Decide on contents by a column of answers for each provider.

    Returns:
        One verdict for each content, in order.
    """
    # Where the policy does not read the facts, equal signals have equal verdicts.
    alike = contents if compiled.policy.reads_facts else [contents[0]] * len(contents)
    return map_memoized(lambda content, *found: _decide(found, content, compiled), alike, *answers)


def reads(chains: Iterable[Chain]) -> frozenset[str]:
    """Return which facts that cost a query the policies read: `approved`, `counts`."""
    return frozenset().union(*(runtime(each).reads for each in chains))


def prepare(contents: Sequence[Content]) -> list[Prepared]:
    """Assess contents locally and reserve the remote calls. Requires a transaction.

    The transaction must commit before the calls are made. Content that a local provider blocks is
    not sent to a remote one.
    """
    require_transaction()
    prepared = assess_locally(contents)
    reserve_calls(prepared)
    return prepared


def assess_locally(contents: Sequence[Content]) -> list[Prepared]:
    """Return the contents with the answers of the local providers, for `reserve_calls`."""
    return [
        Prepared(content, [each for each in found if each is not None])
        for content, found in zip(contents, _measured_alone(contents), strict=True)
    ]


def reserve_calls(prepared: Sequence[Prepared]) -> None:
    """Add what the remote providers answered before, or the calls to make.

    Requires a transaction, which must commit before the calls are made.
    """
    require_transaction()
    wanted = [
        (each, configured)
        for each in prepared
        if not each.is_blocked
        for configured in _remote(each)
    ]
    known = ledger.reserve([(each.content, configured) for each, configured in wanted])
    for (each, _), found in zip(wanted, known, strict=True):
        if isinstance(found, Call):
            each.calls.append(found)
        else:
            each.answers.append(found)


def call_provider(call: Call) -> Coroutine[Any, Any, Signal | Failure]:
    """Make a reserved call. Await it outside any transaction; it ends within its time-out."""
    provider = call.configured.provider
    assert is_remote_provider(provider), "local providers are asked by prepare"
    return calls.assess_remotely(call.configured, provider, call.content)


def conclude(prepared: Prepared) -> Verdict:
    """Return the verdict, once every call was answered or has failed.

    Answers count in the order of the policy's providers, not in that of their arrival.
    """
    compiled = runtime(prepared.content.policy)
    order = {name: at for at, name in enumerate(compiled.policy.providers)}
    answers = sorted(prepared.answers, key=lambda each: order.get(each.provider, len(order)))
    return _decide(answers, prepared.content, compiled)


def _remote(prepared: Prepared) -> Iterator[ConfiguredProvider]:
    """Yield the remote providers to ask: those whose condition is met by the signals so far."""
    compiled = runtime(prepared.content.policy)
    signals = [each for each in prepared.answers if isinstance(each, Signal)]
    for configured in compiled.providers:
        when = compiled.conditions.get(configured.name)
        if is_remote_provider(configured.provider) and (
            when is None or when(prepared.content, signals)
        ):
            yield configured


def _measured_alone(contents: Sequence[Content]) -> Iterator[list[Answer]]:
    """Yield the local answers of each content, one by one: rare beside a remote call."""
    for content in contents:
        yield [column[0] for column in measure([content], runtime(content.policy))]


def measure(contents: Sequence[Content], compiled: Runtime) -> list[Sequence[Answer]]:
    """Ask the local providers.

    Returns:
        A column of answers for each of them. None: it was not asked.
    """
    columns: list[Sequence[Answer]] = [
        [Failure(provider=name, error=MISSING, fault=Fault.NOT_ASKED)] * len(contents)
        for name in compiled.missing
    ]
    for configured in compiled.providers:
        provider = configured.provider
        if not is_local(provider):
            continue
        when = compiled.conditions.get(configured.name)
        asked = (
            range(len(contents))
            if when is None
            else [at for at in range(len(contents)) if when(contents[at], _signals(columns, at))]
        )
        found = calls.assess_locally(configured, provider, [contents[at] for at in asked])
        column: list[Answer] = [None] * len(contents)
        for at, answer in zip(asked, found, strict=True):
            column[at] = answer
        columns.append(column)
    return columns


def _signals(columns: Sequence[Sequence[Answer]], at: int) -> list[Signal]:
    answers = [column[at] for column in columns]
    return [each for each in answers if isinstance(each, Signal)]


def _decide(answers: Sequence[Answer], content: Content, compiled: Runtime) -> Verdict:
    return decide(
        [each for each in answers if isinstance(each, Signal)],
        [each for each in answers if isinstance(each, Failure)],
        compiled.policy,
        content,
    )
