"""Names of accounts. `User.name` is what others see; a new name is judged first (ADR 0046)."""

from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderado.accounts.events import NameAssigned, NameProposed
from moderado.accounts.lookalikes import looks_like, reserved_word_in
from moderado.accounts.models import User
from moderado.core import text
from moderado.core.database import require_transaction
from moderado.core.errors import Invalid
from moderado.core.events import publish

NAME_LENGTH = 80
_RESERVED = gettext_lazy("This name is reserved for the staff.")
_LIKE_STAFF = gettext_lazy("This name looks like that of a member of the staff.")
_SUFFIX = 4  # hexadecimal digits of the id, from its random end


def clean_name(name: str) -> str:
    """Return `name` cleaned: one line, NFC, no invisible characters. Raises Invalid for `name`."""
    return text.clean_line(name, max_length=NAME_LENGTH, field="name")


def checked_name(name: str, *, user: User | None = None) -> str:
    """Return `name` cleaned, if an account may have it.

    Args:
        name: As the account wants it.
        user: The account; None for one that is about to be created.

    Raises:
        Invalid: As `clean_name`; or the name looks like that of staff, and the account is none.
    """
    cleaned = clean_name(name)
    if user is not None and user.is_staff:
        return cleaned
    if reserved_word_in(cleaned, tuple(settings.ENV.reserved_names)):
        raise Invalid(fields={"name": _RESERVED})
    if settings.ENV.protected_names == "staff":
        staff = User.objects.filter(is_staff=True, is_active=True).values_list("name", flat=True)
        if any(looks_like(cleaned, other) for other in staff):
            raise Invalid(fields={"name": _LIKE_STAFF})
    return cleaned


def placeholder(user_id: UUID) -> str:
    """Return the neutral name that others see until a name of the account is approved."""
    with translation.override(settings.LANGUAGE_CODE):
        return _("Member %s") % user_id.hex[-_SUFFIX:].upper()


def propose_name(*, user: User, name: str) -> None:
    """Propose a cleaned name for judgement. Requires a transaction."""
    require_transaction()
    shown = None if user.name == placeholder(user.id) else user.name
    publish(NameProposed(user_id=user.id, name=name, shown=shown))


def assign_name(*, user_id: UUID, name: str, actor_id: UUID | None) -> None:
    """Give an account a name that is shown at once: a decision of an operator, which is logged.

    Requires a transaction.

    Args:
        user_id: The account.
        name: The name, which is cleaned.
        actor_id: The member of staff; None for a command or a script.

    Raises:
        Invalid: The name is empty, too long or cannot be stored.
    """
    require_transaction()
    publish(NameAssigned(user_id=user_id, name=clean_name(name), actor_id=actor_id))


def show_name(*, user_id: UUID, name: str | None) -> None:
    """Store the name that others see from now on; the placeholder if None."""
    User.objects.filter(pk=user_id).update(name=name or placeholder(user_id))
