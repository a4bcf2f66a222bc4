"""The order of one room, with fakes of PostgreSQL and of the connections."""

import asyncio
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from moderado.chat.events import Change, ChangeKind
from moderado.chat.types import Head, MessageView, Person
from moderado.core.errors import Unavailable
from moderado.realtime.infra.queries import Audience, Missed
from moderado.realtime.pubsub.envelope import AccessChanged, EphemeralLines, RoomLines
from moderado.realtime.rooms.audience import Access
from moderado.realtime.rooms.room import LiveRoom
from moderado.realtime.rooms.subscription import Subscription
from moderado.realtime.wire.encode import Block, Line, line_of_change

ROOM, EPOCH, NOW = uuid4(), uuid4(), "2026-01-01T00:00:00Z"


def change(seq: int) -> Change:
    view = MessageView(
        id=UUID(int=seq), room=ROOM, client_id=None, author=Person(uuid4(), "Ana"),
        content=f"{seq}", status="APPROVED", revision=1, position=seq, seq=seq, reply_to=None,
        created_at=NOW, edited_at=None, published_at=None,
    )  # fmt: skip
    return Change(kind=ChangeKind.PUBLISHED, seq=seq, view=view)


def hint(*seqs: int, acl: int = 0) -> RoomLines:
    lines = tuple(line_of_change(change(seq)) for seq in seqs)
    return RoomLines(room_id=ROOM, acl_version=acl, lines=lines)


def head(seq: int, *, acl: int = 0, epoch: UUID = EPOCH, deleted: bool = False) -> Head:
    return Head(
        room=ROOM, seq=seq, epoch=epoch, acl_version=acl, moderation_mode="pre", deleted=deleted
    )


class FakeConnection:
    """Records what would be written."""

    def __init__(self) -> None:
        self.user_id = uuid4()
        self.seqs: list[int] = []
        self.close_code: int | None = None
        self.hidden: frozenset[UUID] = frozenset()
        self.outbox = SimpleNamespace(is_lagging=False)

    def push(self, line: Line, access: Access) -> None:
        if access.admits(line):
            self.seqs.append(line.seq)

    def push_block(self, block: Block, access: Access) -> None:
        assert access.admits(block.lines[-1])
        self.seqs += [line.seq for line in block.lines]

    def close(self, code: int, frame: object = None) -> None:
        self.close_code = code


class FakeRecords:
    """PostgreSQL: what is committed, who may read, and whether it answers."""

    def __init__(self) -> None:
        self.seq = 0
        self.acl_version = 0
        self.exists = True
        self.readers: set[UUID] = set()
        self.members: set[UUID] = set()
        self.queries: list[str] = []
        self.is_down = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def missed(self, *, room_id: UUID, after: int) -> Missed:
        self.queries.append(f"missed {after}")
        await self._answer()
        changes = tuple(change(seq) for seq in range(after + 1, self.seq + 1))
        return Missed(changes, self.acl_version, more=False)

    async def audience(self, *, room_id: UUID, user_ids: set[UUID]) -> Audience:
        self.queries.append("audience")
        await self._answer()
        if not self.exists:
            return Audience(None, frozenset(), frozenset())
        readers, members = frozenset(user_ids & self.readers), frozenset(user_ids & self.members)
        return Audience(head(self.seq, acl=self.acl_version), readers, members)

    async def _answer(self) -> None:
        await self.may_answer.wait()
        if self.is_down:
            raise Unavailable


class Scene:
    def __init__(self) -> None:
        self.records = FakeRecords()
        self.detached: list[tuple[FakeConnection, int]] = []
        self.room = LiveRoom(ROOM, records=self.records, detach=self._detach)

    def _detach(self, connection, room_id: UUID, code: int) -> None:
        del self.room.subscriptions[connection]
        self.detached.append((connection, code))

    def subscribe(self, *, seq: int = 0, is_live: bool = True) -> FakeConnection:
        connection = FakeConnection()
        subscription = Subscription(connection, connection.user_id)
        self.records.readers.add(connection.user_id)
        self.records.members.add(connection.user_id)
        self.room.subscriptions[connection] = subscription
        if is_live:
            subscription.authorize(is_member=True)
            self.room.open_at(head(seq))
            subscription.finish_sync(seq)
        return connection

    def revoke(self, connection: FakeConnection) -> None:
        self.records.readers.discard(connection.user_id)
        self.records.members.discard(connection.user_id)
        self.records.acl_version = 1

    async def settled(self) -> None:
        async with asyncio.timeout(10):
            while any(task.get_name() == f"room-{ROOM}" for task in asyncio.all_tasks()):
                await asyncio.sleep(0)


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_next_change_is_delivered_without_a_query(scene: Scene):
    connection = scene.subscribe()

    scene.room.receive(hint(1, 2))
    scene.room.receive(hint(3))

    assert connection.seqs == [1, 2, 3]
    assert scene.records.queries == []


async def test_repeated_hints_are_delivered_once(scene: Scene):
    connection = scene.subscribe()

    for seqs in ((1, 2), (1, 2), (2,), (2, 3), (1,)):
        scene.room.receive(hint(*seqs))

    assert connection.seqs == [1, 2, 3]


async def test_gap_is_filled_before_later_changes(scene: Scene):
    connection = scene.subscribe()
    scene.records.seq = 5

    scene.room.receive(hint(4))
    scene.room.receive(hint(5))
    scene.room.receive(hint(6))
    await scene.settled()

    assert connection.seqs == [1, 2, 3, 4, 5, 6]
    assert scene.records.queries == ["missed 0"]


async def test_hints_wait_while_a_gap_is_read(scene: Scene):
    connection = scene.subscribe()
    scene.records.seq = 3
    scene.records.may_answer.clear()

    scene.room.receive(hint(3))
    scene.room.receive(hint(4))
    await asyncio.sleep(0)
    assert connection.seqs == []
    scene.records.may_answer.set()
    await scene.settled()

    assert connection.seqs == [1, 2, 3, 4]


async def test_reordered_and_lost_hints_are_delivered_in_order(scene: Scene):
    connection = scene.subscribe()
    scene.records.seq = 12

    for seqs in ((2,), (1,), (5, 6), (3,), (9,), (9,), (4,), (12,), (1, 2, 3)):
        scene.room.receive(hint(*seqs))
    await scene.settled()

    assert connection.seqs == list(range(1, 13))


async def test_head_recovers_changes_without_a_hint(scene: Scene):
    connection = scene.subscribe()
    scene.records.seq = 2

    scene.room.receive(head(2))
    await scene.settled()
    scene.room.receive(head(2))

    assert connection.seqs == [1, 2]
    assert scene.records.queries == ["missed 0"]


async def test_changes_are_recovered_after_a_database_outage(scene: Scene):
    connection = scene.subscribe()
    scene.records.seq, scene.records.is_down = 2, True
    scene.room.receive(hint(2))
    await scene.settled()
    assert connection.seqs == []

    scene.records.is_down = False
    scene.room.receive(head(2))
    await scene.settled()

    assert connection.seqs == [1, 2]


async def test_revoked_reader_is_detached_before_the_next_change(scene: Scene):
    ana, bia = scene.subscribe(), scene.subscribe()
    scene.revoke(bia)

    scene.room.receive(hint(1, acl=1))
    await scene.settled()

    assert scene.detached == [(bia, 4003)]
    assert (ana.seqs, bia.seqs) == ([1], [])


async def test_nothing_is_delivered_while_the_audience_is_unknown(scene: Scene):
    ana, bia = scene.subscribe(), scene.subscribe()
    scene.revoke(bia)
    scene.records.seq, scene.records.is_down = 1, True
    scene.room.receive(hint(1, acl=1))
    await scene.settled()
    assert (ana.seqs, bia.seqs) == ([], [])

    scene.records.is_down = False
    scene.room.receive(head(1, acl=1))
    await scene.settled()

    assert (ana.seqs, bia.seqs) == ([1], [])


async def test_revocation_found_while_filling_a_gap_detaches_the_reader(scene: Scene):
    ana, bia = scene.subscribe(), scene.subscribe()
    scene.records.seq = 3
    scene.revoke(bia)

    scene.room.receive(hint(3))  # published before the revocation, and received after it
    await scene.settled()

    assert scene.detached == [(bia, 4003)]
    assert (ana.seqs, bia.seqs) == ([1, 2, 3], [])


async def test_audience_is_read_again_for_users_who_subscribed_meanwhile(scene: Scene):
    scene.subscribe()
    scene.records.acl_version = 1
    scene.records.may_answer.clear()
    scene.room.receive(AccessChanged(room_id=ROOM, acl_version=1))
    await asyncio.sleep(0)

    late = scene.subscribe(is_live=False)
    scene.revoke(late)
    scene.records.may_answer.set()
    await scene.settled()

    assert scene.detached == [(late, 4003)]
    assert scene.records.queries == ["audience", "audience"]


async def test_removed_member_of_a_public_room_is_detached(scene: Scene):
    connection = scene.subscribe()
    scene.room.subscriptions[connection].is_member = False  # joined after subscribing
    scene.records.acl_version = 1
    scene.records.members.clear()

    scene.room.receive(
        AccessChanged(room_id=ROOM, acl_version=1, removed_user_id=connection.user_id)
    )
    await scene.settled()

    assert scene.detached == [(connection, 4003)]


async def test_deleted_room_detaches_all(scene: Scene):
    connection = scene.subscribe()
    scene.records.exists = False

    scene.room.receive(head(0, deleted=True))
    await scene.settled()

    assert scene.detached == [(connection, 4004)]


async def test_new_epoch_closes_all_connections(scene: Scene):
    connection = scene.subscribe(seq=7)

    scene.room.receive(head(2, epoch=uuid4()))
    await scene.settled()
    scene.room.receive(hint(3))

    assert connection.close_code == 4008
    assert scene.room.head == 3


async def test_hints_wait_for_the_first_head(scene: Scene):
    connection = scene.subscribe(is_live=False)
    scene.room.receive(hint(5))
    assert scene.room.head == 0

    scene.room.subscriptions[connection].authorize(is_member=True)
    scene.room.open_at(head(4))
    scene.room.subscriptions[connection].finish_sync(4)

    assert connection.seqs == [5]


async def test_typing_notes_reach_all_but_their_author(scene: Scene):
    ana, bia = scene.subscribe(), scene.subscribe()
    waiting = scene.subscribe(is_live=False)
    typing = Line("typing", "", 0, author_id=ana.user_id)

    scene.room.receive(EphemeralLines(room_id=ROOM, lines=(typing,)))

    assert (ana.seqs, bia.seqs, waiting.seqs) == ([], [0], [])


def note(*, acl: int = 0) -> EphemeralLines:
    return EphemeralLines(room_id=ROOM, lines=(Line("read", "", 0),), acl_version=acl)


@pytest.mark.proves("S43")
async def test_note_of_a_newer_acl_version_waits_for_the_check(scene: Scene):
    ana, gone = scene.subscribe(), scene.subscribe()
    scene.revoke(gone)

    scene.room.receive(note(acl=1))
    scene.room.receive(hint(1, acl=1))
    await scene.settled()

    assert scene.detached == [(gone, 4003)]
    assert (ana.seqs, gone.seqs) == ([0, 1], [])


async def test_notes_of_hidden_people_are_left_out(scene: Scene):
    ana, other, hidden = scene.subscribe(), scene.subscribe(), uuid4()
    ana.hidden = frozenset({hidden})
    lines = (Line("typing", "", 0, author_id=hidden), Line("typing", "", 0, author_id=uuid4()))

    scene.room.receive(EphemeralLines(room_id=ROOM, lines=lines))
    await scene.settled()

    assert len(ana.seqs) == 1
    assert len(other.seqs) >= 1


@pytest.mark.proves("S43")
async def test_note_waits_behind_a_check_in_progress(scene: Scene):
    ana, gone = scene.subscribe(), scene.subscribe()
    scene.revoke(gone)
    scene.records.may_answer.clear()

    scene.room.receive(AccessChanged(room_id=ROOM, acl_version=1))
    scene.room.receive(note())
    await asyncio.sleep(0)
    scene.records.may_answer.set()
    await scene.settled()

    assert scene.detached == [(gone, 4003)]
    assert (ana.seqs, gone.seqs) == ([0], [])
