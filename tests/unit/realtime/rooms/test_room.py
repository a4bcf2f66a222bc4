"""One room's order, with the database and the sockets played by the test."""

import asyncio
from uuid import UUID, uuid4

import pytest

from moderado.accounts.types import Principal
from moderado.chat.events import Change, ChangeKind
from moderado.chat.types import Head, MessageView, Person
from moderado.core.errors import Unavailable
from moderado.realtime.infra.queries import Audience, Missed
from moderado.realtime.pubsub.envelope import AudienceMoved, RoomLines
from moderado.realtime.rooms.room import LiveRoom, Subscription
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


class Ear:
    """A socket that writes down what it would have written."""

    def __init__(self) -> None:
        user_id = uuid4()
        self.principal = Principal(user_id=user_id, session_id=uuid4(), name="", language="en")
        self.seqs: list[int] = []
        self.closed: int | None = None

    def push(self, line: Line) -> None:
        self.seqs.append(line.seq)

    def push_block(self, block: Block) -> None:
        self.seqs += [line.seq for line in block.lines]

    def close(self, code: int, frame: object = None) -> None:
        self.closed = code


class Record:
    """PostgreSQL: what is committed, who may read, and whether it answers."""

    def __init__(self) -> None:
        self.seq = 0
        self.acl_version = 0
        self.readers: set[UUID] = set()
        self.asked: list[str] = []
        self.down = False
        self.answer = asyncio.Event()
        self.answer.set()

    async def missed(self, *, room_id: UUID, after: int) -> Missed:
        self.asked.append(f"missed {after}")
        await self._answers()
        changes = tuple(change(seq) for seq in range(after + 1, self.seq + 1))
        return Missed(changes, self.acl_version, more=False)

    async def audience(self, *, room_id: UUID, user_ids: set[UUID]) -> Audience:
        self.asked.append("audience")
        await self._answers()
        readers = frozenset(user_ids & self.readers)
        return Audience(head(self.seq, acl=self.acl_version), readers, readers)

    async def _answers(self) -> None:
        await self.answer.wait()
        if self.down:
            raise Unavailable


class Scene:
    def __init__(self) -> None:
        self.record = Record()
        self.detached: list[tuple[Ear, int]] = []
        self.room = LiveRoom(ROOM, record=self.record, detach=self._detach)

    def _detach(self, socket, room_id: UUID, code: int) -> None:
        del self.room.subscriptions[socket]
        self.detached.append((socket, code))

    def ear(self, *, seq: int = 0, live: bool = True) -> Ear:
        ear = Ear()
        subscription = Subscription(ear, ear.principal.user_id, is_member=True)
        self.record.readers.add(subscription.user_id)
        subscription.hold()
        self.room.subscriptions[ear] = subscription
        if live:
            self.room.opened(head(seq))
            subscription.release(seq)
        return ear

    async def settled(self) -> None:
        async with asyncio.timeout(2):
            while self.room._worker is not None:
                await asyncio.sleep(0)


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_the_next_change_goes_out_at_once(scene: Scene):
    ear = scene.ear()

    scene.room.take(hint(1, 2))
    scene.room.take(hint(3))

    assert ear.seqs == [1, 2, 3]
    assert scene.record.asked == []


async def test_what_was_heard_already_is_dropped(scene: Scene):
    ear = scene.ear()

    for seqs in ((1, 2), (1, 2), (2,), (2, 3), (1,)):
        scene.room.take(hint(*seqs))

    assert ear.seqs == [1, 2, 3]


async def test_a_gap_is_read_before_what_lies_behind_it(scene: Scene):
    ear = scene.ear()
    scene.record.seq = 5

    scene.room.take(hint(4))
    scene.room.take(hint(5))
    scene.room.take(hint(6))
    await scene.settled()

    assert ear.seqs == [1, 2, 3, 4, 5, 6]
    assert scene.record.asked == ["missed 0"]


async def test_while_the_database_is_asked_nothing_overtakes(scene: Scene):
    ear = scene.ear()
    scene.record.seq = 3
    scene.record.answer.clear()

    scene.room.take(hint(3))
    scene.room.take(hint(4))
    await asyncio.sleep(0)
    assert ear.seqs == []
    scene.record.answer.set()
    await scene.settled()

    assert ear.seqs == [1, 2, 3, 4]


async def test_any_order_and_any_loss_of_hints_yields_the_one_order(scene: Scene):
    ear = scene.ear()
    scene.record.seq = 12

    for seqs in ((2,), (1,), (5, 6), (3,), (9,), (9,), (4,), (12,), (1, 2, 3)):
        scene.room.take(hint(*seqs))
    await scene.settled()

    assert ear.seqs == list(range(1, 13))


async def test_the_periodic_check_finds_what_no_hint_announced(scene: Scene):
    ear = scene.ear()
    scene.record.seq = 2

    scene.room.take(head(2))
    await scene.settled()
    scene.room.take(head(2))

    assert ear.seqs == [1, 2]
    assert scene.record.asked == ["missed 0"]


async def test_a_database_that_does_not_answer_loses_nothing(scene: Scene):
    ear = scene.ear()
    scene.record.seq, scene.record.down = 2, True
    scene.room.take(hint(2))
    await scene.settled()
    assert ear.seqs == []

    scene.record.down = False
    scene.room.take(head(2))
    await scene.settled()

    assert ear.seqs == [1, 2]


async def test_whoever_lost_the_right_is_parted_before_the_next_change(scene: Scene):
    ana, bia = scene.ear(), scene.ear()
    scene.record.readers.discard(bia.principal.user_id)
    scene.record.acl_version = 1

    scene.room.take(hint(1, acl=1))
    await scene.settled()

    assert scene.detached == [(bia, 4003)]
    assert (ana.seqs, bia.seqs) == ([1], [])


async def test_nothing_is_told_while_it_is_unknown_who_may_hear_it(scene: Scene):
    ana, bia = scene.ear(), scene.ear()
    scene.record.readers.discard(bia.principal.user_id)
    scene.record.seq, scene.record.acl_version, scene.record.down = 1, 1, True
    scene.room.take(hint(1, acl=1))
    await scene.settled()
    assert (ana.seqs, bia.seqs) == ([], [])

    scene.record.down = False
    scene.room.take(head(1, acl=1))
    await scene.settled()

    assert (ana.seqs, bia.seqs) == ([1], [])


async def test_a_gap_may_hide_a_removal(scene: Scene):
    ana, bia = scene.ear(), scene.ear()
    scene.record.seq, scene.record.acl_version = 3, 1
    scene.record.readers.discard(bia.principal.user_id)

    scene.room.take(hint(3))  # made before the removal, and heard after it
    await scene.settled()

    assert scene.detached == [(bia, 4003)]
    assert (ana.seqs, bia.seqs) == ([1, 2, 3], [])


async def test_one_who_comes_while_the_audience_is_asked_is_asked_for_too(scene: Scene):
    scene.ear()
    scene.record.acl_version = 1
    scene.record.answer.clear()
    scene.room.take(AudienceMoved(room_id=ROOM, acl_version=1))
    await asyncio.sleep(0)

    late = scene.ear(live=False)
    scene.record.readers.discard(late.principal.user_id)
    scene.record.answer.set()
    await scene.settled()

    assert scene.detached == [(late, 4003)]
    assert scene.record.asked == ["audience", "audience"]


async def test_a_removed_reader_of_a_public_room_is_parted_though_all_may_read(scene: Scene):
    ear = scene.ear()
    subscription = scene.room.subscriptions[ear]
    subscription.is_member = False  # joined after they began to listen
    scene.record.acl_version = 1
    everybody = scene.record.audience

    async def nobody_is_in_it(**asked):
        audience = await everybody(**asked)
        return Audience(audience.head, audience.readers, frozenset())

    scene.record.audience = nobody_is_in_it
    user_id = ear.principal.user_id
    scene.room.take(AudienceMoved(room_id=ROOM, acl_version=1, removed_user_id=user_id))
    await scene.settled()

    assert scene.detached == [(ear, 4003)]


async def test_a_deleted_room_parts_everybody(scene: Scene):
    ear = scene.ear()

    async def gone(**_asked):
        return Audience(None, frozenset(), frozenset())

    scene.record.audience = gone
    scene.room.take(head(0, deleted=True))
    await scene.settled()

    assert scene.detached == [(ear, 4004)]


async def test_another_epoch_sends_everybody_back(scene: Scene):
    ear = scene.ear(seq=7)

    scene.room.take(head(2, epoch=uuid4()))
    await scene.settled()
    scene.room.take(hint(3))

    assert ear.closed == 4008
    assert scene.room.head == 3


async def test_hints_before_the_first_head_wait_for_it(scene: Scene):
    ear = scene.ear(live=False)
    scene.room.take(hint(5))
    assert scene.room.head == 0

    scene.room.opened(head(4))
    scene.room.subscriptions[ear].release(4)

    assert ear.seqs == [5]


async def test_one_who_catches_up_hears_what_came_meanwhile_once(scene: Scene):
    ear = scene.ear()
    subscription = scene.room.subscriptions[ear]
    scene.room.take(hint(1))

    subscription.hold()
    scene.room.take(hint(2, 3))
    subscription.release(2)
    scene.room.take(hint(4))

    assert ear.seqs == [1, 3, 4]


async def test_one_who_has_more_to_ask_for_hears_nothing_until_they_have(scene: Scene):
    ear = scene.ear()
    subscription = scene.room.subscriptions[ear]

    subscription.hold()
    subscription.release(2, more=True)
    scene.room.take(hint(1, 2, 3))
    assert ear.seqs == []
    subscription.hold()
    scene.room.take(hint(4))
    subscription.release(3)

    assert ear.seqs == [4]


async def test_one_who_catches_up_for_too_long_is_closed(scene: Scene):
    ear = scene.ear()
    scene.room.subscriptions[ear].authorize(is_member=True)
    scene.room.subscriptions[ear].hold()

    scene.room.take(hint(*range(1, 300)))

    assert ear.closed == 4008


async def test_one_who_was_not_let_in_yet_does_not_learn_how_much_is_said(scene: Scene):
    stranger = scene.ear()
    scene.room.subscriptions[stranger].hold()

    scene.room.take(hint(*range(1, 300)))
    assert stranger.closed is None

    scene.room.subscriptions[stranger].authorize(is_member=False)
    assert stranger.closed == 4008
