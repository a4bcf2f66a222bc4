"""A user as frames name them that need no name."""

from uuid import UUID

import msgspec


class UserRef(msgspec.Struct, frozen=True):
    """A user by id alone."""

    id: UUID
