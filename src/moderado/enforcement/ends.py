"""Says in the active language when a measure ends."""

from datetime import UTC, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from moderado.core import clock


def end_sentence(moment: datetime) -> str:
    """Return when a measure ends, or has ended."""
    shown = date_format(moment.astimezone(UTC), "SHORT_DATETIME_FORMAT")
    is_over = moment <= clock.estimated()
    return (_("It ended on %s UTC.") if is_over else _("It ends on %s UTC.")) % shown
