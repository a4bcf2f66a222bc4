"""Identifiers: UUID version 7, so that rows made one after the other lie side by side."""

from uuid import UUID

from uuid_utils import compat


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562), monotonic within this process. Not a commit order."""
    return compat.uuid7()
