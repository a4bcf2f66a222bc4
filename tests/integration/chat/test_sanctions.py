"""Sanctions and measures on rooms bind in every service that writes."""

from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from moderado.chat.errors import (
    NewcomersWait,
    NoSuchMessage,
    NotAllowedInRoom,
    PersonBanned,
    RoomFrozen,
)
from moderado.chat.models import Membership, Message, Room
from moderado.chat.selectors import rooms
from moderado.chat.services import memberships
from moderado.chat.services.editing import edit_message
from moderado.chat.services.posting import post_message, post_messages
from moderado.chat.services.removing import delete_message
from moderado.chat.services.rooms import create_room, update_room
from moderado.chat.types import SendRequest
from moderado.core.clock import wire_time
from moderado.enforcement.errors import Banned, Muted, SlowMode
from moderado.enforcement.models import Sanction
from moderado.enforcement.services.sanctions import apply_sanction, lift_sanction
from moderado.enforcement.services.turns import take_turn_of_row
from moderado.enforcement.types import Restriction
from tests.factories import make_member, make_message, make_room, make_staff, make_user

pytestmark = pytest.mark.django_db
numbers = count()


def sanction(user, kind, room=None, term=timedelta(hours=1), **fields):
    given = {"actor_id": None, "reason": "spam", "scope_id": room and room.id, "term": term}
    return apply_sanction(user_id=user.id, kind=kind, **(given | fields))


def lift(which):
    lift_sanction(actor_id=None, sanction_id=which.id, reason="over")


def one(author, room, **fields):
    return post_message(author_id=author.id, room_id=room.id, text="oi", **fields)


def batch(author, room):
    """Post by the path of sockets."""
    (outcome,) = post_messages(
        [
            SendRequest(
                author_id=author.id, room_id=room.id, text="oi", client_id=f"b{next(numbers)}"
            )
        ]
    )
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@pytest.fixture(params=[one, batch], ids=["one", "batch"])
def post(request):
    return request.param


@pytest.mark.parametrize("kind", ["warning", "strike"])
def test_warning_and_strike_restrict_nothing(alice, room, post, kind):
    sanction(alice, kind)
    assert post(alice, room).created


@pytest.mark.parametrize("is_of_room", [True, False])
def test_mute_refuses_messages_until_it_is_lifted(alice, bob, room, post, is_of_room):
    mute = sanction(alice, "mute", room if is_of_room else None, public_note="Leia as regras.")

    with pytest.raises(Muted) as refusal:
        post(alice, room)
    details = refusal.value.details
    assert details.pop("appeal_until") > wire_time(mute.ends_at)
    assert details == {
        "until": wire_time(mute.ends_at),
        "reason": "spam",
        "sanction": str(mute.id),
        "note": "Leia as regras.",
        "appeal_path": f"/api/me/decisions/{mute.id}/appeal/",
    }
    assert "spam" in str(refusal.value)
    assert post(bob, room).created
    assert not Message.objects.filter(author=alice).exists()
    lift(mute)
    assert post(alice, room).created


def test_mute_in_another_room_binds_there_alone(alice, room, post):
    sanction(alice, "mute", make_room())
    assert post(alice, room).created


def test_muted_stranger_does_not_join_by_posting(room):
    stranger = make_user()
    sanction(stranger, "mute")
    with pytest.raises(Muted):
        one(stranger, room)
    assert not Membership.objects.filter(user=stranger).exists()


def test_mute_refuses_edits_and_names_but_no_deletion(alice, room):
    message = make_message(room, author=alice, status="APPROVED", seq=1)
    Membership.objects.filter(user=alice).update(role="ADMIN")
    sanction(alice, "mute")

    with pytest.raises(Muted):
        edit_message(actor_id=alice.id, message_id=message.id, text="boa tarde")
    with pytest.raises(Muted):
        create_room(creator_id=alice.id, name="sala")
    with pytest.raises(Muted):
        update_room(actor_id=alice.id, room_id=room.id, name="sala")
    assert delete_message(actor_id=alice.id, message_id=message.id).status == "REMOVED"


def test_repeat_is_answered_whatever_was_decided_since(alice, room):
    first = one(alice, room, client_id="1")
    sanction(alice, "mute")
    again = one(alice, room, client_id="1")
    assert (again.view.id, again.created) == (first.view.id, False)


def test_slow_mode_of_a_person_allows_one_message_a_minute(alice, room, post):
    slow = sanction(alice, "slow")
    assert post(alice, room).created
    with pytest.raises(SlowMode) as refusal:
        post(alice, make_member(user=alice).room)  # of the server: all rooms share the pause
    assert 55 <= refusal.value.retry_after <= 60
    assert refusal.value.details["sanction"] == str(slow.id)
    Sanction.objects.update(next_post_at=timezone.now() - timedelta(seconds=1))
    assert post(alice, room).created


def test_slow_mode_of_a_room_binds_members_and_no_moderators(alice, bob, room, post):
    Membership.objects.filter(user=bob).update(role="MODERATOR")
    soon = timezone.now() + timedelta(minutes=5)
    Room.objects.update(slow_mode_until=soon, slow_mode_seconds=30)

    assert post(alice, room).created
    with pytest.raises(SlowMode) as refusal:
        post(alice, room)
    assert 25 <= refusal.value.retry_after <= 30
    assert post(bob, room).created
    assert post(bob, room).created
    Room.objects.update(slow_mode_until=timezone.now() - timedelta(seconds=1))
    assert post(alice, room).created


@pytest.mark.proves("S165")
@pytest.mark.parametrize("deletes", [False, True])
def test_leaving_and_joining_again_ends_no_pause_of_slow_mode(alice, bob, room, post, deletes):
    soon = timezone.now() + timedelta(minutes=5)
    Room.objects.update(slow_mode_until=soon, slow_mode_seconds=30)
    first = post(alice, room)
    if deletes:
        delete_message(actor_id=alice.id, message_id=first.view.id)
    memberships.leave_room(user_id=alice.id, room_id=room.id)

    with pytest.raises(SlowMode):
        post(alice, room)  # which would join, too
    memberships.join_room(user_id=alice.id, room_id=room.id)
    with pytest.raises(SlowMode) as refusal:
        post(alice, room)
    assert 25 <= refusal.value.retry_after <= 30
    memberships.join_room(user_id=(other := make_user()).id, room_id=room.id)
    assert post(other, room).created
    Room.objects.update(slow_mode_until=timezone.now() - timedelta(seconds=1))
    assert post(alice, room).created


@pytest.mark.proves("S165")
def test_membership_that_ends_while_its_member_posts_has_no_pause():
    restriction = Restriction(kind=SlowMode.code, until=timezone.now() + timedelta(hours=1))
    take_turn_of_row("chat_membership", uuid4(), seconds=30, restriction=restriction)


def test_frozen_room_is_read_only_for_members(alice, bob, room, post):
    Membership.objects.filter(user=bob).update(role="MODERATOR")
    message = make_message(room, author=alice, status="APPROVED", seq=1)
    Room.objects.update(frozen_until=timezone.now() + timedelta(minutes=5))

    with pytest.raises(RoomFrozen) as refusal:
        post(alice, room)
    assert refusal.value.details["sanction"] is None
    with pytest.raises(RoomFrozen):
        edit_message(actor_id=alice.id, message_id=message.id, text="boa tarde")
    assert post(bob, room).created
    Room.objects.update(frozen_until=timezone.now() - timedelta(seconds=1))
    assert post(alice, room).created


def test_newcomers_wait_and_older_members_write(alice, bob, room, post):
    cut = timezone.now() - timedelta(days=1)
    Membership.objects.filter(user=bob).update(created_at=cut - timedelta(hours=1))
    Room.objects.update(
        newcomers_wait_until=timezone.now() + timedelta(minutes=5), newcomers_after=cut
    )

    with pytest.raises(NewcomersWait):
        post(alice, room)
    with pytest.raises(NewcomersWait):
        one(make_user(), room)
    assert post(bob, room).created


def test_ban_from_a_room_ends_the_membership_and_hides_the_room(alice, bob, room, post):
    ban = sanction(alice, "ban", room)

    assert not Membership.objects.filter(user=alice).exists()
    for action in (
        lambda: post(alice, room),
        lambda: memberships.join_room(user_id=alice.id, room_id=room.id),
        lambda: rooms.get_room(room_id=room.id, reader_id=alice.id),
        lambda: rooms.found_by(room_id=room.id, reader_id=alice.id),
    ):
        with pytest.raises(Banned) as refusal:
            action()
        assert refusal.value.details["sanction"] == str(ban.id)
    assert rooms.readers(room_id=room.id, user_ids=[alice.id, bob.id]) == {bob.id}
    assert room not in rooms.listed_rooms(alice.id)
    with pytest.raises(PersonBanned):
        memberships.add_participant(actor_id=None, room_id=room.id, user_id=alice.id)
    lift(ban)
    assert memberships.join_room(user_id=alice.id, room_id=room.id)


def test_banned_author_still_deletes_an_own_message(alice, room):
    message = make_message(room, author=alice, status="REMOVED", seq=1)
    other = make_message(room, status="APPROVED", seq=2)
    sanction(alice, "ban", room)
    assert delete_message(actor_id=alice.id, message_id=message.id).status == "REMOVED"
    with pytest.raises((Banned, NoSuchMessage)):
        delete_message(actor_id=alice.id, message_id=other.id)


def test_ban_of_a_reader_who_is_no_member_raises_the_version_of_the_rights(room):
    reader = make_user()
    sanction(reader, "ban", room)
    room.refresh_from_db()
    assert room.acl_version == 1


def test_rank_decides_who_sanctions_whom(room):
    admin = make_member(room, role="ADMIN").user
    moderator = make_member(room, role="MODERATOR").user
    with pytest.raises(NotAllowedInRoom):
        sanction(admin, "mute", room, actor_id=moderator.id)
    assert sanction(moderator, "mute", room, actor_id=admin.id)
    staff = make_staff("add_sanction")
    assert sanction(moderator, "mute", room, actor_id=staff.id)


KINDS = {"mute": Muted, "ban": Banned, "slow": None, "strike": None, "warning": None}
one_sanction = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(KINDS)),
        "scope": st.sampled_from(["server", "room", "other"]),
        "ends": st.sampled_from([None, -1, 1]),  # seconds, hours
        "lifted": st.booleans(),
    }
)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(one_sanction, max_size=4), st.sampled_from([one, batch]))
@example([{"kind": "ban", "scope": "server", "ends": None, "lifted": False}], batch)
def test_overlapping_sanctions_bind_as_the_most_severe_in_force(django_user_model, sanctions, post):
    with transaction.atomic():
        room, other = make_room(), make_room()
        author = make_member(room).user
        now = timezone.now()
        places = {"server": None, "room": room.id, "other": other.id}
        Sanction.objects.bulk_create(
            Sanction(
                user=author,
                kind=each["kind"],
                scope_id=places[each["scope"]],
                reason="spam",
                starts_at=now,
                ends_at=each["ends"] and now + timedelta(hours=each["ends"]),
                lifted_at=now if each["lifted"] else None,
                interval_seconds=60 if each["kind"] == "slow" else None,
            )
            for each in sanctions
        )
        in_force = {
            each["kind"]
            for each in sanctions
            if each["scope"] != "other" and each["ends"] != -1 and not each["lifted"]
        }
        expected = Banned if "ban" in in_force else Muted if "mute" in in_force else None
        if expected is None:
            assert post(author, room).created
            if "slow" in in_force:
                with pytest.raises(SlowMode):
                    post(author, room)
        else:
            with pytest.raises(expected):
                post(author, room)


def test_equal_slow_modes_have_one_pause(alice, room, post):
    for _ in range(2):
        sanction(alice, "slow", room)
    post(alice, room)
    used = Sanction.objects.get(next_post_at__isnull=False)
    Sanction.objects.filter(pk=used.pk).delete()
    used.save(force_insert=True)  # behind the other one, to where an update may move it

    with pytest.raises(SlowMode):
        post(alice, room)


def plan_of_a_batch():
    """Return how a web process looks up whether sanctions restrict the authors of a batch."""
    from moderado.chat.services import batches  # noqa: PLC0415  (the statement is private)

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE enforcement_sanction")
        cursor.execute("EXPLAIN " + batches._INSERT, ["[]"])
        return "\n".join(line for (line,) in cursor.fetchall())


def many_mutes(people, each, **fields):
    now = timezone.now()
    for person in people:
        Sanction.objects.create(user=person, kind="mute", reason="spam", starts_at=now, **fields)
    names = [field.column for field in Sanction._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO enforcement_sanction (id, {columns})"  # noqa: S608  (our columns)
            f" SELECT gen_random_uuid(), {columns}"
            " FROM enforcement_sanction, generate_series(2, %s)",
            [each],
        )


def test_batch_looks_sanctions_up_by_the_partial_index(alice):
    """Whatever the number of past sanctions."""
    many_mutes([alice], 3_000, lifted_at=timezone.now())

    assert "sanction_in_force" in plan_of_a_batch()


def test_batch_scans_no_table_where_few_people_have_many_sanctions(alice):
    people = [alice, *(make_user() for _ in range(9))]
    many_mutes(people, 300)

    assert "Seq Scan on enforcement_sanction" not in plan_of_a_batch()
