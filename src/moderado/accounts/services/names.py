"""Names of accounts. `User.name` is what others see; a new name is judged first (ADR 0046)."""

from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from moderado.accounts.events import NameAssigned, NameProposed
from moderado.accounts.models import User
from moderado.core import text
from moderado.core.database import require_transaction
from moderado.core.events import publish

NAME_LENGTH = 80
_SUFFIX = 4  # hexadecimal digits of the id, from its random end


def clean_name(name: str) -> str:
    """Return `name` cleaned: one line, NFC, no invisible characters. Raises Invalid for `name`."""
    return text.clean_line(name, max_length=NAME_LENGTH, field="name")


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
