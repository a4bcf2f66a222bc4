"""The periodic check of one hub, with PostgreSQL played by the test."""

import asyncio
import re
from collections.abc import Collection
from uuid import UUID, uuid4

import pytest

from moderado.chat.events import AuthorNotified, Notice
from moderado.chat.types import Head, MessageView, Person
from moderado.core.errors import Unavailable
from moderado.realtime.rooms.reconcile import Reconciler, Schedule
from moderado.realtime.wire.close_codes import CloseCode
from tests.unit.realtime.rooms.fakes import HubScene, head

ROOM, NOW = uuid4(), "2026-01-01T00:00:00Z"


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
            schedule=Schedule(interval=0.0, hint_delay=0.0, outcome_after=-1.0, leases_every=2),
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
