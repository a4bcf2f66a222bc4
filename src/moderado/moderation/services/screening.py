"""Screens content: asks the providers, applies the policy, records the verdict."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone

from moderado.core.database import as_rows, recordset, require_transaction, run_prepared
from moderado.core.ids import new_id
from moderado.core.memoize import map_memoized
from moderado.moderation import policy, registry
from moderado.moderation.events import CaseStep
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.providers import calls
from moderado.moderation.providers.base import is_local
from moderado.moderation.providers.base import is_remote as is_remote_provider
from moderado.moderation.services import ledger
from moderado.moderation.services.case_events import publish_changes
from moderado.moderation.services.ledger import Call
from moderado.moderation.types import Assessment, Content, Failure, Outcome, Span, Verdict

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Prepared:
    """A content between `prepare` and `conclude`: assessments so far, and calls to make."""

    content: Content
    answers: list[Assessment | Failure]
    calls: list[Call] = field(default_factory=list)

    @property
    def is_blocked(self) -> bool:
        return any(
            isinstance(each, Assessment) and each.outcome is Outcome.BLOCK for each in self.answers
        )


# Columns of a log line that differ by content, and those that only depend on the verdict. Most
# texts of a batch share one verdict object, which is sent and parsed once.
_CONTENT_COLUMNS = {
    "id": "uuid",
    "created_at": "timestamptz",
    "subject_type": "text",
    "subject_id": "uuid",
    "revision": "integer",
    "scope_id": "uuid",
    "actor_id": "uuid",
}
_VERDICT_COLUMNS = {
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
_VERDICT_NUMBER = {"verdict_number": "integer"}
_COLUMNS = ", ".join([*_CONTENT_COLUMNS, *_VERDICT_COLUMNS])
_INSERT = f"""
    INSERT INTO moderation_moderationlog ({_COLUMNS})
    SELECT {_COLUMNS} FROM {recordset("line", _CONTENT_COLUMNS | _VERDICT_NUMBER)}
      JOIN {recordset("verdict", _VERDICT_COLUMNS | _VERDICT_NUMBER)} USING (verdict_number)
"""  # noqa: S608  (names from above)

_ORIGINS = {Outcome.HOLD: Case.Origin.HOLD, Outcome.FLAG: Case.Origin.FLAG}


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
    by_provider = [
        calls.assess_locally(configured, configured.provider, contents)
        for configured in registry.configured_providers()
        if is_local(configured.provider)
    ]
    return map_memoized(lambda *answers: _decide(answers), *by_provider)


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


def call_provider(call: Call) -> Coroutine[Any, Any, Assessment | Failure]:
    """Make a reserved call. Await it outside any transaction; it ends within its time-out."""
    provider = call.configured.provider
    assert is_remote_provider(provider), "local providers are asked by prepare"
    return calls.assess_remotely(call.configured, provider, call.content)


def conclude(prepared: Prepared) -> Verdict:
    """Return the verdict, once every call was answered or has failed."""
    return _decide(prepared.answers)


def record(judged: Sequence[tuple[Content, Verdict]], *, actor_id: UUID | None = None) -> None:
    """Write the log and open cases for held and flagged content. Requires a transaction.

    An existing case of the same revision stays as it is.

    Args:
        judged: Contents with their verdicts.
        actor_id: The deciding moderator; None for a machine verdict.
    """
    require_transaction()
    verdicts: dict[int, dict[str, object]] = {}
    lines = []
    for content, verdict in judged:
        columns = verdicts.get(id(verdict))
        if columns is None:
            columns = _verdict_columns(verdict) | {"verdict_number": len(verdicts)}
            verdicts[id(verdict)] = columns
        number = {"verdict_number": columns["verdict_number"]}
        lines.append(_content_columns(content, actor_id) | number)
    run_prepared(_INSERT, [as_rows(lines), as_rows(verdicts.values())])
    cases = [_case(*each) for each in judged if each[1].outcome in _ORIGINS]
    if cases:
        Case.objects.bulk_create(cases, ignore_conflicts=True)
        publish_changes(CaseStep.OPENED, cases)
    _log_outcomes(judged)


def _log_outcomes(judged: Sequence[tuple[Content, Verdict]]) -> None:
    """Log each verdict that may be asked about, and one line for all that were simply allowed."""
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
    """Record that `content` is shown without being judged, in a room of mode `off`."""
    record([(content, policy.unmoderated(policy_version=registry.policy_version()))])


def _assess_locally(content: Content) -> list[Assessment | Failure]:
    return [
        calls.assess_locally(configured, configured.provider, [content])[0]
        for configured in registry.configured_providers()
        if is_local(configured.provider)
    ]


def _decide(answers: Sequence[Assessment | Failure]) -> Verdict:
    return policy.decide(
        [each for each in answers if isinstance(each, Assessment)],
        [each for each in answers if isinstance(each, Failure)],
        error_rules=registry.error_rules(),
        unknown_rules=registry.unknown_rules(),
        policy_version=registry.policy_version(),
    )


def _content_columns(content: Content, actor_id: UUID | None) -> dict[str, object]:
    """Return the log columns of the content."""
    return {
        "id": new_id(),
        "created_at": timezone.now(),
        "subject_type": content.subject_type,
        "subject_id": content.subject_id,
        "revision": content.revision,
        "scope_id": content.scope_id,
        "actor_id": actor_id,
    }


def _verdict_columns(verdict: Verdict) -> dict[str, object]:
    """Return the log columns of the verdict."""
    assessments = verdict.assessments
    deciding = next((each for each in assessments if each.provider == verdict.decided_by), None)
    return {
        "verdict": verdict.outcome,
        "score": verdict.score,
        "categories": {category.value: score for category, score in verdict.categories.items()},
        "reason": verdict.reason or "",
        "provider": deciding.provider if deciding else "",
        "model": deciding.model if deciding else "",
        "policy_version": verdict.policy_version,
        "decided_by": verdict.decided_by,
        "matches": [_match(each.provider, span) for each in assessments for span in each.spans],
        "failures": [
            {"provider": each.provider, "error": each.error, "latency": round(each.latency, 6)}
            for each in verdict.failures
        ],
        "latency": sum(
            [each.latency for each in assessments] + [each.latency for each in verdict.failures]
        ),
        "cost": sum(each.cost for each in assessments),
        "raw": {each.provider: _answer(each) for each in assessments},
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
        author_id=content.author_id,
        text=content.text,
        score=verdict.score,
        categories=sorted(category.value for category in verdict.categories),
    )
