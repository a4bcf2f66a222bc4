"""One connection's subscription to one room: a state machine between the room and the connection.

All changes of state go through `TRANSITIONS`. Nothing is delivered before the subscription is
authorized: even the fact that something happened in the room must not leak. While the client
catches up, changes are buffered, and delivered once after the answer to its sync.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from uuid import UUID

from moderado.core.wire_limits import MAX_OUTBOX_FRAMES
from moderado.enforcement.types import Restriction
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.wire.close_codes import CloseCode
from moderado.realtime.wire.encode import Block, Line


class State(Enum):
    """What a subscription does with a change of the room."""

    PENDING = auto()  # buffers it: whether the user may read the room is not known yet
    PENDING_OVERFLOWED = auto()  # drops it: as PENDING, after more changes than the buffer holds
    CATCHING_UP = auto()  # buffers it: authorized, and a sync is being read
    LIVE = auto()  # delivers it
    BEHIND = auto()  # drops it: the client has to request the next page, which contains it
    CLOSED = auto()  # drops it: the connection was closed as too slow
    ENDED = auto()  # drops it: unsubscribed, or the user may no longer read the room


class Event(Enum):
    """What changes the state of a subscription."""

    AUTHORIZED = auto()
    SYNC_STARTED = auto()
    SYNC_FINISHED = auto()  # the client has everything up to the head
    PAGE_SENT = auto()  # the client has a part, and must request the next page
    LAGGED = auto()  # the client takes frames more slowly than the room changes
    OVERFLOWED = auto()  # more changes came than the buffer holds
    DETACHED = auto()  # the hub has removed the subscription


TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (State.PENDING, Event.AUTHORIZED): State.CATCHING_UP,
    (State.PENDING, Event.OVERFLOWED): State.PENDING_OVERFLOWED,
    (State.PENDING_OVERFLOWED, Event.AUTHORIZED): State.CLOSED,
    (State.CATCHING_UP, Event.AUTHORIZED): State.CATCHING_UP,  # subscribed a second time
    (State.CATCHING_UP, Event.SYNC_STARTED): State.CATCHING_UP,
    (State.CATCHING_UP, Event.SYNC_FINISHED): State.LIVE,
    (State.CATCHING_UP, Event.PAGE_SENT): State.BEHIND,
    (State.CATCHING_UP, Event.OVERFLOWED): State.CLOSED,
    (State.LIVE, Event.SYNC_STARTED): State.CATCHING_UP,
    (State.LIVE, Event.LAGGED): State.BEHIND,
    (State.BEHIND, Event.SYNC_STARTED): State.CATCHING_UP,
    **{(State.CLOSED, event): State.CLOSED for event in Event},
    **{(state, Event.DETACHED): State.ENDED for state in State},
    **{(State.ENDED, event): State.ENDED for event in Event},
}
# Read for each delivery, and tuples, since members of an Enum are hashed in Python.
_LIVE = State.LIVE
_UNAUTHORIZED = (State.PENDING, State.PENDING_OVERFLOWED)
_NOT_ADMITTED = (*_UNAUTHORIZED, State.CLOSED, State.ENDED)
_BUFFERING = (State.PENDING, State.CATCHING_UP)
_SYNCED = (State.LIVE, State.BEHIND)


class InvalidTransition(Exception):
    """The event cannot happen in this state."""


@dataclass(slots=True, eq=False)
class Subscription:
    """Begins as PENDING. `seq` is the last change of the room that the client has."""

    connection: Connection
    user_id: UUID
    seq: int = 0
    is_member: bool = False
    silence: Restriction | None = None  # the sanction that keeps the user from writing
    state: State = State.PENDING
    _buffer: list[Line] | None = field(default=None, repr=False)

    @property
    def is_authorized(self) -> bool:
        return self.state not in _UNAUTHORIZED

    def admits(self, line: Line) -> bool:
        """Whether a line of the room may be written to the client (see `audience`)."""
        return self.state is _LIVE or self.state not in _NOT_ADMITTED  # `in` compares in Python

    @property
    def receives_notes(self) -> bool:
        """Whether the client gets what has no place in the room's order, such as typing."""
        return self.state in _SYNCED

    def deliver(self, block: Block) -> bool:
        """Pass on changes of the room: each at most once, in ascending order.

        Returns:
            False if the client must be told to request what it misses: it is behind now.
        """
        if self.state is _LIVE:
            connection = self.connection
            if connection.outbox.is_lagging:
                self._apply(Event.LAGGED)
                return False
            if block.first > self.seq:
                connection.push_block(block, self)
                self.seq = block.last
            else:
                self._push_new(block.lines)
        elif self.state in _BUFFERING:
            self._buffer = self._buffer or []
            self._buffer.extend(block.lines)
            if len(self._buffer) > MAX_OUTBOX_FRAMES:
                self._apply(Event.OVERFLOWED)
        return True

    def authorize(self, *, is_member: bool) -> None:
        """Note that the user may read the room."""
        self.is_member = is_member
        self._apply(Event.AUTHORIZED)

    def start_sync(self) -> None:
        """Buffer changes from now on: PostgreSQL is about to be read."""
        self._apply(Event.SYNC_STARTED)
        self._buffer = None  # the read that follows contains it

    def finish_sync(self, seq: int, *, more: bool = False) -> None:
        """Deliver what was buffered beyond `seq`; drop it if the client must request `more`."""
        self._apply(Event.PAGE_SENT if more else Event.SYNC_FINISHED)
        buffered, self._buffer = self._buffer, None
        self.seq = max(self.seq, seq)
        if self.state is _LIVE and buffered:
            self._push_new(buffered)

    def end(self) -> None:
        """Deliver nothing any more, even to code that still holds this subscription."""
        self._apply(Event.DETACHED)
        self._buffer = None

    def _apply(self, event: Event) -> None:
        state = TRANSITIONS.get((self.state, event))
        if state is None:
            raise InvalidTransition(f"{event.name} in state {self.state.name}")
        self.state = state
        if event is Event.OVERFLOWED:
            self._buffer = None
        if state is State.CLOSED:
            self.connection.close(CloseCode.TOO_SLOW)

    def _push_new(self, lines: Sequence[Line]) -> None:
        for line in lines:
            if line.seq > self.seq:
                self.connection.push(line, self)
                self.seq = line.seq
