"""Which verdicts open a case, and what its moderator may see of the verdict.

A small random share of the allowed texts becomes *blind* cases: their rulings tell how often the
policy misses what a person would hide. A case shows nothing by which its moderator could tell an
allowed text from a flagged one, and a share of the flagged texts is shown blind, too (ADR 0069).
"""

from collections.abc import Iterable, Sequence

from django.conf import settings

from moderado.core.database import as_rows, recordset, require_transaction, run_prepared
from moderado.moderation.commitments import canonical
from moderado.moderation.decide import EXEMPT, OFF
from moderado.moderation.events import CaseStep, CaseTraits
from moderado.moderation.models import Case
from moderado.moderation.recommendations import priority_of
from moderado.moderation.restricted_cases import RESTRICTED
from moderado.moderation.services.case_events import NEEDED, publish_changes
from moderado.moderation.services.sampling import is_drawn
from moderado.moderation.services.texts import (
    INSERT_TEXTS,
    TEXT_COLUMNS,
    Kind,
    text_row,
)
from moderado.moderation.types import Content, Outcome, Verdict

AUDIT = "audit"
BLIND_FLAGS = 0.1  # share of the flagged texts that are shown blind, while a sample is drawn

_SAMPLED = "message"  # names are few, and are judged again whenever they change
_NOT_JUDGED = frozenset({OFF, EXEMPT})
_ORIGINS = {Outcome.HOLD: Case.Origin.HOLD, Outcome.FLAG: Case.Origin.FLAG}

_COLUMNS = {
    "id": "uuid",
    "created_at": "timestamptz",
    "subject_type": "text",
    "subject_id": "uuid",
    "revision": "integer",
    "scope_id": "uuid",
    "origin": "text",
    "state": "text",
    "is_blind": "boolean",
    "sampling": "double precision",
    "priority": "smallint",
    "score": "double precision",
    "categories": "text[]",
    "author_id": "uuid",
    "version": "integer",
}
_NAMES = ", ".join(_COLUMNS)
_RESTRICTED_CODES = ", ".join(f"'{code}'" for code in sorted(RESTRICTED))
_BECOMES_RESTRICTED = f"""
    given.categories::varchar[] && ARRAY[{_RESTRICTED_CODES}]::varchar[]
    AND NOT known.categories && ARRAY[{_RESTRICTED_CODES}]::varchar[]
"""
# An open case of the revision is joined, whatever opened it. A blind one shows nothing of it, but
# a restricted category, which decides who sees the case. The moderator who holds a case that
# becomes restricted may not be among those: the claim ends. The text of a new case is stored too.
# The last join reads the snapshot of the statement: what decided, before, who saw a joined case.
_INSERT = f"""
    WITH given AS MATERIALIZED (
        SELECT * FROM {recordset("new_case", _COLUMNS | TEXT_COLUMNS | {"commitment": "text"})}
    ), joined AS (
        UPDATE moderation_case known
           SET joined_origins = CASE
                 WHEN given.origin = ANY (known.joined_origins || known.origin)
                 THEN known.joined_origins ELSE known.joined_origins || given.origin::varchar END,
               categories = ARRAY (
                 SELECT DISTINCT code FROM unnest(known.categories || given.categories::varchar[])
                     AS either (code)
                  WHERE NOT known.is_blind OR code IN ({_RESTRICTED_CODES}) ORDER BY code),
               score = CASE WHEN known.is_blind THEN known.score
                 ELSE greatest(known.score, given.score) END,
               priority = greatest(known.priority, given.priority),
               sampling = coalesce(known.sampling, given.sampling),
               snoozed_until = NULL,
               claimed_by_id = CASE WHEN {_BECOMES_RESTRICTED} THEN NULL
                 ELSE known.claimed_by_id END,
               claimed_until = CASE WHEN {_BECOMES_RESTRICTED} THEN NULL
                 ELSE known.claimed_until END,
               version = known.version + 1
          FROM given
         WHERE known.subject_type = given.subject_type AND known.subject_id = given.subject_id
           AND known.revision = given.revision AND known.state = 'open'
        RETURNING given.id, known.id AS case_id
    ), opened AS (
        INSERT INTO moderation_case ({_NAMES}, outcome, commitment)
        SELECT {_NAMES}, '', decode(commitment, 'hex') FROM given
         WHERE id NOT IN (SELECT id FROM joined)
        ON CONFLICT DO NOTHING RETURNING id
    ), stored AS (
        {INSERT_TEXTS} given JOIN opened USING (id)
    )
    SELECT id, NULL::text[], NULL::text[], NULL::integer, NULL::boolean FROM opened
    UNION ALL
    SELECT was.id, was.categories::text[], was.joined_origins::text[], was.priority,
           was.escalated_at IS NOT NULL
      FROM joined JOIN moderation_case was ON was.id = joined.case_id
"""  # noqa: S608  (names from above)


def cases_of(judged: Iterable[tuple[Content, Verdict]]) -> Sequence[Case]:
    """Return the cases that these verdicts open, not stored yet."""
    rate: float = settings.AUDIT_SAMPLE
    return [
        case
        for content, verdict in judged
        if (case := _case(content, verdict, rate=rate)) is not None
    ]


def store(cases: Sequence[Case]) -> None:
    """Store cases and their texts, or join the open cases of their revisions, in one statement.

    Publishes that each is open. Requires a transaction that holds the locks of the subjects.
    """
    require_transaction()
    rows = []
    for case in cases:
        text = text_row(Kind.CASE, case.id, case, canonical({"text": case.text}))
        rows.append(text | {name: getattr(case, name) for name in _COLUMNS})
    stored = {row[0]: row[1:] for row in run_prepared(_INSERT, [as_rows(rows)])}
    opened = [case for case in cases if case.id in stored]
    publish_changes(CaseStep.OPENED, opened)
    if joined := stored.keys() - {case.id for case in opened}:
        found = Case.objects.filter(pk__in=joined).order_by("id")
        was = {case_id: _traits(*stored[case_id]) for case_id in joined}
        publish_changes(CaseStep.OPENED, found.only(*NEEDED), was=was)


def _traits(
    categories: list[str],
    joined_origins: list[str],
    priority: int,
    is_escalated: bool,  # noqa: FBT001  (a row)
) -> CaseTraits:
    return CaseTraits(
        categories=tuple(categories),
        joined_origins=tuple(joined_origins),
        priority=priority,
        is_escalated=is_escalated,
    )


def _case(content: Content, verdict: Verdict, *, rate: float) -> Case | None:
    if verdict.outcome is Outcome.ALLOW:
        return _audited(content, verdict, rate=rate)
    if verdict.outcome not in _ORIGINS:
        return None
    # A restricted category is not hidden, so that its case would not be blind.
    may_be_blind = verdict.outcome is Outcome.FLAG and RESTRICTED.isdisjoint(verdict.categories)
    is_blind = rate > 0 and may_be_blind and _is_drawn(content, BLIND_FLAGS)
    return _row(content, verdict, is_blind=is_blind)


def _audited(content: Content, verdict: Verdict, *, rate: float) -> Case | None:
    """Return the blind case of an allowed text if it is drawn: it looks like that of a flag."""
    if verdict.decided_by in _NOT_JUDGED or not _is_drawn(content, rate):
        return None
    return _row(content, verdict, is_blind=True, sampling=rate)


def _is_drawn(content: Content, rate: float) -> bool:
    return content.subject_type == _SAMPLED and is_drawn(
        AUDIT, content.subject_id, content.revision, rate
    )


def _row(
    content: Content, verdict: Verdict, *, is_blind: bool, sampling: float | None = None
) -> Case:
    """Return a row. A blind one has no trace of the verdict, so that no order or filter tells.

    A restricted category is an exception: it decides who sees the case.
    """
    found = {category.value for category in verdict.categories}
    categories = sorted(found & RESTRICTED if is_blind else found)
    return Case(
        subject_type=content.subject_type,
        subject_id=content.subject_id,
        revision=content.revision,
        scope_id=content.scope_id,
        origin=_ORIGINS.get(verdict.outcome, Case.Origin.FLAG),
        author_id=content.author_id,
        text=content.text,
        is_blind=is_blind,
        sampling=sampling,
        score=0.0 if is_blind else verdict.score,
        categories=categories,
        priority=priority_of(categories),
    )
