"""Builds the server's answers that several commands share."""

from moderado.accounts.types import Principal
from moderado.chat.types import OwnCursor, Person
from moderado.realtime.infra.queries import Resumed
from moderado.realtime.wire import protocol


def greeting(principal: Principal, me: OwnCursor, **room: object) -> protocol.ConnectionEstablished:
    """Return the first frame of an authenticated connection."""
    person = Person(id=principal.user_id, name=principal.name)
    return protocol.ConnectionEstablished(user=person, me=me, **room)  # type: ignore[arg-type]  # its own fields


def synced(resumed: Resumed) -> protocol.Synced:
    """Return the answer to a `sync`."""
    changes = resumed.changes
    return protocol.Synced(
        room=changes.room,
        seq=changes.seq,
        epoch=changes.epoch,
        reset=changes.reset,
        more=changes.more,
        messages=changes.messages,
        pending=resumed.pending,
    )
