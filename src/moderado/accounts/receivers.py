"""Signal handlers for sign-ins through Django (admin, page) and for changes of accounts."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from moderado.accounts import devices
from moderado.accounts.events import AccountActivated, AccountDeactivated
from moderado.accounts.models import User
from moderado.accounts.services import sessions
from moderado.accounts.types import CONFIRMED_KEY, SESSION_KEY
from moderado.core import clock
from moderado.core.events import publish
from moderado.core.languages import language_of_request


@receiver(user_logged_in, dispatch_uid="moderado.open_session")
def open_session(request: HttpRequest, user: User, **_: Any) -> None:
    end_session(request)  # a new sign-in ends the previous session
    user_agent = request.META.get("HTTP_USER_AGENT", "")
    session = sessions.open_session(
        user=user, user_agent=user_agent, language=language_of_request(request)
    )
    request.session[SESSION_KEY] = str(session.id)
    request.session[CONFIRMED_KEY] = int(clock.estimated().timestamp())
    known = request.COOKIES.get(devices.COOKIE)
    # AuthenticationMiddleware sends it.
    request.new_device = devices.issue_device(email=user.email, known=known)  # type: ignore[attr-defined]


@receiver(user_logged_out, dispatch_uid="moderado.end_session")
def end_session(request: HttpRequest, **_: Any) -> None:
    session_id = request.session.get(SESSION_KEY)
    if session_id:
        sessions.end_session(session_id=UUID(session_id))


@receiver(post_save, sender=User, dispatch_uid="moderado.end_sessions_of_changed_user")
def end_sessions(instance: User, *, created: bool, **_: Any) -> None:
    """End every session of a deactivated account or after a new password.

    `_password` is Django's mark of a changed password: `set_password` sets it, whereas an upgraded
    hash at sign-in does not.
    """
    password_changed = getattr(instance, "_password", None) is not None
    if not created and (password_changed or not instance.is_active):
        sessions.end_sessions_of(user_id=instance.id)


@receiver(post_save, sender=User, dispatch_uid="moderado.publish_activation")
def publish_activation(
    instance: User, *, created: bool, update_fields: Collection[str] | None, **_: Any
) -> None:
    if created:
        return
    if not instance.is_active:
        publish(AccountDeactivated(user_id=instance.id))
    elif update_fields is None or "is_active" in update_fields:
        publish(AccountActivated(user_id=instance.id))
