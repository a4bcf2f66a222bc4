"""One-time codes with which people register if `REGISTRATION` is `invite`.

A code has 128 random bits, so that a plain digest of it cannot be reversed. The code itself is
never stored or logged. It is shown once, and to a client that repeats its request with the same
`client_id`: the code of such a request is derived from the invitation's id by the server's key.
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import Invitation, User
from moderado.accounts.services.client_keys import first_result
from moderado.accounts.types import NewInvitation
from moderado.core import clock, text
from moderado.core.database import require_transaction
from moderado.core.errors import Invalid, NotFound
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.core.staff_actions import StaffActed

log = structlog.get_logger(__name__)

CODE_LENGTH = 64  # the longest text that is looked up
MAX_DAYS = 365
NOTE_LENGTH = 200
_CODE_BYTES = 16
_SALT = "moderado.accounts.invitation_code"
_REFUSED = _("This invitation does not exist, was used or has expired.")
_MISSING = _("You need an invitation to register on this server.")


@transaction.atomic
def create_invitation(
    *,
    actor_id: UUID | None,
    note: str = "",
    days: int | None = None,
    client_id: str | None = None,
) -> NewInvitation:
    """Create an invitation and return it with its code, which cannot be read again.

    A repeat returns the first invitation with its code.

    Args:
        actor_id: The member of staff; None for a command.
        note: Whom it is for; only staff see it.
        days: Until it expires; `INVITATION_DAYS` if None.
        client_id: The actor's own id of the invitation, for repeats.

    Raises:
        Conflict: `client_id` was used for another invitation.
        NotFound: The first invitation was revoked, or `SECRET_KEY` has changed since.
        Invalid: The note or the number of days is not allowed.
    """
    invitation_id = new_id()
    first_id = first_result(
        owner_id=actor_id,
        kind="invitation",
        client_id=client_id,
        content=[note, days],
        result_id=invitation_id,
    )
    if first_id is not None:
        return _shown_again(first_id)
    if note.strip():
        note = text.clean_line(note, max_length=NOTE_LENGTH, field="note")
    days = settings.ENV.invitation_days if days is None else days
    if not 1 <= days <= MAX_DAYS:
        raise Invalid(fields={"days": _("Choose 1 to 365 days.")})
    code = secrets.token_urlsafe(_CODE_BYTES) if client_id is None else _derived(invitation_id)
    invitation = Invitation.objects.create(
        id=invitation_id,
        digest=_digest(code),
        note=note.strip(),
        created_by_id=actor_id,
        expires_at=clock.now() + timedelta(days=days),
    )
    _audit(actor_id, "invitation_created", invitation.id)
    log.info("invitation_created", invitation_id=invitation.id, actor_id=actor_id)
    return _with_code(invitation, code)


@transaction.atomic
def revoke_invitation(*, invitation_id: UUID, actor_id: UUID) -> None:
    """Delete an unused invitation. Raises NotFound, also for a used one, which is a record."""
    revoked, _by_model = Invitation.objects.filter(id=invitation_id, used_at=None).delete()
    if not revoked:
        raise NotFound
    _audit(actor_id, "invitation_revoked", invitation_id)
    log.info("invitation_revoked", invitation_id=invitation_id, actor_id=actor_id)


def check_invitation(code: str) -> None:
    """Refuse a code that cannot be used now, without using it. Raises Invalid."""
    if not code.strip():
        raise Invalid(fields={"invitation": _MISSING})
    if not _usable(code).exists():
        raise Invalid(fields={"invitation": _REFUSED})


def use_invitation(code: str, *, user: User) -> None:
    """Use a code for an account that the same transaction creates. Requires a transaction.

    Of two transactions, the second waits for the first, and then finds no unused code.

    Raises:
        Invalid: The code cannot be used, or was used meanwhile.
    """
    require_transaction()
    if not _usable(code).update(used_at=Now(), used_by=user):
        raise Invalid(fields={"invitation": _REFUSED})
    log.info("invitation_used", user_id=user.id)


def _shown_again(invitation_id: UUID) -> NewInvitation:
    invitation = Invitation.objects.filter(pk=invitation_id).first()
    code = _derived(invitation_id)
    if invitation is None or bytes(invitation.digest) != _digest(code):
        raise NotFound
    return _with_code(invitation, code)


def _with_code(invitation: Invitation, code: str) -> NewInvitation:
    return NewInvitation(
        id=invitation.id,
        code=code,
        note=invitation.note,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
    )


def _derived(invitation_id: UUID) -> str:
    keyed = salted_hmac(_SALT, str(invitation_id), algorithm="sha256").digest()
    return urlsafe_b64encode(keyed[:_CODE_BYTES]).rstrip(b"=").decode()


def _audit(actor_id: UUID | None, action: str, invitation_id: UUID) -> None:
    publish(
        StaffActed(
            actor_id=actor_id, action=action, subject_type="invitation", subject_id=invitation_id
        )
    )


def _usable(code: str) -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        digest=_digest(code.strip()), used_at=None, expires_at__gt=Now()
    )


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode(errors="replace")).digest()
