"""Says in the active language when and why a measure ends."""

from datetime import UTC, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from moderado.core import clock
from moderado.enforcement.types import WITHOUT_WORDS
from moderado.moderation.categories import category_name


def end_sentence(moment: datetime) -> str:
    """Return when a measure ends, or has ended."""
    shown = date_format(moment.astimezone(UTC), "SHORT_DATETIME_FORMAT")
    is_over = moment <= clock.estimated()
    return (_("It ended on %s UTC.") if is_over else _("It ends on %s UTC.")) % shown


def other_end_sentence(reason: str) -> str:
    """Return that a moderator has given a measure another end, and why."""
    if reason in WITHOUT_WORDS:
        return _("A moderator has changed its end.")
    return _("A moderator has changed its end, for this reason: %s.") % category_name(reason)


def lifted_sentence() -> str:
    """Return that a measure was lifted before its end."""
    return _("This measure was lifted: it has no effect any more.")
