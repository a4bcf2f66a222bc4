"""Builds the server's answers that several commands share."""

from dataclasses import replace

import msgspec

from moderado.accounts.types import Person, Principal
from moderado.chat.selectors.page_bytes import VIEW_BYTES, bytes_of
from moderado.chat.types import MessageView
from moderado.chat.views import OwnCursor
from moderado.core.wire_limits import MAX_PAGE_BYTES
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


def split_pending(resumed: Resumed, *, after: int) -> tuple[list[Resumed], Resumed]:
    """Split an answer so that no frame has more of the reader's own messages than fit into a page.

    Args:
        resumed: The answer, with at most as many own messages as a `sync` may ask for.
        after: The `seq` that the client has.

    Returns:
        Answers with own messages alone, to be sent first, and the one with the changes.
    """
    parts: list[dict[str, MessageView | None]] = [{}]
    size = 0
    for client_id, view in resumed.pending.items():
        grown = VIEW_BYTES if view is None else bytes_of(view)
        if size + grown > MAX_PAGE_BYTES and parts[-1]:
            parts.append({})
            size = 0
        parts[-1][client_id] = view
        size += grown
    nothing_new = msgspec.structs.replace(resumed.changes, seq=after, messages=(), more=False)
    return (
        [Resumed(nothing_new, part) for part in parts[:-1]],
        replace(resumed, pending=parts[-1]),
    )
