"""Fakes that tests of several modules of `rooms` share."""

import asyncio
from uuid import UUID, uuid4

from moderado.accounts.types import Principal
from moderado.chat.errors import NoSuchRoom
from moderado.chat.types import Head
from moderado.realtime.infra.background import BackgroundTasks
from moderado.realtime.infra.queries import Audience, Missed, Opened
from moderado.realtime.pubsub.envelope import AppealsHint, BlocksHint, CasesHint, PersonLine
from moderado.realtime.rooms.audience import AuthorNotices
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.rooms.hub import Hub
from moderado.realtime.transport.outbox import Outbox

EPOCH = uuid4()


def head(room_id: UUID, seq: int = 0) -> Head:
    return Head(
        room=room_id, seq=seq, epoch=EPOCH, acl_version=0, moderation_mode="pre", deleted=False
    )


class FakeRecords:
    """PostgreSQL with public rooms, of which `missing` do not exist.

    `barred` are users who may not read any room.
    """

    def __init__(self) -> None:
        self.barred: set[UUID] = set()
        self.missing: set[UUID] = set()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def open_room(self, *, reader_id: UUID, room_id: UUID) -> Opened:
        await self.may_answer.wait()
        if room_id in self.missing:
            raise NoSuchRoom
        return Opened(head(room_id), is_member=True)

    async def audience(self, *, room_id: UUID, user_ids: set[UUID]) -> Audience:
        await self.may_answer.wait()
        readers = frozenset(user_ids - self.barred)
        return Audience(head(room_id), readers, readers)

    async def missed(self, *, room_id: UUID, after: int) -> Missed:
        return Missed((), 0, more=False)


class HubScene:
    """A hub, what it asked of the layer, and whom it announced as gone."""

    def __init__(self) -> None:
        self.records = FakeRecords()
        self.joined: list[UUID] = []
        self.left: list[tuple[UUID, UUID]] = []
        self.tasks = BackgroundTasks()
        self.staff: list[CasesHint | AppealsHint] = []
        self.personal: list[PersonLine | BlocksHint] = []
        self.gone: list[UUID] = []
        self.hub = Hub(
            records=self.records,
            join=self._join,
            on_leave=self._leave,
            on_staff=self.staff.append,
            on_person=self.personal.append,
            on_left=self.gone.append,
            notices=AuthorNotices(records=self.records, start=self.tasks.start),
        )

    async def _join(self, address: UUID) -> None:
        self.joined.append(address)

    def _leave(self, room, user_id: UUID) -> None:
        self.left.append((room.id, user_id))

    async def connect(self, user_id: UUID | None = None) -> "FakeClient":
        client = FakeClient(user_id or uuid4())
        await self.hub.add(client.connection, client.principal)
        return client


class FakeClient:
    """An authenticated connection that records what is written to it."""

    def __init__(self, user_id: UUID) -> None:
        self.received: list[str] = []
        self.principal = Principal(user_id=user_id, session_id=uuid4(), name="", language="en")
        self.connection = Connection(Outbox(self._send, transport=self))
        self.connection.authenticate(self.principal)
        self.connection.start(lambda: None)
        self.connection.greeted()

    async def _send(self, message: object) -> None: ...

    def write_now(self, frames: bytes) -> bool:
        self.received.append(frames.decode(errors="replace"))
        return True

    def acknowledged(self) -> int:
        return 0

    def abort(self) -> None: ...
