"""Audit lines of what staff read beyond their own rooms.

Staff who moderate the whole server see texts of rooms in which they are no members, and cases of
queues that only some groups may open. Each look at one of them leaves a line.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction

from moderado.chat.models import Membership
from moderado.chat.selectors.rooms import rooms_visible_to
from moderado.enforcement.selectors.queues import is_restricted
from moderado.enforcement.services.access import get_case_of_others
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.restricted_looks import audit_views_of_lines
from moderado.enforcement.types import Actor
from moderado.moderation import selectors


@transaction.atomic
def read_log(
    *,
    actor_id: UUID,
    scope_ids: Collection[UUID] | None,
    log_id: UUID,
    sees_restricted: bool = False,
) -> Any:
    """Return a `ModerationLog` line with its texts.

    A reader who is no member of its room leaves an audit line, as does one of a restricted line.

    Args:
        actor_id: Who reads it.
        scope_ids: Rooms of a moderator; None for staff: all.
        log_id: The line.
        sees_restricted: Whether they may see cases about danger to children.

    Raises:
        NotFound: It does not exist or belongs to other moderators.
        BlindCase: A blind case waits for its ruling first.
    """
    line = selectors.get_log(log_id=log_id, scope_ids=scope_ids, sees_restricted=sees_restricted)
    audit_views_of_lines(actor_id=actor_id, lines=[line])
    if scope_ids is None and line.scope_id is not None and not _is_member(actor_id, line.scope_id):
        _audit(actor_id, "log_read", "moderationlog", line.pk, line.scope_id)
    return line


@transaction.atomic
def read_case(*, actor: Actor, case_id: UUID) -> Any:
    """Return a `Case` in which the moderator is no party; a restricted one leaves an audit line.

    Raises:
        NotFound: There is no such case in these rooms and queues.
        OwnCase, OwnReport, OwnRuling: The moderator is a party.
    """
    case = get_case_of_others(actor=actor, case_id=case_id)
    audit_case_view(
        actor_id=actor.id,
        is_staff=actor.scope_ids is None,
        case_id=case.pk,
        room_id=case.scope_id,
    )
    return case


def audit_case_view(*, actor_id: UUID, is_staff: bool, case_id: UUID, room_id: UUID | None) -> None:
    """Write the line of a look at a case, if it is restricted.

    It is, in a queue for some groups alone, and for staff in a room that they may not read.
    """
    is_foreign = (
        is_staff
        and room_id is not None
        and not rooms_visible_to(actor_id).filter(pk=room_id).exists()
    )
    if is_foreign or is_restricted(user_id=actor_id, case_id=case_id):
        _audit(actor_id, "case_read", "case", case_id, room_id)


def _is_member(user_id: UUID, room_id: UUID) -> bool:
    return Membership.objects.filter(room=room_id, user=user_id).exists()


def _audit(
    actor_id: UUID, action: str, subject_type: str, subject_id: UUID, room_id: UUID | None
) -> None:
    write_line(
        actor_id=actor_id,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        room=None if room_id is None else str(room_id),
    )
