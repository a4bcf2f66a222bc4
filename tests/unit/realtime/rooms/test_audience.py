"""Notices to authors are written after their access to the room was checked."""

import asyncio
from uuid import UUID, uuid4

import pytest

from moderado.core.errors import Unavailable
from moderado.realtime.infra.queries import Audience
from moderado.realtime.pubsub.envelope import AuthorNotice
from moderado.realtime.rooms.audience import MAX_WAITING
from moderado.realtime.wire.encode import MESSAGE_QUEUED, MESSAGE_SHOWN, Line
from tests.unit.realtime.rooms.fakes import FakeClient, HubScene

ROOM = uuid4()


@pytest.fixture
async def scene():
    scene = HubScene()
    yield scene
    await scene.tasks.close()


@pytest.fixture
async def ana(scene: HubScene) -> FakeClient:
    return await scene.connect()


def notice(client: FakeClient, text: str, *, seq: int, room: UUID = ROOM) -> AuthorNotice:
    kind = MESSAGE_SHOWN if seq else MESSAGE_QUEUED
    user_id = client.principal.user_id
    line = Line(kind, text, len(text), seq, uuid4(), user_id, 1)
    return AuthorNotice(user_id=user_id, room_id=room, line=line)


async def written(scene: HubScene, client: FakeClient) -> list[str]:
    async with asyncio.timeout(10):
        while scene.hub.notices._waiting or scene.hub.notices._is_working:
            await asyncio.sleep(0)
    return [text[2:] for text in client.received]


@pytest.mark.proves("S43")
async def test_author_without_a_subscription_gets_what_they_may_read(scene, ana):
    scene.hub.dispatch(notice(ana, "queued", seq=0))
    scene.hub.dispatch(notice(ana, "shown", seq=1))

    assert await written(scene, ana) == ["queued", "shown"]


@pytest.mark.proves("S43")
async def test_removed_author_gets_no_change_of_the_room(scene, ana):
    scene.records.barred.add(ana.principal.user_id)

    scene.hub.dispatch(notice(ana, "shown", seq=1))
    scene.hub.dispatch(notice(ana, "own", seq=0))

    assert await written(scene, ana) == ["own"]


@pytest.mark.proves("S43")
async def test_author_removed_while_the_notice_waits_gets_nothing(scene, ana):
    scene.records.may_answer.clear()
    scene.hub.dispatch(notice(ana, "shown", seq=1))
    await asyncio.sleep(0)

    scene.records.barred.add(ana.principal.user_id)
    scene.records.may_answer.set()

    assert await written(scene, ana) == []


async def test_notices_keep_their_order_while_one_waits(scene, ana):
    scene.records.may_answer.clear()
    for number in range(6):
        scene.hub.dispatch(notice(ana, f"{number}", seq=number % 2))
        await asyncio.sleep(0)
    scene.records.may_answer.set()

    assert await written(scene, ana) == ["0", "1", "2", "3", "4", "5"]


async def test_change_that_a_subscription_delivers_is_not_written_twice(scene, ana):
    scene.records.may_answer.clear()
    scene.hub.dispatch(notice(ana, "before", seq=1))
    await asyncio.sleep(0)
    scene.records.may_answer.set()

    subscription, opened = await scene.hub.subscribe(ana.connection, ana.principal, ROOM)
    subscription.finish_sync(opened.head.seq)
    scene.hub.dispatch(notice(ana, "after", seq=2))

    assert await written(scene, ana) in ([], ["before"])


@pytest.mark.proves("S43")
async def test_change_is_not_written_while_access_cannot_be_checked(scene, ana, monkeypatch):
    async def audience(**_asked: object) -> Audience:
        raise Unavailable

    monkeypatch.setattr(scene.records, "audience", audience)

    scene.hub.dispatch(notice(ana, "shown", seq=1))

    assert await written(scene, ana) == []
    monkeypatch.undo()
    scene.hub.dispatch(notice(ana, "again", seq=1))
    assert await written(scene, ana) == ["again"]


async def test_notices_that_wait_are_bounded(scene, ana):
    scene.records.may_answer.clear()
    for _ in range(MAX_WAITING + 100):
        scene.hub.dispatch(notice(ana, "shown", seq=1))

    assert len(scene.hub.notices._waiting) == MAX_WAITING
