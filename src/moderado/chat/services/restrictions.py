"""What restricts the verdict on a text, besides the providers.

- A text that a moderator blocked is held when the same author writes it in the same room again.
- A text that an order has removed is held, by any author and in any room.
- A text that waits is not shown after its author was removed from the room, deactivated or
  banned: the setting PENDING_OF_REMOVED decides.
- A text that waits is not shown in a room that was deleted.

A claim says for which messages this must be looked up: in the common case no statement is needed.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from django.conf import settings

from moderado.chat.models import Message
from moderado.chat.services.verdicts import Judged
from moderado.core.database import as_rows, recordset, run_prepared
from moderado.enforcement.selectors.restrictions import is_banned_sql
from moderado.moderation.services.blocked_texts import digests_of
from moderado.moderation.services.hash_bank import ORDERED_REMOVAL, current_version, is_banked
from moderado.moderation.types import Outcome, Reason, Verdict

BLOCKED_BEFORE = "blocked_before"

_ABSENT = {"withhold": Outcome.BLOCK, "hold": Outcome.HOLD, "publish": None}
_ASKED = {"id": "uuid", "room_id": "uuid", "author_id": "uuid", "digests": "text[]"}


def was_removed_sql(room: str, author: str) -> str:
    """Return an SQL condition: the author was removed from the room, and has not joined again.

    A scalar subquery with LIMIT: PostgreSQL cannot replace it by a scan of the whole table.
    """
    return f"""coalesce((SELECT true FROM chat_removal
        WHERE room_id = {room} AND user_id = {author}
          AND (SELECT count(*) FROM chat_membership
                WHERE room_id = {room} AND user_id = {author}) = 0
        LIMIT 1), false)
    """  # noqa: S608  (names of columns)


def has_blocked_texts_sql(room: str, author: str) -> str:
    """Return an SQL condition: a moderator has blocked a text of the author in this room."""
    return f"""coalesce((SELECT true FROM moderation_blockedtext
        WHERE scope_id = {room} AND author_id = {author} LIMIT 1), false)
    """  # noqa: S608  (names of columns)


_LOOK_UP = f"""
    SELECT asked.id,
        (SELECT deleted_at IS NOT NULL FROM chat_room WHERE id = asked.room_id),
        NOT (SELECT is_active FROM accounts_user WHERE id = asked.author_id)
            OR {is_banned_sql("asked.author_id", "asked.room_id")}
            OR {was_removed_sql("asked.room_id", "asked.author_id")},
        coalesce((SELECT true FROM moderation_blockedtext
            WHERE scope_id = asked.room_id AND author_id = asked.author_id
              AND digest = ANY (ARRAY(SELECT decode(unnest(asked.digests), 'hex')))
            LIMIT 1), false)
      FROM {recordset("asked", _ASKED)}
"""  # noqa: S608  (as above)


def restrict(judged: Sequence[Judged], only: Collection[UUID] | None = None) -> Sequence[Judged]:
    """Return the verdicts with the restrictions that hold now.

    Args:
        judged: Locked messages with their verdicts.
        only: The messages for which to look; all of them if None.
    """
    judged = _without_banked(judged)
    asked = [each for each in judged if only is None or each.message.id in only]
    if not asked:
        return judged
    rows = run_prepared(_LOOK_UP, [as_rows(map(_row, asked))])
    found = {row[0]: (row[1], row[2], row[3]) for row in rows}
    return [
        each if each.message.id not in found else _restricted(each, found[each.message.id])
        for each in judged
    ]


def _without_banked(judged: Sequence[Judged]) -> Sequence[Judged]:
    """Hold the texts that an order has removed, by the version of the bank that the claim names."""
    placed = [each.message.placement for each in judged]
    if all(place is not None and place.bank is None for place in placed):
        return judged
    unplaced = current_version() if any(place is None for place in placed) else None
    return [
        _held(each, ORDERED_REMOVAL)
        if is_banked(each.content.text, version=place.bank if place is not None else unplaced)
        else each
        for each, place in zip(judged, placed, strict=True)
    ]


def _row(judged: Judged) -> dict[str, object]:
    message = judged.message
    digests = digests_of(
        scope_id=message.room_id, author_id=message.author_id, text=judged.content.text
    )
    return {
        "id": message.id,
        "room_id": message.room_id,
        "author_id": message.author_id,
        "digests": [digest.hex() for digest in digests],
    }


def _restricted(judged: Judged, found: tuple[bool, bool, bool]) -> Judged:
    verdict = judged.verdict
    is_room_deleted, is_author_absent, is_blocked = found
    message, revision = judged.message, judged.content.revision
    is_visible = message.status == Message.Status.APPROVED and revision == message.revision
    if is_blocked:
        verdict = _at_least(Outcome.HOLD, verdict, Reason.REVIEW, BLOCKED_BEFORE)
    if is_room_deleted and not is_visible:
        verdict = _at_least(Outcome.BLOCK, verdict, Reason.ROOM_DELETED, Reason.ROOM_DELETED)
    elif is_author_absent and not is_visible:
        wanted = _ABSENT[settings.ENV.pending_of_removed]
        if wanted:
            verdict = _at_least(wanted, verdict, Reason.AUTHOR_REMOVED, Reason.AUTHOR_REMOVED)
    return Judged(message, judged.content, verdict)


def _held(judged: Judged, decided_by: str) -> Judged:
    verdict = _at_least(Outcome.HOLD, judged.verdict, Reason.REVIEW, decided_by)
    return Judged(judged.message, judged.content, verdict)


def _at_least(wanted: Outcome, verdict: Verdict, reason: Reason, decided_by: str) -> Verdict:
    if verdict.outcome.severity >= wanted.severity:
        return verdict
    return replace(verdict, outcome=wanted, reason=reason, decided_by=decided_by)
