"""End what waits for a moderator in a room that is deleted: its cases, and the texts held by them.

A case may stay open after its room all the same: an earlier release left those of names, a claim
or a ruling held the case at that moment, or the room's name was judged later. A task closes it.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from moderado.chat.models import Message, Room
from moderado.chat.services.names import withdraw_room_name
from moderado.chat.services.notices import announce
from moderado.chat.services.publication import Changed, write
from moderado.chat.services.transitions import SUBJECT, advance, text_of
from moderado.chat.states import Decision, Ruling
from moderado.chat.types import ROOM_NAME
from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.core.row_by_row import row_by_row
from moderado.enforcement.types import ROOM
from moderado.moderation.selectors import open_cases
from moderado.moderation.services.closing import close_cases_of_scope, is_handed_over
from moderado.moderation.services.recording import record
from moderado.moderation.types import CloseReason, Content, Outcome, Reason, Verdict

BATCH = 50  # rooms, each in a transaction of its own

_HELD = Message.Status.HELD
_WHY = Decision(Reason.ROOM_DELETED)
_VERDICT = Verdict(
    outcome=Outcome.BLOCK, reason=Reason.ROOM_DELETED, decided_by=Reason.ROOM_DELETED
)


def end_review(room_id: UUID) -> None:
    """Close the open cases in and about a room, and refuse the texts that were held for them.

    Messages that members have reported are decided by the moderators of the server: who deletes
    the room may be their author (ADR 0136). The authors of held texts learn that no moderator will
    decide. Requires a transaction that holds the room's lock. So this waits for no message: the
    case of one that is locked at this moment stays open, until its transaction or the task ends it.
    """
    require_transaction()
    cases = open_cases().filter(scope_id=room_id)
    held = Message.objects.filter(
        Q(status=_HELD) | Q(edit_status=_HELD), pk__in=cases.values("subject_id")
    )
    free = held.select_for_update(of=("self",), skip_locked=True, no_key=True)
    messages = list(free.select_related("author"))
    busy = held.exclude(pk__in=[message.pk for message in messages]).values_list("pk", flat=True)
    closed = close_cases_of_scope(
        scope_id=room_id,
        own_type=ROOM,
        reason=CloseReason.ROOM_DELETED,
        kept_type=SUBJECT,
        kept=list(busy),
    )
    _refuse([message for message in messages if message.pk in closed])


def close_left_cases() -> int:
    """End the review of deleted rooms that have open cases, and the judgement of their names.

    Returns:
        The number of rooms. `BATCH`: there may be more.
    """
    of_texts = open_cases().filter(~is_handed_over(SUBJECT), scope_id=OuterRef("pk"))
    about = open_cases().filter(subject_type__in=(ROOM_NAME, ROOM), subject_id=OuterRef("pk"))
    deleted = Room.objects.filter(deleted_at__isnull=False)
    left = deleted.filter(Exists(of_texts)) | deleted.filter(Exists(about))
    ids = list(left.values_list("pk", flat=True)[:BATCH])
    return len(list(row_by_row("close_cases_of_deleted_rooms", ids, _close)))


@retry_on_deadlock
@transaction.atomic
def _close(room_id: UUID) -> None:
    Room.objects.select_for_update(no_key=True).get(pk=room_id)
    end_review(room_id)
    withdraw_room_name(room_id)


def _refuse(held: Sequence[Message]) -> None:
    ended = []
    for message in held:
        is_main = message.status == _HELD
        revision = message.revision if is_main else message.edit_revision or 0
        # As a moderator would, since none can any more.
        step = advance(message, Ruling(revision, Outcome.BLOCK), why=_WHY)
        ended.append((message, revision, step))
    if not ended:
        return
    record([(_content(message, revision), _VERDICT) for message, revision, _ in ended])
    write([Changed(message, step.change) for message, _, step in ended])
    for message, _, step in ended:
        announce(message, step, _WHY)


def _content(message: Message, revision: int) -> Content:
    return Content(
        subject_type=SUBJECT,
        subject_id=message.id,
        revision=revision,
        text=text_of(message, revision) or "",
        scope_id=message.room_id,
        author_id=message.author_id,
    )
