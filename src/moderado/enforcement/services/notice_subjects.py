"""Finds what a notice points at: an address of this server, or an id.

The notifier never learns whether it exists: what is not found goes to the staff of the server.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote
from uuid import UUID

from moderado.accounts.models import User
from moderado.enforcement.services.report_subjects import Reported
from moderado.enforcement.types import PERSON, ROOM

_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
# Word processors and PDFs change hyphens, and break long addresses.
_DASHES = re.compile(r"[\u2010-\u2015\u2212\ufe63\uff0d]")
_BREAKS = re.compile(r"[\s\u00ad]+")
_IDS = 4  # looked at; an address names the room first, then the message

Find = Callable[[UUID], Reported | None]

_finders: dict[str, Find] = {}


def provide_noticed(subject_type: str, find: Find) -> None:
    """Register how subjects of a type are found, visible or not. Called by wiring."""
    _finders[subject_type] = find


def noticed(reference: str) -> tuple[str, UUID, Reported] | None:
    """Return the subject that a reference names last, with its type and id; None if there is none.

    A room is not meant if what the reference names in it is gone.

    Args:
        reference: As the notifier wrote it.
    """
    is_gone = False
    for subject_id in reversed(_ids(reference)[:_IDS]):
        for subject_type, find in _finders.items():
            subject = find(subject_id)
            if subject is not None:
                is_meant = subject_type != ROOM or not is_gone
                return (subject_type, subject_id, subject) if is_meant else None
        is_gone = True
    return None


def _ids(reference: str) -> list[UUID]:
    written = _DASHES.sub("-", unquote(reference))
    return [UUID(found) for found in _ID.findall(_BREAKS.sub("", written))]


def _person(user_id: UUID) -> Reported | None:
    user = User.objects.filter(pk=user_id, erased_at=None).first()
    return None if user is None else Reported(revision=1, text=user.name, author_id=user.id)


provide_noticed(PERSON, _person)
