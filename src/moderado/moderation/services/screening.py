"""Automatic judgement: ask the providers, apply the policy, write it down."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone

from moderado.core.database import as_rows, recordset
from moderado.core.database import ask as ask_database
from moderado.core.ids import new_id
from moderado.core.once import map_once
from moderado.moderation import policy, registry
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.providers import calls
from moderado.moderation.providers.base import is_local
from moderado.moderation.providers.base import is_remote as asks_the_network
from moderado.moderation.services import ledger
from moderado.moderation.services.ledger import Call
from moderado.moderation.types import Assessment, Content, Failure, Outcome, Span, Verdict

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Prepared:
    """A content on its way to a verdict: what is known so far, and what is still to be asked."""

    content: Content
    opinions: list[Assessment | Failure]
    calls: list[Call] = field(default_factory=list)

    @property
    def is_blocked(self) -> bool:
        return any(
            isinstance(each, Assessment) and each.outcome is Outcome.BLOCK for each in self.opinions
        )


# What a line of the log says of the content and of itself, and what it says of the verdict: of a
# hundred texts ninety are told the very same, which is sent and read once.
_LINE = {
    "id": "uuid",
    "created_at": "timestamptz",
    "subject_type": "text",
    "subject_id": "uuid",
    "revision": "integer",
    "scope_id": "uuid",
    "actor_id": "uuid",
}
_SAID = {
    "verdict": "text",
    "score": "double precision",
    "categories": "jsonb",
    "reason": "text",
    "provider": "text",
    "model": "text",
    "policy_version": "text",
    "decided_by": "text",
    "matches": "jsonb",
    "failures": "jsonb",
    "latency": "double precision",
    "cost": "double precision",
    "raw": "jsonb",
}
_WHICH = {"which": "integer"}
_COLUMNS = ", ".join([*_LINE, *_SAID])
_INSERT = f"""
    INSERT INTO moderation_moderationlog ({_COLUMNS})
    SELECT {_COLUMNS} FROM {recordset("line", _LINE | _WHICH)}
      JOIN {recordset("said", _SAID | _WHICH)} USING (which)
"""  # noqa: S608  (names from above)

_ORIGINS = {Outcome.HOLD: Case.Origin.HOLD, Outcome.FLAG: Case.Origin.FLAG}


def is_remote() -> bool:
    """Whether judging needs the network: then `prepare`, `ask`, `conclude`."""
    return registry.is_remote()


def screen(contents: Sequence[Content]) -> list[Verdict]:
    """Judge `contents` by the local providers: one call each, no network, one verdict a content."""
    if not contents:
        return []
    answers = [
        calls.ask(configured, configured.provider, contents)
        for configured in registry.configured_providers()
        if is_local(configured.provider)
    ]
    return map_once(lambda *opinions: _concluded(opinions), *answers)


def prepare(contents: Sequence[Content]) -> list[Prepared]:
    """What is known of each content, and the remote calls that may be made for it.

    In the caller's transaction, which must commit before the calls are made. Local judges come
    first: what they block, nobody is paid to say again.
    """
    prepared = [Prepared(content, _asked_locally(content)) for content in contents]
    remote = [
        configured
        for configured in registry.configured_providers()
        if asks_the_network(configured.provider)
    ]
    wanted = [
        (each, configured) for each in prepared if not each.is_blocked for configured in remote
    ]
    known = ledger.reserve([(each.content, configured) for each, configured in wanted])
    for (each, _), found in zip(wanted, known, strict=True):
        if isinstance(found, Call):
            each.calls.append(found)
        else:
            each.opinions.append(found)
    return prepared


def ask(call: Call) -> Coroutine[Any, Any, Assessment | Failure]:
    """Make a reserved call: to be awaited, outside any transaction. It ends within its time-out."""
    provider = call.configured.provider
    assert asks_the_network(provider), "local providers are asked by prepare"
    return calls.ask_remotely(call.configured, provider, call.content)


def conclude(prepared: Prepared) -> Verdict:
    """The verdict, once every call has been answered or has failed."""
    return _concluded(prepared.opinions)


def record(judged: Sequence[tuple[Content, Verdict]], *, actor_id: UUID | None = None) -> None:
    """Write the log, and open a case for what is held or flagged, in the caller's transaction.

    A case that exists for that revision stays as it is: recording twice opens no second one.
    """
    said: dict[int, dict[str, object]] = {}
    lines = []
    for content, verdict in judged:
        if (same := id(verdict)) not in said:
            said[same] = _said(verdict) | {"which": len(said)}
        lines.append(_line(content, actor_id) | {"which": said[same]["which"]})
    ask_database(_INSERT, [as_rows(lines), as_rows(said.values())])
    cases = [_case(*each) for each in judged if each[1].outcome in _ORIGINS]
    if cases:
        Case.objects.bulk_create(cases, ignore_conflicts=True)
    _tell(judged)


def _tell(judged: Sequence[tuple[Content, Verdict]]) -> None:
    """A line for each that somebody may ask about, and one for all that were simply allowed."""
    allowed = 0
    for content, verdict in judged:
        if verdict.outcome is Outcome.ALLOW and not verdict.failures:
            allowed += 1
            continue
        log.info(
            "content_judged",
            subject_id=str(content.subject_id),
            revision=content.revision,
            outcome=verdict.outcome.value,
            decided_by=verdict.decided_by,
            score=round(verdict.score, 3),
            failures=len(verdict.failures),
        )
    if allowed:
        log.debug("contents_allowed", contents=allowed)


def judged_revisions(subject_id: UUID) -> frozenset[int]:
    """Return the revisions on which a verdict or a ruling is logged."""
    lines = ModerationLog.objects.filter(subject_id=subject_id)
    return frozenset(lines.values_list("revision", flat=True))


def record_unjudged(content: Content) -> None:
    """Log that `content` was shown without being judged, because its room's mode is `off`."""
    record([(content, policy.unmoderated(policy_version=registry.policy_version()))])


def _asked_locally(content: Content) -> list[Assessment | Failure]:
    return [
        calls.ask(configured, configured.provider, [content])[0]
        for configured in registry.configured_providers()
        if is_local(configured.provider)
    ]


def _concluded(opinions: Sequence[Assessment | Failure]) -> Verdict:
    return policy.decide(
        [each for each in opinions if isinstance(each, Assessment)],
        [each for each in opinions if isinstance(each, Failure)],
        ladder=registry.ladder(),
        unknown=registry.unknown_rules(),
        policy_version=registry.policy_version(),
    )


def _line(content: Content, actor_id: UUID | None) -> dict[str, object]:
    """What a line of the log says of the content and of itself."""
    return {
        "id": new_id(),
        "created_at": timezone.now(),
        "subject_type": content.subject_type,
        "subject_id": content.subject_id,
        "revision": content.revision,
        "scope_id": content.scope_id,
        "actor_id": actor_id,
    }


def _said(verdict: Verdict) -> dict[str, object]:
    """What it says of the verdict."""
    said = verdict.assessments
    deciding = next((each for each in said if each.provider == verdict.decided_by), None)
    return {
        "verdict": verdict.outcome,
        "score": verdict.score,
        "categories": {category.value: score for category, score in verdict.categories.items()},
        "reason": verdict.reason or "",
        "provider": deciding.provider if deciding else "",
        "model": deciding.model if deciding else "",
        "policy_version": verdict.policy_version,
        "decided_by": verdict.decided_by,
        "matches": [_match(each.provider, span) for each in said for span in each.spans],
        "failures": [
            {"provider": each.provider, "error": each.error, "latency": round(each.latency, 6)}
            for each in verdict.failures
        ],
        "latency": sum(
            [each.latency for each in said] + [each.latency for each in verdict.failures]
        ),
        "cost": sum(each.cost for each in said),
        "raw": {each.provider: _answer(each) for each in said},
    }


def _match(provider: str, span: Span) -> dict[str, object]:
    return {
        "provider": provider,
        "rule": span.rule,
        "category": span.category.value,
        "start": span.start,
        "end": span.end,
    }


def _answer(assessment: Assessment) -> dict[str, object]:
    return {
        "outcome": assessment.outcome.value,
        "model": assessment.model,
        "categories": {name.value: score for name, score in assessment.categories.items()},
        "answer": dict(assessment.raw),
    }


def _case(content: Content, verdict: Verdict) -> Case:
    return Case(
        subject_type=content.subject_type,
        subject_id=content.subject_id,
        revision=content.revision,
        scope_id=content.scope_id,
        origin=_ORIGINS[verdict.outcome],
        text=content.text,
        score=verdict.score,
        categories=sorted(category.value for category in verdict.categories),
    )
