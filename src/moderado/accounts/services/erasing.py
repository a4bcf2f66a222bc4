"""Close an account for ever, and replace what identifies its owner (ADR 0079).

The row stays: messages, decisions and the log refer to it.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _

from moderado.accounts.lookalikes import email_key
from moderado.accounts.models import ClientKey, Invitation, Session, User
from moderado.core.database import require_transaction

_DOMAIN = "erased.invalid"  # RFC 2606: no mail is ever delivered there


def close_account(*, user_id: UUID, is_final: bool) -> datetime:
    """Deactivate the account and end its sessions.

    Args:
        user_id: The account.
        is_final: Whether nothing written by it may be stored from now on. False while a legal hold
            keeps the account.

    Returns:
        When it was closed, by PostgreSQL's clock: every transaction that begins later sees it.
    """
    _close(user_id, is_final=is_final)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        closed_at: datetime = cursor.fetchone()[0]
    return closed_at


@transaction.atomic
def _close(user_id: UUID, *, is_final: bool) -> None:
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save(update_fields=["is_active", "is_staff", "is_superuser", "password"])
    user.groups.clear()
    user.user_permissions.clear()
    if is_final:
        User.objects.filter(pk=user_id, erased_at=None).update(erased_at=Now())


def hide_name(*, user_id: UUID) -> str | None:
    """Show others no name of a closed account whose data a legal hold keeps.

    Requires a transaction.

    Returns:
        The name that was shown, for the caller to keep; None if it was hidden before.
    """
    require_transaction()
    user = User.objects.select_for_update(no_key=True).get(pk=user_id, is_active=False)
    hidden = _shown_name()
    if user.name == hidden:
        return None
    User.objects.filter(pk=user_id).update(name=hidden)
    return str(user.name)


def _shown_name() -> str:
    with translation.override(settings.LANGUAGE_CODE):
        return _("Erased account")


@transaction.atomic
def replace_identity(*, user_id: UUID) -> None:
    """Replace e-mail and name, and empty what sessions and invitations say about the owner.

    Idempotent. Requires that the account was closed.
    """
    email = f"{user_id}@{_DOMAIN}"
    User.objects.filter(pk=user_id, is_active=False).update(
        email=email,
        email_key=email_key(email),
        name=_shown_name(),
        language=settings.LANGUAGE_CODE,
        last_login=None,
    )
    Session.objects.filter(user_id=user_id).exclude(user_agent="").update(user_agent="")
    Invitation.objects.filter(used_by_id=user_id).exclude(note="").update(note="")
    ClientKey.objects.filter(owner_id=user_id).delete()
