"""Verify passwords, under the sign-in limits, and record every attempt.

Every entry point (REST, page, admin) verifies here. The order is: limits (Redis), hashing slot,
database. A flood of attempts therefore holds no database connection while it waits.
"""

from uuid import UUID

import structlog
from django.contrib.auth.hashers import check_password, make_password

from moderado.accounts import bans, devices, quota
from moderado.accounts.errors import WrongCredentials
from moderado.accounts.hashers import hashing_slot
from moderado.accounts.models import User
from moderado.accounts.types import Origin
from moderado.core.database import release_connection
from moderado.core.errors import ApplicationError, RateLimited
from moderado.core.metrics import SIGN_INS

log = structlog.get_logger(__name__)


def verify(*, email: str, password: str, origin: Origin | None) -> User:
    """Return the active account with this password.

    The hasher also runs for unknown e-mails and inactive accounts, so that all refusals take the
    same time.

    Args:
        origin: Where the attempt comes from. None counts and records nothing.

    Raises:
        WrongCredentials: Unknown e-mail, wrong password or inactive account.
        RateLimited: One of the sign-in limits is reached.
        Unavailable: Too many passwords are being hashed.
        ApplicationError: The account is banned. Only its owner learns that, and why.
    """
    is_attacked = origin is not None and _counted(email, origin)
    with hashing_slot():
        user = _user_of(email)
        release_connection()
        is_right = _is_password(user, password)
    if user is None or not is_right or not user.is_active:
        _record_failure(origin, user, reason="wrong_credentials", is_attacked=is_attacked)
        raise WrongCredentials
    try:
        bans.check_account(user.id)
    except ApplicationError:
        _record_failure(origin, user, reason="banned")
        raise
    if origin is not None:
        devices.remember_network(email=email, address=origin.address)
        SIGN_INS.labels(entry_point=origin.entry_point, outcome="succeeded").inc()
        log.info(
            "sign_in_succeeded",
            entry_point=origin.entry_point,
            user_id=user.id,
            address=origin.address,
        )
    return user


def confirm(*, user: User, password: str, session_id: UUID | str, origin: Origin) -> bool:
    """Return whether `password` is that of the signed-in `user`, counted for the session.

    Raises:
        RateLimited: Too many attempts in this session.
        Unavailable: Too many passwords are being hashed.
    """
    quota.count_confirmation(session_id=str(session_id))
    with hashing_slot():
        is_right = check_password(password, user.password)
    if not is_right:
        _record_failure(origin, user, reason="wrong_confirmation")
    return is_right


def _counted(email: str, origin: Origin) -> bool:
    try:
        return quota.count_sign_in(email=email, origin=origin)
    except RateLimited:
        _record_failure(origin, None, reason="rate_limited")
        raise


def _user_of(email: str) -> User | None:
    try:
        return User.objects.get_by_natural_key(email)
    except User.DoesNotExist:
        return None


def _is_password(user: User | None, password: str) -> bool:
    if user is None:
        make_password(password)  # takes as long as a check
        return False
    return user.check_password(password)


def _record_failure(
    origin: Origin | None, user: User | None, *, reason: str, is_attacked: bool = False
) -> None:
    if origin is None:
        return
    SIGN_INS.labels(entry_point=origin.entry_point, outcome=reason).inc()
    log.warning(
        "sign_in_failed",
        entry_point=origin.entry_point,
        reason=reason,
        user_id=None if user is None else user.id,
        address=origin.address,
    )
    if is_attacked:
        SIGN_INS.labels(entry_point=origin.entry_point, outcome="slowed").inc()
        log.error("account_attacked", user_id=None if user is None else user.id)
