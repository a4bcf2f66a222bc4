"""Records what changed for a person, so that devices that were away find it (ADR 0086).

Each notice to a person leaves a row, in the transaction of the change.
"""

from collections.abc import Collection, Iterator
from uuid import UUID

from moderado.core.database import as_rows, require_transaction, run_prepared
from moderado.core.ids import new_id
from moderado.enforcement.events import PersonNotified, RulingSettled
from moderado.enforcement.types import DecisionType, OwnThing
from moderado.enforcement.views import (
    AppealView,
    BlockView,
    DecisionView,
    ReportView,
    SanctionView,
    SuspensionView,
)

Change = tuple[UUID, OwnThing, UUID]  # the person, and which thing of theirs

# Ordered, so that two transactions lock rows in the same order.
_RECORD = """
    INSERT INTO enforcement_personchange (id, created_at, user_id, kind, subject_id, changed_xid)
    SELECT id, statement_timestamp(), user_id, kind, subject_id, pg_current_xact_id()::text::bigint
      FROM json_to_recordset(%s::json)
           AS given(id uuid, user_id uuid, kind text, subject_id uuid)
     ORDER BY user_id, kind, subject_id
        ON CONFLICT (user_id, kind, subject_id) DO UPDATE SET changed_xid = excluded.changed_xid
"""


def record_changes(changes: Collection[Change]) -> None:
    """Make `sync_me` return these things to their persons.

    Requires the transaction that changes them.
    """
    require_transaction()
    rows = [
        {"id": new_id(), "user_id": user_id, "kind": kind, "subject_id": subject_id}
        for user_id, kind, subject_id in set(changes)
    ]
    if rows:
        run_prepared(_RECORD, [as_rows(rows)])


def on_person_notified(event: PersonNotified) -> None:
    """Record what a notice is about. Requires a transaction."""
    require_transaction()
    record_changes([(event.user_id, *thing) for thing in _things(event)])


def on_ruling_settled(event: RulingSettled) -> None:
    """Record the decision, which its author may read from now on. Requires a transaction."""
    require_transaction()
    if event.author_id is not None:
        record_changes([(event.author_id, OwnThing.DECISION, event.ruling_id)])


def appealed_thing(decision_type: str) -> OwnThing:
    """Return what an appeal is about, as the appellant's lists have it."""
    return OwnThing.REPORT if decision_type == DecisionType.REPORT else OwnThing.DECISION


def _things(event: PersonNotified) -> Iterator[tuple[OwnThing, UUID]]:
    match event.body:
        case ReportView(id=report_id):
            yield OwnThing.REPORT, report_id
        case AppealView(id=appeal_id, decision=decision_id, decision_type=decision_type):
            yield OwnThing.APPEAL, appeal_id
            yield appealed_thing(decision_type), decision_id
        case SanctionView(id=sanction_id, decision=decision_id):
            yield OwnThing.SANCTION, sanction_id
            yield OwnThing.DECISION, decision_id
        case DecisionView(id=decision_id) | SuspensionView(id=decision_id):
            yield OwnThing.DECISION, decision_id
        case BlockView(user=blocked):
            yield OwnThing.BLOCK, blocked.id
        case _:
            raise TypeError(f"{event.notice} tells of nothing that a person can load")
