"""Identifiers: UUID version 7, so that rows created together are stored together."""

from datetime import datetime
from uuid import UUID

from uuid_utils import compat


def new_id() -> UUID:
    """Return a UUID version 7 (RFC 9562), monotonic within this process; no commit order."""
    return compat.uuid7()


def first_id(moment: datetime) -> UUID:
    """Return the lowest id of a moment: ids of earlier milliseconds are lower."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
