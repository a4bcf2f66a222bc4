"""Write access to Redis lets an attacker neither post, read, impersonate nor run code."""

import asyncio
import json
import pickle
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from channels.layers import get_channel_layer
from django.conf import settings

from moderado.accounts import selectors
from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.services import sessions, tickets
from moderado.chat.models import Message, Room
from moderado.chat.services import posting
from moderado.core.errors import RateLimited
from moderado.core.limits import RateLimiter
from moderado.realtime.pubsub import fanout, listener
from tests import factories
from tests.integration.realtime.conftest import Cast
from tests.processes import wait_until

RAN = str(Path(gettempdir()) / "moderado-test-pickle-ran")  # never written


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (RAN, "w"))


def the_redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL)


def publish(channel: str, *payloads: bytes) -> None:
    """Publish like an attacker who knows how the layer names its channels."""
    with the_redis() as client:
        for payload in payloads:
            assert client.publish(f"asgi__group__{channel}", payload) == 1


@pytest.mark.proves("S36")
async def test_malformed_layer_message_stops_no_hub(cast: Cast, monkeypatch):
    pauses: list[object] = []
    monkeypatch.setattr(
        listener.log, "warning", lambda event, **_: event == "layer_failed" and pauses.append(event)
    )
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)
    layer = get_channel_layer()
    body = json.dumps({"t": "note", "room_id": str(room.id)}).encode()
    shapes: list[Any] = [7, None, [], "x", {}, {"type": "hint"}, {"type": ["x"], "body": body},
        {"type": "hint", "body": body, "mac": b""}, {"type": "hint", "body": 7, "mac": b"\0" * 16},
        {"type": "hint", "body": pickle.dumps(Bomb()), "mac": b"\0" * 16}]  # fmt: skip
    forged = [layer.serialize(shape) for shape in shapes]

    await asyncio.to_thread(
        publish, fanout.shard_of(room.id), *forged, b"", b"\xff", b"\xc1", pickle.dumps(Bomb())
    )
    at_bia = await cast.join(await cast.member(room), room)
    await at_bia.send("typing")
    await at_ana.next("typing")  # changes that no reconciliation would repair
    await at_ana.up_to_date()

    assert pauses == []

    assert set(at_ana.types()) <= {"connection_established", "presence", "typing", "pong",
                                   "message_queued"}  # fmt: skip


@pytest.mark.proves("S36")
async def test_forged_presence_entry_blocks_no_user(cast: Cast):
    room = await cast.room()
    with the_redis() as client:
        key = f"moderado:presence:{room.id}"
        client.zadd(
            key,
            {"no-uuid/x": 2**40, "": 2**40, "../../x": 1, "\ud800é".encode("utf-8", "replace"): 1},
        )

    at_ana = await cast.join(await cast.member(room), room)
    await at_ana.up_to_date()


@pytest.mark.proves("S36")
@pytest.mark.django_db
@pytest.mark.parametrize("kept", ["{0}:{1}", "{0}:{1}:x", "x", "", "::", "{other}"])
def test_forged_ticket_in_redis_is_refused(kept):
    """Neither an invented ticket nor another user's ticket under a known name is accepted."""
    principal = selectors.principal_of(sessions.open_session(user=factories.make_user()))
    others = tickets.issue_ticket(principal=principal).ticket
    with the_redis() as client:
        value = client.get(tickets._key(others)) or b""
        text = kept.format(principal.user_id, principal.session_id, other=value.decode())
        client.set(tickets._key("mine"), text, ex=30)

    with pytest.raises(NotAuthenticated):
        tickets.redeem_ticket(ticket="mine")
    assert tickets.redeem_ticket(ticket=others) == principal


@pytest.mark.proves("S36")
def test_rate_limit_holds_when_its_redis_key_is_overwritten():
    limiter, who = RateLimiter(), str(uuid4())
    limiter.hit("2/minute", who)
    with the_redis() as client:
        (key,) = client.keys(f"*{who}*")
        client.set(key, "x")

    for _ in range(2):
        limiter.hit("2/minute", who)
    with pytest.raises(RateLimited):
        limiter.hit("2/minute", who)


def task(name: str, *args: object, **options: object) -> bytes:
    """Return a Celery message in the broker's format."""
    body = json.dumps([args, {}, {"callbacks": None, "errbacks": None}])
    return json.dumps(
        {
            "body": body,
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {"task": name, "id": str(uuid4()), "lang": "py", "argsrepr": "x"},
            "properties": {
                "delivery_tag": str(uuid4()),
                "delivery_info": {"exchange": "", "routing_key": "celery"},
            },
        }
        | options
    ).encode()


def forged_tasks(message_id: UUID, room: Room) -> list[bytes]:
    bomb = {"body": pickle.dumps(Bomb()).decode("latin-1"), "content-encoding": "binary"}
    approve = "moderado.chat.services.verdicts.settle"
    return [
        task("x", content_type="x", **bomb, **{"content-type": "application/x-python-serialize"}),
        task("moderado.chat.tasks.screen_waiting", str(message_id), "APPROVED"),
        task("moderado.chat.tasks.sweep", {"status": "APPROVED"}),
        task(approve, str(message_id)),
        task("os.system", f"touch {RAN}"),
        task("celery.map", {"task": "os.system"}, [f"touch {RAN}"]),
        task("celery.starmap", {"task": approve}, [[str(message_id)]]),
        task("celery.backend_cleanup"),
        task("", "x"),
        task("moderado.chat.tasks.sweep", headers={"task": "moderado.chat.tasks.sweep"}),
        task("moderado.chat.tasks.sweep", body="{"),
        task("moderado.chat.tasks.sweep", body="[]"),
        task("moderado.chat.tasks.sweep", body="x", **{"content-encoding": "base64"}),
        task("moderado.chat.tasks.sweep", headers={}),
        task("moderado.chat.tasks.sweep", properties={}),
    ]


@pytest.mark.proves("S36")
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("moderado_worker")
def test_forged_tasks_are_ignored_and_the_worker_goes_on():
    room = factories.make_room()
    hidden = factories.make_message(room, status=Message.Status.HELD, queued_at=None)
    with the_redis() as broker:
        broker.lpush("celery", *forged_tasks(hidden.id, room))
        wait_until(lambda: not broker.llen("celery"), what="all of them are taken")

    member = factories.make_member(room)
    posted = posting.post_message(author_id=member.user_id, room_id=room.id, text="bom dia")
    wait_until(
        lambda: Message.objects.get(pk=posted.view.id).status == Message.Status.APPROVED,
        what="an honest message is judged",
    )

    hidden.refresh_from_db()
    assert hidden.status == Message.Status.HELD
    assert not Path(RAN).exists()
