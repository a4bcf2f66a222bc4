"""Which notices of a batch are published, and which are written to connections directly."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from moderado.chat.events import AuthorsNotified, QueuedMessage
from moderado.chat.projection import waiting_view
from moderado.chat.types import Author, NewMessage
from moderado.realtime.pubsub import author_delivery, fanout

pytestmark = pytest.mark.usefixtures("_no_other_node")


def view_by(author_id, text="bom dia"):
    new = NewMessage(
        id=uuid4(),
        room_id=uuid4(),
        author_id=author_id,
        client_id=None,
        hash="",
        text=text,
    )
    author = Author(new.author_id, "Ana", "MEMBER")
    return waiting_view(new, created_at=datetime.now(UTC), position=0, author=author)


def event_of(*sent):
    return AuthorsNotified(
        queued=tuple(QueuedMessage(view_by(author_id), at) for author_id, at in sent)
    )


@pytest.fixture
def _no_other_node(monkeypatch):
    monkeypatch.setattr(author_delivery, "_open", set())


@pytest.fixture
def published(monkeypatch):
    published = []
    monkeypatch.setattr(
        fanout,
        "on_author_notified",
        lambda *events: published.extend(event.author_id for event in events),
    )
    return published


@dataclass(frozen=True)
class Connection:
    id: str


class Node:
    """One event loop with connections, beside other processes that have joined `elsewhere`."""

    def __init__(self, elsewhere=()):
        self.users = {}
        self.written = []
        self._elsewhere = elsewhere
        self._tasks = []
        self.delivery = author_delivery.AuthorDelivery(
            users=self.users,
            notify=lambda note: self.written.append(note.user_id),
            joined_elsewhere=self._joined_elsewhere,
            start=lambda work: self._tasks.append(asyncio.create_task(work)),
        )

    def connect(self, user_id, connection_id):
        self.users.setdefault(user_id, set()).add(Connection(connection_id))

    async def _joined_elsewhere(self, groups):
        return {group for group in groups if group in self._elsewhere}

    async def hears(self, event):
        """Publish the event as a database thread does, and wait for its delivery."""
        await asyncio.to_thread(author_delivery.on_authors_notified, event)
        await asyncio.sleep(0)
        await asyncio.gather(*self._tasks)


async def test_author_with_one_connection_is_not_notified(published):
    node, ana = Node(), uuid4()
    node.connect(ana, "sending")

    await node.hears(event_of((ana, "sending")))

    assert (node.written, published) == ([], [])


async def test_other_connection_here_is_written_to_without_a_publication(published):
    node, ana, bia = Node(), uuid4(), uuid4()
    node.connect(ana, "sending")
    node.connect(ana, "other")
    node.connect(bia, "sending too")

    await node.hears(event_of((ana, "sending"), (bia, "sending too")))

    assert (node.written, published) == ([ana], [])


async def test_message_sent_without_a_connection_is_written_to_all(published):
    node, ana = Node(), uuid4()
    node.connect(ana, "only")

    await node.hears(event_of((ana, None)))

    assert (node.written, published) == ([ana], [])


async def test_author_whose_group_another_process_has_joined_is_published(published):
    ana = uuid4()
    node = Node(elsewhere={fanout.shard_of(ana)})
    node.connect(ana, "sending")
    node.connect(ana, "other")

    await node.hears(event_of((ana, "sending")))

    assert (node.written, published) == ([], [ana])


async def test_process_without_connections_publishes_every_notice(published):
    ana, bia = uuid4(), uuid4()

    author_delivery.on_authors_notified(event_of((ana, None), (bia, None)))

    assert published == [ana, bia]


async def test_closed_node_delivers_nothing(published):
    node, ana = Node(), uuid4()
    node.connect(ana, "sending")
    node.delivery.close()

    await node.hears(event_of((ana, "sending")))

    assert (node.written, published) == ([], [ana])
