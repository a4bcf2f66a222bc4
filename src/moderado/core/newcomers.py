"""New accounts: what they may do is limited more narrowly, by `NEWCOMER_HOURS`.

The id of an account is a UUID version 7, which contains the time of its creation. So nothing is
read to tell how old an account is, and the limits cost no statement.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.formats import date_format
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from moderado.core import clock
from moderado.core.clock import wire_time
from moderado.core.errors import RateLimited
from moderado.core.ids import time_of

_TIME_ORDERED = 7  # version of a UUID


class NewcomerLimited(RateLimited):
    """The account is new, and has used up what new accounts may do.

    `until` is when it is new no longer; `retry_after` when the same request is allowed.
    """

    code = "newcomer_limit"
    message = _("Your account is new, with lower limits for a while. Wait a moment and try again.")

    def __init__(self, *, retry_after: int, until: datetime) -> None:
        super().__init__(retry_after=retry_after)
        self.until = until
        self.detail = _sentence(until)

    @property
    def details(self) -> dict[str, Any]:
        """What a program shows, in the form of other restrictions."""
        return {
            "until": wire_time(self.until),
            "reason": "newcomer",
            "sanction": None,
            "note": "",
            "appeal_until": None,
            "appeal_path": None,
        }


def is_newcomer(user_id: UUID) -> bool:
    """Tell whether an account is younger than `NEWCOMER_HOURS`, by its id."""
    hours: int = settings.ENV.newcomer_hours
    if not hours or user_id.version != _TIME_ORDERED:
        return False
    return time_of(user_id) > clock.estimated() - timedelta(hours=hours)


def newcomer_until(user_id: UUID) -> datetime:
    """Return until when an account with a time-ordered id is new."""
    return time_of(user_id) + timedelta(hours=settings.ENV.newcomer_hours)


def _localized(until: datetime) -> str:
    moment = date_format(until, "SHORT_DATETIME_FORMAT")
    end = _("It ends on %s UTC.") % moment
    return f"{NewcomerLimited.message} {end}"


_sentence = lazy(_localized, str)
