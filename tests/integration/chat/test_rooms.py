"""Creating, changing and closing rooms, and their readers."""

import pytest
from django.utils import timezone

from moderado.chat.errors import NoSuchRoom, NotAllowedInRoom, RoomCreationClosed
from moderado.chat.events import AudienceChanged, RoomDetailsChanged
from moderado.chat.models import Membership, Room
from moderado.chat.selectors import feed
from moderado.chat.selectors.rooms import (
    found_by,
    get_room,
    moderated_rooms,
    readers,
    rooms_visible_to,
)
from moderado.chat.services import rooms
from moderado.core.errors import Invalid
from moderado.moderation.events import SubjectQueued, SubjectsChanging, SubjectShown
from moderado.moderation.services.subject_screening import screen_waiting
from tests.factories import make_member, make_room, make_user

pytestmark = pytest.mark.django_db

Role = Membership.Role


def administered(**fields):
    room = make_room(**fields)
    return room, make_member(room, role=Role.ADMIN).user


def test_creator_is_the_first_administrator():
    user = make_user()

    room = rooms.create_room(creator_id=user.id, name="  Sala  de\u0301 ", is_private=True)
    screen_waiting()
    room.refresh_from_db()

    assert (room.name, room.is_private, room.moderation_mode) == ("Sala d\u00e9", True, "pre")
    assert Membership.objects.get(room=room).role == Role.ADMIN
    assert Membership.objects.get(room=room).user == user


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"name": "x" * 81}, {"name": "a\0b"}, {"moderation_mode": "loud"}]
)
def test_invalid_room_is_refused(wrong):
    with pytest.raises(Invalid) as refused:
        rooms.create_room(creator_id=make_user().id, **{"name": "Sala", **wrong})

    assert set(refused.value.fields) == set(wrong)
    assert not Room.objects.exists()


def test_public_rooms_are_visible_to_all_and_private_ones_to_members():
    stranger, member = make_user(), make_user()
    public, private = make_room(), make_room(is_private=True)
    make_member(private, user=member)

    assert set(rooms_visible_to(stranger.id)) == {public}
    assert set(rooms_visible_to(member.id)) == {public, private}
    with pytest.raises(NoSuchRoom):
        get_room(room_id=private.id, reader_id=stranger.id)


def test_readers_of_a_private_room_are_its_members():
    stranger, room = make_user(), make_room(is_private=True)
    member = make_member(room).user

    assert readers(room_id=room.id, user_ids=[stranger.id, member.id]) == {member.id}
    Room.objects.update(is_private=False)
    assert readers(room_id=room.id, user_ids=[stranger.id, member.id]) == {stranger.id, member.id}


def test_moderated_rooms_are_those_of_administrators_and_moderators():
    user, ruled, judged, visited = make_user(), make_room(), make_room(), make_room()
    make_member(ruled, user=user, role=Role.ADMIN)
    make_member(judged, user=user, role=Role.MODERATOR)
    make_member(visited, user=user)

    assert moderated_rooms(user.id) == {ruled.id, judged.id}


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MODERATOR, None])
def test_only_administrators_change_or_close_a_room(role):
    room, user = make_room(name="before"), make_user()
    if role:
        make_member(room, user=user, role=role)

    with pytest.raises(NotAllowedInRoom):
        rooms.update_room(actor_id=user.id, room_id=room.id, name="after")
    with pytest.raises(NotAllowedInRoom):
        rooms.delete_room(actor_id=user.id, room_id=room.id)

    room.refresh_from_db()
    assert (room.name, room.deleted_at) == ("before", None)


def test_private_room_raises_no_such_room_for_strangers():
    room = make_room(is_private=True)

    with pytest.raises(NoSuchRoom):
        rooms.update_room(actor_id=make_user().id, room_id=room.id, name="mine")


def test_update_changes_only_given_fields(heard, committed):
    room, admin = administered(name="before", moderation_mode="post")

    with committed():
        rooms.update_room(actor_id=admin.id, room_id=room.id, name="after")
        screen_waiting()

    room.refresh_from_db()
    assert (room.name, room.moderation_mode, room.is_private) == ("after", "post", False)
    assert room.acl_version == 0
    assert {type(event) for event in heard} == {
        SubjectQueued,
        SubjectsChanging,
        SubjectShown,
        RoomDetailsChanged,
    }


def test_only_a_room_made_private_rechecks_subscribers(heard, committed):
    room, admin = administered()

    with committed():
        for is_private in (True, True, False):
            rooms.update_room(actor_id=admin.id, room_id=room.id, is_private=is_private)

    room.refresh_from_db()
    assert room.acl_version == 1
    assert [type(event) for event in heard] == [
        AudienceChanged,
        RoomDetailsChanged,  # closed; then nothing changes; then opened
        RoomDetailsChanged,
    ]
    assert heard[0] == AudienceChanged(room_id=room.id, acl_version=1)
    assert [event.is_private for event in heard[1:]] == [True, False]


def test_closed_room_is_hidden_from_all(heard, committed):
    room, admin = administered()

    with committed():
        rooms.delete_room(actor_id=admin.id, room_id=room.id)

    assert not rooms_visible_to(admin.id).exists()
    assert readers(room_id=room.id, user_ids=[admin.id]) == set()
    assert moderated_rooms(admin.id) == set()
    assert heard == [AudienceChanged(room_id=room.id, acl_version=1)]
    with pytest.raises(NoSuchRoom):
        rooms.delete_room(actor_id=admin.id, room_id=room.id)


def test_staff_close_any_room():
    room = make_room(is_private=True)

    rooms.delete_room(actor_id=None, room_id=room.id)

    assert Room.objects.get().deleted_at is not None


@pytest.mark.parametrize("is_private", [False, True])
@pytest.mark.parametrize("is_member", [False, True])
@pytest.mark.parametrize("is_deleted", [False, True])
def test_prepared_room_query_agrees_with_the_orm(is_private, is_member, is_deleted):
    """The SQL of `found_by` agrees with the ORM query `rooms_visible_to`."""
    room = make_room(is_private=is_private, deleted_at=timezone.now() if is_deleted else None)
    reader = make_member(room).user if is_member else make_user()

    def found():
        try:
            return found_by(reader_id=reader.id, room_id=room.id)
        except NoSuchRoom:
            return None

    seen = rooms_visible_to(reader.id).filter(pk=room.id).exists()
    expected = (feed.heads([room.id])[room.id], is_member, None) if seen else None
    assert found() == expected


@pytest.mark.proves("R69")
def test_members_may_not_switch_moderation_off(settings):
    settings.MEMBER_ROOM_MODES = ["pre", "post"]
    room, admin = administered()
    staff = make_user(is_staff=True)

    with pytest.raises(Invalid):
        rooms.create_room(creator_id=admin.id, name="x", moderation_mode="off")
    with pytest.raises(Invalid):
        rooms.update_room(actor_id=admin.id, room_id=room.id, moderation_mode="off")
    assert rooms.create_room(creator_id=staff.id, name="x", moderation_mode="off")
    assert rooms.update_room(actor_id=None, room_id=room.id, moderation_mode="off")


@pytest.mark.proves("R208")
@pytest.mark.parametrize(
    ("chosen", "public", "private"),
    [
        ({}, "pre", "pre"),
        ({"default_room_mode": "optimistic"}, "optimistic", "optimistic"),
        ({"default_private_room_mode": "post"}, "pre", "post"),
        ({"default_room_mode": "post", "default_public_room_mode": "pre"}, "pre", "post"),
    ],
)
def test_operators_choose_the_mode_of_new_rooms(settings, chosen, public, private):
    settings.ENV = settings.ENV.model_copy(update=chosen)
    user = make_user()
    made = [
        rooms.create_room(creator_id=user.id, name="x", is_private=is_private)
        for is_private in (False, True)
    ]
    assert [room.moderation_mode for room in made] == [public, private]
    own = rooms.create_room(creator_id=user.id, name="x", moderation_mode="pre")
    assert own.moderation_mode == "pre"


@pytest.mark.proves("R208")
def test_default_mode_may_be_chosen_for_rooms_of_its_type_only(settings):
    settings.MEMBER_ROOM_MODES = ["pre"]
    settings.ENV = settings.ENV.model_copy(update={"default_private_room_mode": "post"})
    user = make_user()
    for _ in range(2):  # a repeat returns the first room
        room = rooms.create_room(
            creator_id=user.id,
            name="x",
            is_private=True,
            moderation_mode="post",
            client_id="1",
        )
        assert room.moderation_mode == "post"
    with pytest.raises(Invalid):
        rooms.create_room(creator_id=user.id, name="x", moderation_mode="post")
    opened = rooms.update_room(actor_id=user.id, room_id=room.id, is_private=False)
    assert opened.moderation_mode == "post"  # what was chosen stays


@pytest.mark.proves("R208")
def test_repeat_without_a_mode_is_recognized_whatever_the_default_is_now(settings):
    user = make_user()
    first = rooms.create_room(creator_id=user.id, name="x", client_id="1")
    settings.ENV = settings.ENV.model_copy(update={"default_room_mode": "post"})
    assert rooms.create_room(creator_id=user.id, name="x", client_id="1") == first
    first.refresh_from_db()
    assert first.moderation_mode == "pre"


@pytest.mark.proves("R69")
def test_operators_decide_who_creates_rooms(settings):
    settings.ROOM_CREATION = "staff"

    with pytest.raises(RoomCreationClosed):
        rooms.create_room(creator_id=make_user().id, name="x")
    assert rooms.create_room(creator_id=make_user(is_staff=True).id, name="x")
