"""Until when a decision can be appealed, and where."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

APPEAL_PATH = "/api/me/decisions/%s/appeal/"


def appeal_end(decided_at: datetime) -> datetime:
    """Return when the time to appeal a decision ends."""
    return decided_at + timedelta(days=settings.ENV.appeal_days)


def appeal_path(decision_id: UUID) -> str:
    """Return the path to which an appeal of a decision is sent."""
    return APPEAL_PATH % decision_id
