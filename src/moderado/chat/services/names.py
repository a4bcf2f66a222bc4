"""Names of accounts and rooms as subjects of moderation (ADR 0046).

This context stands above accounts and moderation, so it connects them. All functions are handlers
that run in the transaction of their event. The staff of the server decides about names, also about
those of rooms: everybody may see them, and a room's moderators would judge their own.
"""

from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from moderado.accounts.events import NameAssigned, NameProposed
from moderado.accounts.services.names import show_name
from moderado.chat.events import RoomDetailsChanged
from moderado.chat.models import Room
from moderado.chat.projection import measures_of
from moderado.chat.types import ROOM_NAME, USER_NAME
from moderado.core.database import require_transaction
from moderado.core.events import publish
from moderado.enforcement.selectors.restrictions import check_may_write
from moderado.moderation.events import SubjectShown
from moderado.moderation.services import subjects
from moderado.moderation.types import CloseReason

_SUFFIX = 4  # hexadecimal digits of the id, from its random end


def placeholder(room_id: UUID) -> str:
    """Return the neutral name that others see until a name of the room is approved."""
    with translation.override(settings.LANGUAGE_CODE):
        return _("Room %s") % room_id.hex[-_SUFFIX:].upper()


def propose_room_name(*, room: Room, name: str, author_id: UUID) -> None:
    """Propose a cleaned name for judgement. Requires a transaction."""
    require_transaction()
    subjects.propose(
        subject_type=ROOM_NAME,
        subject_id=room.id,
        text=name,
        author_id=author_id,
        shown=None if room.name == placeholder(room.id) else room.name,
        audience=room.audience,
    )


def assign_room_name(*, room: Room, name: str, actor_id: UUID | None) -> None:
    """Show a cleaned name at once: a decision of an operator. Requires a transaction."""
    require_transaction()
    subjects.accept(
        subject_type=ROOM_NAME,
        subject_id=room.id,
        text=name,
        actor_id=actor_id,
        audience=room.audience,
    )


def update_name_audience(room: Room) -> None:
    """Judge a waiting name for the present audience of its room. Requires a transaction."""
    require_transaction()
    subjects.set_audience(subject_type=ROOM_NAME, subject_id=room.id, audience=room.audience)


def withdraw_room_name(room_id: UUID) -> None:
    """End the judgement of a deleted room's name. Requires a transaction."""
    require_transaction()
    subjects.withdraw(subject_type=ROOM_NAME, subject_id=room_id, reason=CloseReason.ROOM_DELETED)


def propose_user_name(event: NameProposed) -> None:
    """Queue the name of an account for judgement. Raises Restricted: names are texts, too."""
    check_may_write(user_id=event.user_id, scope_id=None)
    subjects.propose(
        subject_type=USER_NAME,
        subject_id=event.user_id,
        text=event.name,
        author_id=event.user_id,
        shown=event.shown,
    )


def assign_user_name(event: NameAssigned) -> None:
    """Show the name that an operator gave to an account."""
    subjects.accept(
        subject_type=USER_NAME,
        subject_id=event.user_id,
        text=event.name,
        actor_id=event.actor_id,
    )


def show_judged_name(event: SubjectShown) -> None:
    """Store what others see of an account or a room from now on."""
    require_transaction()
    if event.subject_type == USER_NAME:
        show_name(user_id=event.subject_id, name=event.text)
    elif event.subject_type == ROOM_NAME:
        name = event.text or placeholder(event.subject_id)
        if Room.objects.filter(pk=event.subject_id).exclude(name=name).update(name=name):
            publish_details(Room.objects.get(pk=event.subject_id))


def publish_details(room: Room) -> None:
    """Publish what the readers of `room` see of it from now on. Requires a transaction."""
    require_transaction()
    publish(
        RoomDetailsChanged(
            room_id=room.id,
            acl_version=room.acl_version,
            name=room.name,
            is_private=room.is_private,
            moderation_mode=room.moderation_mode,
            audience=room.audience,
            measures=measures_of(room),
        )
    )
