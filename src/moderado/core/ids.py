"""Identifiers: UUID version 7, so that rows created together are stored together."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils import compat

from moderado.core import clock

_TIME = 80  # bits below the time of an id
_BELOW_TIME = (1 << _TIME) - 1
_SAME = timedelta(seconds=1)  # clocks of hosts that are kept right differ by less


def new_id() -> UUID:
    """Return a UUID version 7 (RFC 9562) of the database's clock; no commit order.

    Monotonic within this process, and where its host's clock is wrong, within a millisecond only
    by chance.
    """
    made = compat.uuid7()
    moment = clock.estimated()
    if abs(moment - time_of(made)) < _SAME:
        return made
    return UUID(int=first_id(moment).int | made.int & _BELOW_TIME)


def time_of(version_7: UUID) -> datetime:
    """Return the moment in an id, in milliseconds."""
    return datetime.fromtimestamp((version_7.int >> _TIME) / 1000, UTC)


def first_id(moment: datetime) -> UUID:
    """Return the lowest id of a moment: ids of earlier milliseconds are lower.

    No id is older than 1970: of an earlier moment it is the lowest of all.
    """
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << _TIME)
