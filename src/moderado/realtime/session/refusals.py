"""Errors of frames that no service raises."""

from django.utils.translation import gettext_lazy as _

from moderado.core.errors import Forbidden


class AlreadyAuthenticated(Forbidden):
    code = "already_authenticated"
    message = _("This connection is already signed in.")


class TooManyRooms(Forbidden):
    code = "too_many_subscriptions"
    message = _("This connection subscribes to too many rooms. Unsubscribe from one first.")
