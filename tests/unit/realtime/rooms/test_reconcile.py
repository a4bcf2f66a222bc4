"""The periodic check of one hub, with PostgreSQL played by the test."""

import asyncio
import re
from collections.abc import Collection
from uuid import UUID, uuid4

import msgspec
import pytest

from moderado.chat.events import AuthorNotified, Notice
from moderado.chat.types import Head, MessageView, Person
from moderado.core.errors import Unavailable
from moderado.realtime.pubsub import fanout
from moderado.realtime.rooms.reconcile import Reconciler, Schedule
from moderado.realtime.wire.close_codes import CloseCode
from moderado.realtime.wire.encode import Block, Line
from tests.unit.realtime.rooms.fakes import HubScene, head

ROOM, NOW = uuid4(), "2026-01-01T00:00:00Z"
SCHEDULE = Schedule(
    interval=0.0,
    hint_delay=0.0,
    outcome_after=-1.0,
    sanctions_every=3,
    sessions_every=3,
    leases_every=2,
)


class FakeRecords:
    def __init__(self) -> None:
        self.rooms: dict[UUID, Head] = {}
        self.outcomes: dict[UUID, AuthorNotified] = {}
        self.sessions: dict[UUID, str] = {}
        self.is_down = False

    async def heads(self, room_ids: Collection[UUID]) -> dict[UUID, Head]:
        if self.is_down:
            raise Unavailable
        return {room_id: self.rooms[room_id] for room_id in room_ids if room_id in self.rooms}

    async def settled(self, message_ids: Collection[UUID]) -> list[AuthorNotified]:
        return [self.outcomes[each] for each in message_ids if each in self.outcomes]

    async def ruled(self, message_ids: Collection[UUID]) -> list[AuthorNotified]:
        found = await self.settled(message_ids)
        return [each for each in found if each.notice is not Notice.HELD]

    async def sessions_alive(self, session_ids: Collection[UUID]) -> dict[UUID, str]:
        return {each: self.sessions[each] for each in session_ids if each in self.sessions}


class Scene(HubScene):
    def __init__(self) -> None:
        super().__init__()
        self.database = FakeRecords()
        self.layer_checks = 0
        self.renewals = 0
        self.told_while_open: list[bool] = []
        self.reconciler = Reconciler(
            self.hub,
            records=self.database,
            check_layer=self._check_layer,
            renew_leases=self._renew,
            refresh_sanctions=self._refresh_sanctions,
            check_case_access=self._check_case_access,
            start=self._start,
            schedule=SCHEDULE,
        )

    async def _check_layer(self) -> None:
        """The first step of a round. Ends the reconciler in the fifth."""
        self.layer_checks += 1
        if self.layer_checks == 5:
            raise asyncio.CancelledError

    async def _renew(self) -> None: ...

    async def _check_case_access(self) -> None: ...

    async def _refresh_sanctions(self) -> None:
        connections = [each for found in self.hub.users.values() for each in found]
        self.told_while_open.append(all(each.closing is None for each in connections))

    def _start(self, work) -> None:
        work.close()
        self.renewals += 1


@pytest.fixture
async def scene() -> Scene:
    return Scene()


def refused(message_id: UUID, author_id: UUID, notice: Notice) -> AuthorNotified:
    view = MessageView(
        id=message_id, room=ROOM, client_id=None, author=Person(author_id, "Ana"),
        content="x", status=notice.name, revision=1, position=0, seq=0, reply_to=None,
        created_at=NOW, edited_at=None, published_at=None,
    )  # fmt: skip
    return AuthorNotified(room_id=ROOM, author_id=author_id, notice=notice, view=view)


def rejected(message_id: UUID, author_id: UUID) -> AuthorNotified:
    return refused(message_id, author_id, Notice.REJECTED)


async def test_head_of_each_room_is_passed_to_it(scene: Scene):
    client = await scene.connect()
    await scene.hub.subscribe(client.connection, client.principal, ROOM)
    received: list[Head] = []
    scene.hub.rooms[ROOM].receive = received.append
    scene.database.rooms = {ROOM: head(ROOM, 3)}

    await scene.reconciler.rooms()

    assert received == [head(ROOM, 3)]


async def test_room_that_is_gone_detaches_its_connections(scene: Scene):
    client = await scene.connect()
    client.connection.only_room = ROOM
    await scene.hub.subscribe(client.connection, client.principal, ROOM)

    await scene.reconciler.rooms()

    assert client.connection.closing == CloseCode.NO_SUCH_ROOM
    assert not scene.hub.is_local(ROOM)


async def test_awaited_outcome_is_written_once(scene: Scene):
    client, message_id = await scene.connect(), uuid4()
    other = await scene.connect(client.principal.user_id)  # which awaits nothing
    client.connection.notices.await_outcome(message_id, 1)
    scene.database.outcomes = {message_id: rejected(message_id, client.principal.user_id)}

    for _ in range(2):
        await scene.reconciler.outcomes()

    assert ["message_rejected" in text for text in client.received] == [True]
    assert other.received == []


async def test_ruling_on_a_held_message_is_found(scene: Scene):
    client, message_id = await scene.connect(), uuid4()
    author_id = client.principal.user_id
    client.connection.notices.await_outcome(message_id, 1)
    scene.database.outcomes = {message_id: refused(message_id, author_id, Notice.HELD)}
    for _ in range(2):
        await scene.reconciler.outcomes()
        await scene.reconciler.held()
    scene.database.outcomes = {message_id: rejected(message_id, author_id)}

    for _ in range(2):
        await scene.reconciler.outcomes()
        await scene.reconciler.held()

    kinds = [re.search(r"message_\w+", text)[0] for text in client.received]
    assert kinds == ["message_held", "message_rejected"]
    assert not client.connection.notices.is_awaiting(message_id)


def changed(message_id: UUID, author_id: UUID, notice: Notice, *, seq: int) -> AuthorNotified:
    event = refused(message_id, author_id, notice)
    view = msgspec.structs.replace(event.view, status="APPROVED", seq=seq, edited_at=NOW)
    return AuthorNotified(room_id=ROOM, author_id=author_id, notice=notice, view=view)


async def checked(scene: Scene) -> None:
    """Let the check of who may read the room, which runs in the background, end."""
    async with asyncio.timeout(10):
        while scene.hub.notices._is_working:
            await asyncio.sleep(0)


@pytest.mark.proves("R257")
@pytest.mark.parametrize("is_subscribed", [True, False])
async def test_older_outcome_does_not_end_a_newer_wait(scene: Scene, is_subscribed: bool):
    """It is read while the message is shown. Before it arrives, hints tell that it is held."""
    client, message_id = await scene.connect(), uuid4()
    author_id = client.principal.user_id
    if is_subscribed:
        subscription, _ = await scene.hub.subscribe(client.connection, client.principal, ROOM)
        subscription.finish_sync(4)
    client.connection.notices.await_outcome(message_id, 1)
    held = refused(message_id, author_id, Notice.HELD)

    async def read_late(_message_ids: Collection[UUID]) -> list[AuthorNotified]:
        scene.hub.dispatch(fanout.author_notice(held))
        if is_subscribed:
            removed = Line("message_removed", "{}", 2, 5, message_id, author_id, 1)
            scene.hub.subscription(client.connection, ROOM).deliver(Block([removed]))
        return [changed(message_id, author_id, Notice.PUBLISHED, seq=4)]

    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setattr(scene.database, "settled", read_late)
        await scene.reconciler.outcomes()
    await checked(scene)
    scene.database.outcomes = {message_id: rejected(message_id, author_id)}
    await scene.reconciler.outcomes()
    await scene.reconciler.held()

    kinds = [re.search(r"message_(held|rejected)|chat_message", text) for text in client.received]
    assert [found[0] for found in kinds if found] == ["message_held", "message_rejected"]


@pytest.mark.proves("R257")
async def test_outcome_whose_readers_could_not_be_read_is_looked_up_again(
    scene: Scene, monkeypatch
):
    client, message_id = await scene.connect(), uuid4()
    author_id = client.principal.user_id
    client.connection.notices.await_outcome(message_id, 1)
    shown = changed(message_id, author_id, Notice.PUBLISHED, seq=4)
    scene.database.outcomes = {message_id: shown}

    async def fail(**_asked: object) -> None:
        raise Unavailable

    with monkeypatch.context() as broken:
        broken.setattr(scene.records, "audience", fail)
        await scene.reconciler.outcomes()
        await checked(scene)
    assert client.received == []
    await scene.reconciler.outcomes()
    await checked(scene)

    assert ["chat_message" in text for text in client.received] == [True]
    assert not client.connection.notices.is_awaiting(message_id)


@pytest.mark.proves("R257")
@pytest.mark.parametrize("may_read", [True, False])
async def test_change_is_told_once_to_an_author_without_a_subscription(scene: Scene, may_read):
    client, message_id = await scene.connect(), uuid4()
    author_id = client.principal.user_id
    if not may_read:
        scene.records.barred.add(author_id)
    client.connection.notices.await_outcome(message_id, 1)
    updated = changed(message_id, author_id, Notice.UPDATED, seq=4)
    scene.database.outcomes = {message_id: updated}

    for _ in range(3):
        await scene.reconciler.outcomes()
        await checked(scene)

    assert ["message_updated" in text for text in client.received] == [True] * may_read
    assert not client.connection.notices.is_awaiting(message_id)


async def test_outcome_is_awaited_until_there_is_one(scene: Scene):
    client, message_id = await scene.connect(), uuid4()
    client.connection.notices.await_outcome(message_id, 1)

    await scene.reconciler.outcomes()

    assert client.received == []
    assert client.connection.notices.is_awaiting(message_id)


async def test_connections_of_ended_sessions_are_closed(scene: Scene):
    ended, alive = await scene.connect(), await scene.connect()
    scene.database.sessions = {alive.principal.session_id: "Renamed"}

    await scene.reconciler.sessions()

    assert ended.connection.closing == CloseCode.NOT_AUTHENTICATED
    assert alive.connection.closing is None
    assert alive.connection.principal.name == "Renamed"


@pytest.mark.proves("R109")
async def test_sanctions_are_told_before_an_ended_session_closes(scene: Scene):
    ended, alive = await scene.connect(), await scene.connect()
    scene.database.sessions = {each.principal.session_id: "Ana" for each in (ended, alive)}
    await scene.reconciler.sessions()
    assert scene.told_while_open == []

    del scene.database.sessions[ended.principal.session_id]
    await scene.reconciler.sessions()

    assert scene.told_while_open == [True]
    assert ended.connection.closing == CloseCode.NOT_AUTHENTICATED


async def test_check_goes_on_after_a_database_outage(scene: Scene):
    client = await scene.connect()
    await scene.hub.subscribe(client.connection, client.principal, ROOM)
    scene.database.is_down = True

    with pytest.raises(asyncio.CancelledError):
        await scene.reconciler.run()

    assert scene.renewals == 2


@pytest.mark.proves("R325")
@pytest.mark.parametrize("failure", [Unavailable(), RuntimeError("a fault of one check")])
async def test_check_that_always_fails_keeps_no_other_one_from_running(
    scene: Scene, monkeypatch, failure: Exception
):
    client, ended = await scene.connect(), await scene.connect()
    await scene.hub.subscribe(client.connection, client.principal, ROOM)
    scene.database.sessions = {client.principal.session_id: "Ana"}

    async def fail(_asked: object) -> None:
        raise failure

    monkeypatch.setattr(scene.database, "heads", fail)
    with pytest.raises(asyncio.CancelledError):
        await scene.reconciler.run()

    assert ended.connection.closing == CloseCode.NOT_AUTHENTICATED
    assert scene.told_while_open[0], "sanctions were looked up before"
    assert client.connection.closing is None


@pytest.mark.proves("R325")
async def test_check_that_failed_is_repeated_in_the_next_round(scene: Scene, monkeypatch):
    """Not only after its own number of rounds, which may be many."""
    ended, asked = await scene.connect(), []

    async def fail_once(session_ids: Collection[UUID]) -> dict[UUID, str]:
        asked.append(scene.layer_checks)
        if len(asked) == 1:
            raise Unavailable
        return {}

    monkeypatch.setattr(scene.database, "sessions_alive", fail_once)
    with pytest.raises(asyncio.CancelledError):
        await scene.reconciler.run()

    assert asked[:2] == [3, 4]
    assert ended.connection.closing == CloseCode.NOT_AUTHENTICATED
