"""Create, change and deactivate accounts."""

from collections.abc import Callable
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth import password_validation
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderado.accounts import bans
from moderado.accounts.errors import NotAuthenticated, RegistrationClosed
from moderado.accounts.lookalikes import email_key
from moderado.accounts.models import User
from moderado.accounts.services import invitations, sessions, sign_in, superusers
from moderado.accounts.services.names import (
    NAME_LENGTH as NAME_LENGTH,
)
from moderado.accounts.services.names import (
    checked_name,
    placeholder,
    propose_name,
)
from moderado.accounts.types import Origin
from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.core.errors import Invalid

log = structlog.get_logger(__name__)

FieldErrors = dict[str, str | Promise]

EMAIL_LENGTH = 254
MAX_PASSWORD_LENGTH = 256  # code points; hashing a longer password only costs time

EMAIL_TAKEN = _("There is an account with this e-mail already.")


def register(
    *, email: str, name: str, password: str, language: str | None = None, invitation: str = ""
) -> User:
    """Create an account that may sign in at once.

    Others see a placeholder until the name has been judged. A refusal does not use the invitation.

    Raises:
        Invalid: `fields` names every invalid value: e-mail (malformed or taken), name, password
            (against AUTH_PASSWORD_VALIDATORS), language. Only `invitation` where that is refused:
            who has none does not learn which e-mails have accounts.
        RegistrationClosed: The operators do not let people register.
        ApplicationError: An account of this e-mail is banned.
    """
    if settings.REGISTRATION == "closed":
        raise RegistrationClosed
    if settings.REGISTRATION == "invite":
        invitations.check_invitation(invitation)
    email = email.strip().lower()
    language = language or settings.LANGUAGE_CODE
    applicant = User(email=email, name=name, language=language)
    errors = {
        **_field_errors("email", _check_email, email),
        **_field_errors("name", checked_name, name),
        **_field_errors("password", _check_password, password, applicant),
        **_field_errors("language", _check_language, language),
    }
    if not errors:
        bans.check_email(email)
    same = User.objects.filter(Q(email=email) | Q(email_key=email_key(email)))
    if not errors and same.exists():
        errors["email"] = EMAIL_TAKEN
    if errors:
        raise Invalid(fields=errors)
    applicant.name = checked_name(name)
    return _created(applicant, password, invitation=invitation)


@retry_on_deadlock
@transaction.atomic
def update_profile(*, user_id: UUID, name: str | None = None, language: str | None = None) -> User:
    """Change the given values of the account; None keeps a value.

    A name is proposed: others see the former one until it has been judged.

    Raises:
        Invalid: The name or the language is not allowed.
    """
    user = active_account(user_id)
    if name is not None:
        propose_name(user=user, name=checked_name(name, user=user))
    if language is not None:
        if errors := _field_errors("language", _check_language, language):
            raise Invalid(fields=errors)
        user.language, user.language_chosen = language, True
        user.save(update_fields=["language", "language_chosen"])
    return user


def change_password(
    *, user_id: UUID, session_id: UUID, current_password: str, new_password: str, origin: Origin
) -> User:
    """Set a new password and end every other session of the account.

    Args:
        session_id: The session in which the password is changed. It stays open.

    Raises:
        Invalid: `fields` names the wrong current password or the refused new one.
        RateLimited: Too many wrong passwords in this session.
        NotAuthenticated: The account was deactivated or got another password meanwhile.
    """
    user = active_account(user_id)
    if not sign_in.confirm(
        user=user, password=current_password, session_id=session_id, origin=origin
    ):
        raise Invalid(fields={"current_password": _("This is not your password.")})
    if new_password == current_password:
        raise Invalid(fields={"new_password": _("This is your present password.")})
    if errors := _field_errors("new_password", _check_password, new_password, user):
        raise Invalid(fields=errors)
    _replace_password(user, new_password, kept=session_id)
    log.warning("password_changed", user_id=user_id, session_id=session_id)
    return user


def _replace_password(user: User, password: str, *, kept: UUID) -> None:
    checked, user.password = user.password, make_password(password)
    unchanged = User.objects.filter(id=user.id, is_active=True, password=checked)
    with transaction.atomic():
        # Not `save`: its receiver would end the kept session too.
        if not unchanged.update(password=user.password):
            raise NotAuthenticated
        sessions.end_sessions_of(user_id=user.id, kept=kept)


def deactivate(*, user_id: UUID) -> None:
    """Deactivate the account and end its sessions. Its messages remain.

    Raises:
        LastSuperuser: It is the last superuser who can act.
    """
    with transaction.atomic():
        superusers.keep_another(user_id)
        user = active_account(user_id)
        user.is_active = False
        user.save(update_fields=["is_active"])


def active_account(user_id: UUID, *, is_locked: bool = False) -> User:
    """Return an account that is active now, whatever it was when its request was admitted.

    What stores words of an account calls this in its transaction: an erasure waits for those that
    began before it closed the account.

    Args:
        user_id: The account.
        is_locked: Whether to lock its row. Requires a transaction.

    Raises:
        NotAuthenticated: It was deactivated meanwhile.
    """
    accounts = User.objects.all()
    if is_locked:
        require_transaction()
        accounts = accounts.select_for_update(no_key=True)
    user = accounts.filter(id=user_id, is_active=True).first()
    if user is None:
        raise NotAuthenticated
    return user


def _created(user: User, password: str, *, invitation: str) -> User:
    name, user.name = user.name, placeholder(user.id)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            if settings.REGISTRATION == "invite":
                invitations.use_invitation(invitation, user=user)
            propose_name(user=user, name=name)
    except IntegrityError:  # registered by another request since the check
        raise Invalid(fields={"email": EMAIL_TAKEN}) from None
    return user


def _field_errors(field: str, check: Callable[..., object], *values: object) -> FieldErrors:
    """Return the errors of `check` on `values`, one a line, under the name of the field."""
    try:
        check(*values)
    except ValidationError as error:
        return {field: "\n".join(error.messages)}
    except Invalid as error:
        return error.fields
    return {}


def _check_email(email: str) -> None:
    if len(email) > EMAIL_LENGTH:
        raise ValidationError(_("Enter a valid e-mail address."))
    validate_email(email)


def _check_password(password: str, user: User) -> None:
    if len(password) > MAX_PASSWORD_LENGTH:
        raise ValidationError(_("The password is too long."))
    password_validation.validate_password(password, user=user)


def _check_language(language: str) -> None:
    if language not in User.Language.values:
        raise ValidationError(_("This language is not offered."))
