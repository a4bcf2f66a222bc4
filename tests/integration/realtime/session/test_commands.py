"""Messages, edits, typing and presence: which client receives what, and in which order."""

from uuid import uuid4

import pytest

from moderado.chat.models import Membership, Room
from moderado.chat.services.memberships import remove_participant
from moderado.chat.services.rooms import update_room
from moderado.core.quotas import Quota
from moderado.moderation.services.subject_screening import screen_waiting
from moderado.realtime import node
from moderado.realtime.infra.db_calls import run_in_db_thread
from tests.integration.realtime.conftest import Cast, make_user, screen, timing_with

remove = run_in_db_thread(remove_participant)
change = run_in_db_thread(update_room)
is_member = run_in_db_thread(lambda **who: Membership.objects.filter(**who).exists())

OFFENSIVE = "seu filho da puta"


async def test_clean_message_is_confirmed_and_then_delivered_to_the_room(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia, room)

    await at_ana.send("chat_message", message=" bom dia ", client_id="1")
    queued = await at_ana.next("message_queued")
    await screen()
    shown = await at_bia.next("chat_message")
    own = await at_ana.next("chat_message")

    assert queued["message"]["status"] == "PENDING"
    assert queued["message"]["client_id"] == "1"
    assert shown["message"]["content"] == "bom dia"
    assert shown["message"]["id"] == queued["message"]["id"]
    assert shown["seq"] == own["seq"] == 1
    person = {"id": str(ana.id), "name": ana.name, "role": "MEMBER"}
    assert shown["message"]["author"] == person


async def test_blocked_message_is_explained_to_its_author_only(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia, room)

    await at_ana.send("chat_message", message=OFFENSIVE, client_id="1")
    await at_ana.next("message_queued")
    await screen()
    rejected = await at_ana.next("message_rejected")
    await at_bia.up_to_date()

    assert rejected["message"]["status"] == "REJECTED"
    assert rejected["message"]["reason"] == rejected["reason"] != ""
    assert "chat_message" not in at_bia.types()
    assert OFFENSIVE not in str(at_bia.heard)


@pytest.mark.proves("S22")
async def test_resend_with_the_same_client_id_returns_the_first_message(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)

    for _ in range(2):
        await at_ana.send("chat_message", message="bom dia", client_id="1")
    first, second = [await at_ana.next("message_queued") for _ in range(2)]
    await at_ana.send("chat_message", message="boa noite", client_id="1")
    error = await at_ana.next("error")

    assert first["message"]["id"] == second["message"]["id"]
    assert (error["code"], error["client_id"]) == ("conflict", "1")


@pytest.mark.proves("R56")
@pytest.mark.parametrize("is_private", [False, True])
async def test_resend_by_a_removed_author_returns_the_first_message(cast: Cast, is_private: bool):
    room = await cast.room(is_private=is_private)
    ana, bia = await cast.member(room), await cast.member(room, role="ADMIN")
    at_ana = await cast.join(ana)
    frame = {"message": "bom dia", "client_id": "1", "room": str(room.id)}
    await at_ana.send("chat_message", **frame)
    first = await at_ana.next("message_queued")
    await remove(actor_id=bia.id, room_id=room.id, user_id=ana.id)

    await at_ana.send("chat_message", **frame)
    again = await at_ana.next("message_queued")

    assert again["message"]["id"] == first["message"]["id"]
    assert not await is_member(user=ana, room=room)


async def test_resend_of_a_rejected_message_repeats_the_rejection(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)
    await at_ana.send("chat_message", message=OFFENSIVE, client_id="1")
    await at_ana.next("message_queued")
    await screen()
    await at_ana.next("message_rejected")

    again = await cast.join(ana, room)
    await again.send("chat_message", message=OFFENSIVE, client_id="1")

    assert (await again.next("message_queued"))["message"]["status"] == "REJECTED"
    assert await again.next("message_rejected")


async def test_other_connections_of_the_author_are_notified_once(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    phone, desk = await cast.join(ana, room), await cast.join(ana)

    await phone.send("chat_message", message="bom dia", client_id="1")
    await phone.next("message_queued")
    await desk.next("message_queued")
    await screen()
    await phone.next("chat_message")
    shown = await desk.next("chat_message")  # not subscribed there: a notice to the author
    await phone.up_to_date()
    await desk.up_to_date()

    assert (shown["message"]["status"], shown["message"]["seq"]) == ("APPROVED", 1)
    assert shown["seq"] == 0  # it has no place in an order that this connection does not follow
    assert phone.types().count("message_queued") == 1
    assert desk.types().count("message_queued") == 1
    assert desk.types().count("chat_message") == 1


async def test_confirmation_precedes_publication_in_an_unmoderated_room(cast: Cast):
    room = await cast.room(moderation_mode="off")
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)

    for number in range(20):
        await at_ana.send("chat_message", message=f"oi {number}", client_id=str(number))
    for _ in range(20):
        await at_ana.next("chat_message")
    await at_ana.up_to_date()

    order = [
        (frame["type"], frame["message"]["client_id"])
        for frame in at_ana.heard
        if "message" in frame
    ]
    for number in range(20):
        queued = order.index(("message_queued", str(number)))
        assert queued < order.index(("chat_message", str(number)))
    assert at_ana.seqs(room.id) == list(range(1, 21))


@pytest.mark.proves("R246")
async def test_edit_with_a_client_id_that_is_sent_again_is_a_repeat(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    at_ana = await cast.join(ana, room)
    await at_ana.send("chat_message", message="bom dia", client_id="1")
    message = (await at_ana.next("message_queued"))["message"]

    shown = []
    for text, client_id in (("boa tarde", "e-1"), ("boa noite", "e-2"), ("boa tarde", "e-1")):
        await at_ana.send("edit_message", id=message["id"], message=text, client_id=client_id)
        shown.append((await at_ana.next("message_queued"))["message"]["content"])
    await at_ana.send("edit_message", id=message["id"], message="oi", client_id="e-1")
    error = await at_ana.next("error")

    assert shown == ["boa tarde", "boa noite", "boa noite"]
    assert (error["code"], error["client_id"]) == ("conflict", "e-1")


async def test_edit_and_deletion_are_delivered_in_order(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia, room)
    await at_ana.send("chat_message", message="bom dia", client_id="1")
    message = (await at_ana.next("message_queued"))["message"]
    await screen()
    await at_ana.next("chat_message")

    await at_ana.send("edit_message", id=message["id"], message="boa tarde")
    queued = await at_ana.next("message_queued")
    await screen()
    updated = await at_bia.next("message_updated")
    await at_ana.send("delete_message", id=message["id"])
    removed = await at_bia.next("message_removed")

    assert queued["message"]["content"] == "bom dia"
    assert queued["message"]["edit"]["content"] == "boa tarde"
    assert updated["message"]["content"] == "boa tarde"
    assert "boa tarde" not in str(removed)
    assert at_bia.seqs(room.id) == [1, 2, 3]


async def test_typing_reaches_others_at_most_every_two_seconds(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia, room)

    for _ in range(5):
        await at_ana.send("typing")
    typing = await at_bia.next("typing")
    await at_ana.up_to_date()
    await at_bia.up_to_date()

    assert typing["user"] == {"id": str(ana.id), "name": ana.name}
    assert at_bia.types().count("typing") == 1
    assert "typing" not in at_ana.types()


@pytest.mark.proves("S143")
async def test_typing_on_many_sockets_reaches_others_as_from_one(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    sockets, at_bia = [await cast.join(ana, room) for _ in range(3)], await cast.join(bia, room)

    for at_ana in sockets:
        await at_ana.send("typing")
    await at_bia.next("typing")
    for client in (*sockets, at_bia):
        await client.up_to_date()

    assert at_bia.types().count("typing") == 1


@pytest.mark.proves("S141")
async def test_messages_that_no_service_counts_have_a_quota_on_all_sockets(cast: Cast, settings):
    settings.QUOTAS = {**settings.QUOTAS, Quota.CHEAP: ("4/minute", "100000/minute")}
    room = await cast.room()
    ana = await cast.member(room)
    sockets = [await cast.join(ana, room) for _ in range(2)]
    unknown = str(uuid4())

    async def answer(client, fields):
        heard = len(client.heard)
        await client.send("chat_message", **fields)
        await client.up_to_date()
        errors = [frame["code"] for frame in client.heard[heard:] if frame["type"] == "error"]
        return errors[0] if errors else "ok"

    sent = [
        await answer(sockets[number % 2], fields)
        for number, fields in enumerate(
            [
                {"message": "oi", "client_id": "1"},
                {"message": "oi", "client_id": "2"},
                *[{"message": "oi", "room": unknown}] * 3,
                {"message": "oi", "client_id": "1"},
                {"message": "oi", "client_id": "3"},
            ]
        )
    ]

    assert sent == ["ok", "ok", *["no_such_room"] * 3, "ok", "rate_limited"]


async def test_read_position_is_sent_to_the_room(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    await cast.publish(room, ana.id, "um", "dois")
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia, room)

    await at_bia.send("mark_read", seq=2)
    read = await at_ana.next("read")

    assert (read["user"]["id"], read["seq"]) == (str(bia.id), 2)


async def test_approved_name_and_other_details_are_sent_to_the_room(cast: Cast):
    room = await cast.room()
    admin, bia = await cast.member(room, role="ADMIN"), await cast.member(room)
    at_bia, at_stranger = await cast.join(bia, room), await cast.join(await make_user(), room)

    await change(actor_id=admin.id, room_id=room.id, name="Quermesse")
    await at_bia.up_to_date()
    assert "room_changed" not in at_bia.types()  # it is not judged yet
    await run_in_db_thread(screen_waiting)()
    renamed = await at_bia.next("room_changed")
    await at_stranger.next("room_changed", where=lambda frame: frame["name"] == "Quermesse")
    await change(actor_id=admin.id, room_id=room.id, is_private=True)
    closed = await at_bia.next("room_changed", where=lambda frame: frame["is_private"])

    assert renamed == {
        "type": "room_changed",
        "room": str(room.id),
        "name": "Quermesse",
        "is_private": False,
        "moderation_mode": "pre",
        "audience": "mixed",
        "frozen_until": None,
        "newcomers_wait_until": None,
        "newcomers_after": None,
        "slow_mode": None,
    }
    assert closed["name"] == "Quermesse"
    assert at_stranger.types().count("room_changed") == 1


async def test_presence_is_sent_on_arrival_and_departure(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    at_ana = await cast.join(ana, room)

    at_bia = await cast.join(bia, room)
    came = await at_ana.next("presence", where=lambda frame: frame["present"])
    greeted = at_bia.heard[0]
    await at_bia.connection.close()
    went = await at_ana.next("presence", where=lambda frame: not frame["present"])

    assert came["user"]["id"] == went["user"]["id"] == str(bia.id)
    assert set(greeted["present"]) == {str(ana.id), str(bia.id)}


async def test_one_connection_subscribes_to_many_rooms(cast: Cast):
    rooms = [await cast.room() for _ in range(3)]
    ana, bia = await cast.member(rooms[0]), await cast.member(rooms[0])
    at_bia = await cast.join(bia)

    for room in rooms:
        await at_bia.send("subscribe", room=str(room.id))
        subscribed = await at_bia.next("subscribed")
        assert subscribed["room"] == str(room.id)
        assert subscribed["moderation_mode"] == "pre"
    for room in rooms:
        await cast.publish(room, ana.id, f"para {room.id}")
    heard = [(await at_bia.next("chat_message"))["room"] for _ in rooms]
    await at_bia.send("unsubscribe", room=str(rooms[0].id))
    await at_bia.up_to_date()
    await cast.publish(rooms[0], ana.id, "longe")
    await cast.publish(rooms[1], ana.id, "perto")
    last = await at_bia.next("chat_message")

    assert sorted(heard) == sorted(str(room.id) for room in rooms)
    assert last["message"]["content"] == "perto"


async def test_non_member_reads_a_public_room_and_joins_by_posting(cast: Cast):
    room = await cast.room()
    ana = await cast.member(room)
    stranger = await cast.member(await cast.room())
    at_stranger = await cast.join(stranger, room)

    await cast.publish(room, ana.id, "oi")
    await at_stranger.next("chat_message")
    await at_stranger.send("chat_message", message="olá", client_id="1")
    await at_stranger.next("message_queued")

    assert await Membership.objects.filter(room=room, user=stranger).aexists()


async def test_private_and_missing_rooms_are_refused_alike_on_subscribe(cast: Cast):
    private = await cast.room(is_private=True)
    at_ana = await cast.join(await cast.member(await cast.room()))

    answers = []
    for room_id in (private.id, uuid4()):
        await at_ana.send("subscribe", room=str(room_id))
        error = await at_ana.next("error")
        answers.append((error["code"], error["message"]))

    assert answers[0] == answers[1]
    assert answers[0][0] == "no_such_room"


async def test_message_shown_before_its_verdict_is_not_batched(cast: Cast, monkeypatch):
    room = await cast.room(moderation_mode=Room.Mode.POST)
    at_ana = await cast.join(await cast.member(room), room)
    tried: list[object] = []
    monkeypatch.setattr(node.current().send_batcher, "post", tried.append)

    await at_ana.send("chat_message", message="oi", client_id="1")
    await at_ana.next("chat_message")

    assert tried == []
    assert node.current().hub.rooms[room.id].shows_after_approval is False


@pytest.mark.parametrize("timing", [timing_with(presence_interval=0.5)])
async def test_arrivals_of_one_interval_reach_all_but_the_user_concerned(cast: Cast):
    room = await cast.room()
    ana, bia, caio = [await cast.member(room) for _ in range(3)]
    at_ana = await cast.join(ana, room)
    at_bia = await cast.join(bia, room)
    await cast.join(caio, room)

    for who in (bia, caio):
        seen = await at_ana.next(
            "presence", where=lambda frame, who=who: frame["user"]["id"] == str(who.id)
        )
        assert seen["present"] is True
    await at_bia.next("presence", where=lambda frame: frame["user"]["id"] == str(caio.id))
    await at_bia.up_to_date()
    heard = [frame["user"]["id"] for frame in at_bia.heard if frame["type"] == "presence"]
    assert str(bia.id) not in heard


@pytest.mark.proves("S56")
async def test_client_id_reaches_its_author_only(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room), await cast.member(room)
    phone, desk, at_bia = [await cast.join(user, room) for user in (ana, ana, bia)]

    await phone.send("chat_message", message="oi", client_id='said "secretly"')
    await phone.next("message_queued")
    await screen()
    shown = await at_bia.next("chat_message")
    await phone.send("delete_message", id=shown["message"]["id"])
    await at_bia.next("message_removed")
    for client in (phone, desk):
        await client.next("message_removed")
        own = [f for f in client.heard if f["type"] in {"chat_message", "message_removed"}]
        assert [f["message"]["client_id"] for f in own] == ['said "secretly"'] * 2

    await at_bia.send("sync", room=str(room.id), after=0)
    await at_bia.next("synced")
    assert "secretly" not in str(at_bia.heard)
    assert "client_id" not in shown["message"]


@pytest.mark.proves("S55")
async def test_messages_carry_the_role_of_their_author(cast: Cast):
    room = await cast.room()
    ana, bia = await cast.member(room, role="MODERATOR"), await cast.member(room)
    at_ana, at_bia = await cast.join(ana, room), await cast.join(bia, room)

    await at_ana.send("chat_message", message="oi", client_id="1")
    queued = await at_ana.next("message_queued")
    await screen()
    shown = await at_bia.next("chat_message")

    person = {"id": str(ana.id), "name": ana.name, "role": "MODERATOR"}
    assert queued["message"]["author"] == shown["message"]["author"] == person


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("chat_message", {"message": "oi", "client_id": "1"}),
        ("sync", {"after": 0}),
        ("mark_read", {"seq": 1}),
        ("typing", {}),
    ],
)
async def test_frame_without_a_room_is_invalid_where_there_may_be_several(cast: Cast, kind, fields):
    at_ana = await cast.join(await cast.member(await cast.room()))

    await at_ana.send(kind, **fields)

    error = await at_ana.next("error")
    assert (error["code"], error["frame"], list(error["fields"])) == ("invalid", kind, ["room"])
