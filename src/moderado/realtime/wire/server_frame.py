"""The base of the frames that the server sends."""

import msgspec


class ServerFrame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A frame that the server sends. Unset fields are left out."""
