"""The state machine of a subscription: every state with every event, and what it delivers."""

from itertools import product
from types import SimpleNamespace
from uuid import uuid4

import pytest

from moderado.core.wire_limits import MAX_OUTBOX_FRAMES
from moderado.realtime.rooms.audience import Access
from moderado.realtime.rooms.subscription import (
    TRANSITIONS,
    Event,
    InvalidTransition,
    State,
    Subscription,
)
from moderado.realtime.wire.encode import Block, Line

TABLE = """
                   AUTHORIZED  SYNC_STARTED SYNC_FINISHED PAGE_SENT LAGGED OVERFLOWED         DETACHED
PENDING            CATCHING_UP -            -             -         -      PENDING_OVERFLOWED ENDED
PENDING_OVERFLOWED CLOSED      -            -             -         -      -                  ENDED
CATCHING_UP        CATCHING_UP CATCHING_UP  LIVE          BEHIND    -      CLOSED             ENDED
LIVE               -           CATCHING_UP  -             -         BEHIND -                  ENDED
BEHIND             -           CATCHING_UP  -             -         -      -                  ENDED
CLOSED             CLOSED      CLOSED       CLOSED        CLOSED    CLOSED CLOSED             ENDED
ENDED              ENDED       ENDED        ENDED         ENDED     ENDED  ENDED              ENDED
"""  # noqa: E501  (one line a state)
EXPECTED = {
    (State[row[0]], Event[event]): None if target == "-" else State[target]
    for events in [TABLE.split("\n")[1].split()]
    for row in [line.split() for line in TABLE.split("\n")[2:-1]]
    for event, target in zip(events, row[1:], strict=True)
}
BUFFERING = {State.PENDING, State.CATCHING_UP}


class FakeConnection:
    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.close_code: int | None = None
        self.outbox = SimpleNamespace(is_lagging=False)

    def push(self, line: Line, access: Access) -> None:
        assert access.admits(line)
        self.seqs.append(line.seq)

    def push_block(self, block: Block, access: Access) -> None:
        assert access.admits(block.lines[-1])
        self.seqs += [line.seq for line in block.lines]

    def close(self, code: int) -> None:
        self.close_code = code


def block(*seqs: int) -> Block:
    return Block([Line("chat_message", "", 0, seq) for seq in seqs])


def subscription_in(state: State) -> Subscription:
    return Subscription(FakeConnection(), uuid4(), state=state)


def cause(subscription: Subscription, event: Event) -> None:
    match event:
        case Event.AUTHORIZED:
            subscription.authorize(is_member=True)
        case Event.SYNC_STARTED:
            subscription.start_sync()
        case Event.SYNC_FINISHED:
            subscription.finish_sync(0)
        case Event.PAGE_SENT:
            subscription.finish_sync(0, more=True)
        case Event.OVERFLOWED:
            subscription.deliver(block(*range(1, MAX_OUTBOX_FRAMES + 2)))
        case Event.LAGGED:
            subscription._apply(event)
        case Event.DETACHED:
            subscription.end()


def test_table_has_every_state_and_event():
    assert set(EXPECTED) == set(product(State, Event))
    assert {pair: state for pair, state in EXPECTED.items() if state} == dict(TRANSITIONS)


@pytest.mark.parametrize(
    ("state", "event"), list(product(State, Event)), ids=lambda each: each.name
)
def test_each_event_leads_to_the_state_in_the_table(state: State, event: Event):
    subscription, target = subscription_in(state), EXPECTED[state, event]
    cannot_overflow = event is Event.OVERFLOWED and state not in BUFFERING

    if target is None and not cannot_overflow:
        with pytest.raises(InvalidTransition):
            cause(subscription, event)
    else:
        cause(subscription, event)

    assert subscription.state is (target or state)


@pytest.mark.parametrize("state", list(State), ids=lambda each: each.name)
def test_only_a_live_subscription_delivers_at_once(state: State):
    subscription = subscription_in(state)

    subscription.deliver(block(1, 2))

    assert subscription.connection.seqs == ([1, 2] if state is State.LIVE else [])


@pytest.mark.parametrize("state", list(State), ids=lambda each: each.name)
def test_notes_reach_synchronized_subscriptions_only(state: State):
    assert subscription_in(state).receives_notes is (state in {State.LIVE, State.BEHIND})


@pytest.mark.parametrize("state", list(State), ids=lambda each: each.name)
def test_pending_subscriptions_are_not_authorized(state: State):
    assert subscription_in(state).is_authorized is not state.name.startswith("PENDING")


def test_repeated_changes_are_delivered_once():
    subscription = subscription_in(State.LIVE)

    for seqs in ((1, 2), (1, 2), (2, 3), (3,)):
        subscription.deliver(block(*seqs))

    assert subscription.connection.seqs == [1, 2, 3]


def test_changes_during_a_sync_are_delivered_after_it_once():
    subscription = subscription_in(State.LIVE)
    subscription.deliver(block(1))

    subscription.start_sync()
    subscription.deliver(block(2, 3))
    assert subscription.connection.seqs == [1]
    subscription.finish_sync(2)
    subscription.deliver(block(4))

    assert subscription.connection.seqs == [1, 3, 4]


def test_changes_before_authorization_are_delivered_after_the_sync():
    subscription = subscription_in(State.PENDING)
    subscription.deliver(block(5, 6))

    subscription.authorize(is_member=False)
    assert subscription.connection.seqs == []
    subscription.finish_sync(5)

    assert subscription.connection.seqs == [6]


def test_client_that_is_behind_receives_nothing_until_its_last_page():
    subscription = subscription_in(State.CATCHING_UP)

    subscription.finish_sync(2, more=True)
    subscription.deliver(block(1, 2, 3))
    subscription.start_sync()
    subscription.deliver(block(4))
    assert subscription.connection.seqs == []
    subscription.finish_sync(3)

    assert subscription.connection.seqs == [4]


def test_overflow_of_an_authorized_subscription_closes_with_4008():
    subscription = subscription_in(State.CATCHING_UP)

    subscription.deliver(block(*range(1, MAX_OUTBOX_FRAMES + 1)))
    assert subscription.connection.close_code is None
    subscription.deliver(block(MAX_OUTBOX_FRAMES + 1))

    assert subscription.connection.close_code == 4008


def test_overflow_before_authorization_closes_only_once_authorized():
    subscription = subscription_in(State.PENDING)

    subscription.deliver(block(*range(1, MAX_OUTBOX_FRAMES + 2)))
    assert subscription.connection.close_code is None  # a stranger must not learn how much is said

    subscription.authorize(is_member=False)
    assert subscription.connection.close_code == 4008


@pytest.mark.proves("R62")
def test_live_subscription_of_a_congested_connection_falls_behind_once():
    subscription = subscription_in(State.LIVE)
    subscription.connection.outbox.is_lagging = True

    assert [subscription.deliver(block(number)) for number in (1, 2, 3)] == [False, True, True]
    assert subscription.state is State.BEHIND
    assert subscription.connection.seqs == []
