"""Measures on a room against raids, each until a moment: freeze, newcomers wait, slow mode.

The statements that store messages read the columns of the room (`selectors.refusals`), so that a
measure binds with its commit, ends without any task, and costs no statement.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from moderado.chat.errors import NoSuchRoom
from moderado.chat.models import Room
from moderado.chat.services.names import publish_details
from moderado.core import clock
from moderado.core.database import retry_on_deadlock
from moderado.core.errors import Invalid
from moderado.enforcement.services.audit import write_line

log = structlog.get_logger(__name__)

LONGEST = timedelta(days=366)
NEWCOMER_AGE = timedelta(days=1)  # who joined later than this before the measure is a newcomer
SLOWEST = 21_600  # seconds between two messages

Scopes = Collection[UUID] | None


def freeze_room(
    *, actor_id: UUID, scope_ids: Scopes, room_id: UUID, until: datetime | None
) -> Room:
    """Make a room read-only for members; its moderators still write.

    Args:
        actor_id: The moderator.
        scope_ids: Rooms of the moderator; None for staff: all.
        room_id: The room.
        until: When it ends; None ends it now.

    Raises:
        NoSuchRoom: There is no such room in these scopes.
        Invalid: The moment is not within the next 366 days.
    """
    values = {"frozen_until": _checked(until)}
    return _measure(actor_id, scope_ids, room_id, "room_frozen", until, values)


def let_newcomers_wait(
    *, actor_id: UUID, scope_ids: Scopes, room_id: UUID, until: datetime | None
) -> Room:
    """Block posts of members who joined less than a day ago. Otherwise as `freeze_room`."""
    after = None if until is None else clock.now() - NEWCOMER_AGE
    values = {"newcomers_wait_until": _checked(until), "newcomers_after": after}
    return _measure(actor_id, scope_ids, room_id, "newcomers_wait", until, values)


def slow_room(
    *, actor_id: UUID, scope_ids: Scopes, room_id: UUID, until: datetime | None, seconds: int
) -> Room:
    """Limit members to one message in `seconds`, 1 to 21,600. Otherwise as `freeze_room`."""
    if not 1 <= seconds <= SLOWEST:
        raise Invalid(fields={"seconds": _("1 to 21,600 seconds.")})
    interval = None if until is None else seconds
    values = {"slow_mode_until": _checked(until), "slow_mode_seconds": interval}
    return _measure(actor_id, scope_ids, room_id, "slow_mode", until, values)


def measures_on(*, scope_ids: Scopes, room_id: UUID) -> Room:
    """Return a room with the measures on it.

    Raises:
        NoSuchRoom: There is no such room in these scopes.
    """
    found = Room.objects.filter(pk=room_id, deleted_at=None)
    room = found.first() if scope_ids is None or room_id in scope_ids else None
    if room is None:
        raise NoSuchRoom
    return room


def _checked(until: datetime | None) -> datetime | None:
    now = clock.now()
    if until is not None and not now < until <= now + LONGEST:
        raise Invalid(fields={"until": _("A moment within the next 366 days.")})
    return until


@retry_on_deadlock
@transaction.atomic
def _measure(
    actor_id: UUID,
    scope_ids: Scopes,
    room_id: UUID,
    action: str,
    until: datetime | None,
    values: dict[str, Any],
) -> Room:
    """Store the values of a measure in the columns of the room, with an audit line.

    `action` names the beginning of the measure: `<action>_ended` is its end.
    """
    found = Room.objects.select_for_update(no_key=True).filter(pk=room_id, deleted_at=None)
    room = found.first() if scope_ids is None or room_id in scope_ids else None
    if room is None:
        raise NoSuchRoom
    for name, value in values.items():
        setattr(room, name, value)
    room.save(update_fields=list(values))
    write_line(
        actor_id=actor_id,
        action=action if until else f"{action}_ended",
        subject_type="room",
        subject_id=room.id,
        until=until and until.isoformat(),
    )
    publish_details(room)
    log.info("room_measure", action=action, room_id=str(room_id), actor_id=str(actor_id))
    return room
