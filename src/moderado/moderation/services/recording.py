"""Records verdicts: the lines of the log, and cases for what a moderator must see."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog

from moderado.core import clock
from moderado.core.database import as_rows, recordset, require_transaction, run_prepared
from moderado.core.ids import new_id
from moderado.moderation.commitments import canonical
from moderado.moderation.compiled import encode_thresholds
from moderado.moderation.decide import unmoderated
from moderado.moderation.models import ModerationLog
from moderado.moderation.services.blocked_revisions import publish_blocked
from moderado.moderation.services.opening import cases_of, store
from moderado.moderation.services.sweeping import STEPS
from moderado.moderation.services.texts import GIVEN_TEXTS, INSERT_TEXTS, Kind, text_row
from moderado.moderation.signals import encode_match, encode_measured
from moderado.moderation.types import WAS_SHOWN, Basis, Content, Ground, Outcome, Verdict

log = structlog.get_logger(__name__)

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
    "facts": "jsonb",
}
_VERDICT_COLUMNS = {
    "verdict": "text",
    "score": "double precision",
    "categories": "jsonb",
    "reason": "text",
    "provider": "text",
    "model": "text",
    "policy": "text",
    "policy_version": "text",
    "decided_by": "text",
    "basis": "jsonb",
    "signals": "jsonb",
    "matches": "jsonb",
    "failures": "jsonb",
    "latency": "double precision",
    "cost": "double precision",
}
_VERDICT_NUMBER = {"verdict_number": "integer"}
_COLUMNS = ", ".join([*_CONTENT_COLUMNS, *_VERDICT_COLUMNS])
_VERDICTS = recordset("verdict", _VERDICT_COLUMNS | _VERDICT_NUMBER)
_INSERT = f"""
    INSERT INTO moderation_moderationlog ({_COLUMNS}, raw)
    SELECT {_COLUMNS}, '{{}}' FROM {recordset("line", _CONTENT_COLUMNS | _VERDICT_NUMBER)}
      JOIN {_VERDICTS} USING (verdict_number)
"""  # noqa: S608  (names from above)
_LINE_WITH_TEXTS = _CONTENT_COLUMNS | _VERDICT_NUMBER | {"commitment": "text"}
_INSERT_WITH_TEXTS = f"""
    WITH stored AS ({INSERT_TEXTS} {GIVEN_TEXTS})
    INSERT INTO moderation_moderationlog ({_COLUMNS}, raw, commitment)
    SELECT {_COLUMNS}, '{{}}', decode(commitment, 'hex')
      FROM {recordset("line", _LINE_WITH_TEXTS)} JOIN {_VERDICTS} USING (verdict_number)
"""  # noqa: S608  (names from above)


def record(
    judged: Sequence[tuple[Content, Verdict]], *, actor_id: UUID | None = None
) -> frozenset[UUID]:
    """Write the log and open cases (`services.opening`). Requires a transaction.

    An open case of the same revision is joined.

    Args:
        judged: Contents with their verdicts.
        actor_id: The deciding moderator; None for a machine verdict.

    Returns:
        The subjects with a case. The caller closes it if the subject ends at the same moment.
    """
    require_transaction()
    verdicts: dict[int, dict[str, object]] = {}
    answers: dict[int, str] = {}  # of the verdicts whose providers wrote something
    lines, texts = [], []
    for content, verdict in judged:
        key = id(verdict)
        columns = verdicts.get(key)
        if columns is None:
            columns = verdict_columns(verdict) | {"verdict_number": len(verdicts)}
            verdicts[key] = columns
            if written := _answers(verdict):
                answers[key] = canonical({"raw": written})
        line = _content_columns(content, verdict, actor_id)
        line["verdict_number"] = columns["verdict_number"]
        if key in answers:
            text = text_row(Kind.LOG, line["id"], content, answers[key])
            line["commitment"] = text["commitment"]
            texts.append(text)
        lines.append(line)
    if texts:
        rows = [as_rows(texts), as_rows(lines), as_rows(verdicts.values())]
        run_prepared(_INSERT_WITH_TEXTS, rows)
    else:
        run_prepared(_INSERT, [as_rows(lines), as_rows(verdicts.values())])
    cases = cases_of(judged)
    if cases:
        store(cases)
    if actor_id is None:
        publish_blocked(judged, (line["id"] for line in lines))
    _log_outcomes(judged)
    return frozenset(case.subject_id for case in cases)


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
    lines = ModerationLog.objects.filter(subject_id=subject_id).exclude(decided_by__in=STEPS)
    return frozenset(lines.values_list("revision", flat=True))


def is_judged_sql(subject: str, revision: str) -> str:
    """Return an SQL condition: a verdict or a ruling on the revision is logged.

    Args:
        subject: An SQL expression of the subject's id.
        revision: An SQL expression of the revision.
    """
    steps = ", ".join(f"'{each}'" for each in STEPS)
    # Not EXISTS, for which PostgreSQL may plan to read the whole log once.
    return f"""(SELECT true FROM moderation_moderationlog line
        WHERE line.subject_id = {subject} AND line.revision = {revision}
          AND line.decided_by NOT IN ({steps}) LIMIT 1) IS NOT NULL"""  # noqa: S608  (names of columns)


def record_unjudged(content: Content) -> None:
    """Record that `content` is shown without being judged, in a room of mode `off`."""
    record([(content, unmoderated())])


def _content_columns(content: Content, verdict: Verdict, actor_id: UUID | None) -> dict[str, Any]:
    """Return the log columns of the content."""
    return {
        "id": new_id(),
        "created_at": clock.estimated(),
        "subject_type": content.subject_type,
        "subject_id": content.subject_id,
        "revision": content.revision,
        "scope_id": content.scope_id,
        "actor_id": actor_id,
        "facts": _facts(content, verdict),
    }


def _facts(content: Content, verdict: Verdict) -> dict[str, object]:
    """Return what conditions may read of a text that may be erased later.

    `thresholds` are rows that providers proposed, because the policy has none (ADR 0070).
    """
    facts: dict[str, object] = {
        "author": content.author,
        "room": content.room,
        "length": len(content.text),
    }
    if WAS_SHOWN in content.context:
        facts[WAS_SHOWN] = True
    if content.counts:
        facts["counts"] = content.counts
    if verdict.fallback:
        facts["thresholds"] = encode_thresholds(verdict.fallback)
    return facts


def verdict_columns(verdict: Verdict) -> dict[str, object]:
    """Return the log columns of the verdict."""
    signals = verdict.signals
    deciding = next((each for each in signals if each.provider == verdict.basis.provider), None)
    return {
        "verdict": verdict.outcome,
        "score": verdict.score,
        "categories": {category.value: score for category, score in verdict.categories.items()},
        "reason": verdict.reason or "",
        "provider": deciding.provider if deciding else "",
        "model": deciding.model if deciding else "",
        "policy": verdict.policy,
        "policy_version": verdict.policy_version,
        "decided_by": verdict.decided_by,
        "basis": basis_columns(verdict.basis),
        "matches": [
            {"provider": provider, **encode_match(match), "outcome": outcome.value}
            for provider, match, outcome in verdict.matches()
        ],
        "failures": failure_columns(verdict),
        "latency": sum(
            [each.latency for each in signals] + [each.latency for each in verdict.failures]
        ),
        "cost": sum(each.cost for each in signals),
        "signals": {each.provider: encode_measured(each) for each in signals},
    }


def _answers(verdict: Verdict) -> dict[str, object]:
    """Return what the providers wrote beside their numbers."""
    return {each.provider: {"answer": dict(each.raw)} for each in verdict.signals if each.raw}


def failure_columns(verdict: Verdict) -> list[dict[str, object]]:
    """Return the providers that gave no signal, as the log stores them."""
    return [
        {
            "provider": each.provider,
            "error": each.error,
            "fault": each.fault.value,
            "latency": round(each.latency, 6),
        }
        for each in verdict.failures
    ]


def basis_columns(basis: Basis) -> dict[str, object]:
    """Return the step that decided, without what it does not have; empty if nothing was found."""
    if basis.ground is Ground.NOTHING:
        return {}
    named = {
        "ground": basis.ground.value,
        "provider": basis.provider or None,
        "rule": basis.rule or None,
        "category": basis.category,
        "score": basis.score,
        "threshold": basis.threshold,
    }
    return {name: value for name, value in named.items() if value is not None}
