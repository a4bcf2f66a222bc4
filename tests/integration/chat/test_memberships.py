"""Joining, leaving and removal."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection, transaction

from moderado.accounts.services import accounts
from moderado.chat.errors import (
    AlreadyAMember,
    LastAdmin,
    NoSuchRoom,
    NotAllowedInRoom,
    NotAMember,
)
from moderado.chat.events import AudienceChanged
from moderado.chat.models import Membership, Room
from moderado.chat.services import memberships
from moderado.core.errors import Invalid, NotFound
from tests.factories import make_member, make_room, make_user

pytestmark = pytest.mark.django_db

Role = Membership.Role


def roles(room):
    return dict(Membership.objects.filter(room=room).values_list("user_id", "role"))


def test_joining_a_public_room_is_idempotent(room, admin):
    user = make_user()

    first = memberships.join_room(user_id=user.id, room_id=room.id)
    again = memberships.join_room(user_id=user.id, room_id=room.id)

    assert first.id == again.id
    assert roles(room) == {admin.id: Role.ADMIN, user.id: Role.MEMBER}


def test_joining_does_not_take_a_role_away(room, admin):
    assert memberships.join_room(user_id=admin.id, room_id=room.id).role == Role.ADMIN


@pytest.mark.parametrize("hidden", [{"is_private": True}, {"deleted_at": "2026-01-01T00:00Z"}])
def test_private_room_cannot_be_joined(hidden):
    room = make_room(**hidden)

    with pytest.raises(NoSuchRoom):
        memberships.join_room(user_id=make_user().id, room_id=room.id)

    assert roles(room) == {}


def test_new_member_has_no_unread_messages():
    room = make_room(seq=41)

    assert memberships.join_room(user_id=make_user().id, room_id=room.id).read_seq == 41


@pytest.mark.django_db(transaction=True)
def test_joining_twice_at_the_same_moment_makes_one_member(room):
    user, together = make_user(), Barrier(4)

    def join(_):
        try:
            together.wait(10)
            return memberships.ensure_member(user_id=user.id, room_id=room.id).id
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        places = set(threads.map(join, range(4)))

    assert len(places) == 1
    assert roles(room) == {user.id: Role.MEMBER}


def test_leaving_rechecks_the_subscribers(room, admin, heard, committed):
    user = make_member(room).user

    with committed():
        memberships.leave_room(user_id=user.id, room_id=room.id)

    assert roles(room) == {admin.id: Role.ADMIN}
    assert heard == [AudienceChanged(room_id=room.id, acl_version=1)]


def test_non_member_cannot_leave(room):
    with pytest.raises(NotAMember):
        memberships.leave_room(user_id=make_user().id, room_id=room.id)


def test_last_administrator_stays_while_members_remain(room, admin):
    other = make_member(room).user

    for refused in (
        lambda: memberships.leave_room(user_id=admin.id, room_id=room.id),
        lambda: memberships.remove_participant(
            actor_id=admin.id, room_id=room.id, user_id=admin.id
        ),
        lambda: memberships.change_role(
            actor_id=admin.id, room_id=room.id, user_id=admin.id, role=Role.MEMBER
        ),
    ):
        with pytest.raises(LastAdmin):
            refused()

    assert roles(room) == {admin.id: Role.ADMIN, other.id: Role.MEMBER}


def test_administrator_leaves_if_another_or_no_member_remains(room, admin):
    other = make_member(room, role=Role.ADMIN).user

    memberships.leave_room(user_id=admin.id, room_id=room.id)
    memberships.leave_room(user_id=other.id, room_id=room.id)

    assert roles(room) == {}


def test_administrator_adds_participants_with_a_role(room, admin):
    user = make_user()

    place = memberships.add_participant(
        actor_id=admin.id, room_id=room.id, user_id=user.id, role="MODERATOR"
    )

    assert (place.user, place.role) == (user, Role.MODERATOR)
    with pytest.raises(AlreadyAMember):
        memberships.add_participant(actor_id=admin.id, room_id=room.id, user_id=user.id)
    assert roles(room)[user.id] == Role.MODERATOR


def test_unknown_and_disabled_users_are_refused_alike(room, admin):
    told = []
    for user_id in (uuid4(), make_user(is_active=False).id):
        with pytest.raises(Invalid) as refused:
            memberships.add_participant(actor_id=admin.id, room_id=room.id, user_id=user_id)
        told.append({name: str(text) for name, text in refused.value.fields.items()})

    assert told[0] == told[1]
    assert set(told[0]) == {"user_id"}


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MODERATOR, None])
def test_only_administrators_change_participants(room, role):
    actor, member = make_user(), make_member(room).user
    if role:
        make_member(room, user=actor, role=role)
    before = roles(room)

    for forbidden in (
        lambda: memberships.add_participant(
            actor_id=actor.id, room_id=room.id, user_id=make_user().id
        ),
        lambda: memberships.change_role(
            actor_id=actor.id, room_id=room.id, user_id=member.id, role=Role.ADMIN
        ),
        lambda: memberships.remove_participant(
            actor_id=actor.id, room_id=room.id, user_id=member.id
        ),
    ):
        with pytest.raises(NotAllowedInRoom):
            forbidden()

    assert roles(room) == before


def test_unknown_role_is_refused(room, admin):
    member = make_member(room).user

    with pytest.raises(Invalid):
        memberships.change_role(actor_id=admin.id, room_id=room.id, user_id=member.id, role="OWNER")


def test_only_a_lowered_role_rechecks_the_subscribers(room, admin, heard, committed):
    member = make_member(room).user
    change = {"actor_id": admin.id, "room_id": room.id, "user_id": member.id}

    with committed():
        memberships.change_role(**change, role=Role.MODERATOR)
    assert heard == []
    with committed():
        memberships.change_role(**change, role=Role.MEMBER)

    assert heard == [AudienceChanged(room_id=room.id, acl_version=1)]


def test_removal_event_names_the_removed_user(room, admin, heard, committed):
    member = make_member(room).user

    with committed():
        memberships.remove_participant(actor_id=admin.id, room_id=room.id, user_id=member.id)

    assert roles(room) == {admin.id: Role.ADMIN}
    assert heard == [AudienceChanged(room_id=room.id, acl_version=1, removed_user_id=member.id)]
    assert Room.objects.get(pk=room.id).acl_version == 1


def test_changing_a_non_member_raises_not_found(room, admin):
    with pytest.raises(NotFound):
        memberships.remove_participant(actor_id=admin.id, room_id=room.id, user_id=make_user().id)


def test_deactivated_administrator_does_not_count(room, admin):
    make_member(room, role=Role.ADMIN, user=make_user(is_active=False))
    other = make_member(room).user

    for refused in (
        lambda: memberships.leave_room(user_id=admin.id, room_id=room.id),
        lambda: memberships.remove_participant(actor_id=None, room_id=room.id, user_id=admin.id),
        lambda: memberships.change_role(
            actor_id=admin.id, room_id=room.id, user_id=admin.id, role=Role.MODERATOR
        ),
    ):
        with pytest.raises(LastAdmin):
            refused()

    assert roles(room)[admin.id] == Role.ADMIN
    assert roles(room)[other.id] == Role.MEMBER


def test_deactivated_administrator_is_removed_and_demoted_freely(room, admin):
    gone, away = make_user(is_active=False), make_user(is_active=False)
    for user in (gone, away):
        make_member(room, role=Role.ADMIN, user=user)
    make_member(room)

    memberships.remove_participant(actor_id=admin.id, room_id=room.id, user_id=gone.id)
    memberships.change_role(actor_id=admin.id, room_id=room.id, user_id=away.id, role=Role.MEMBER)

    assert gone.id not in roles(room)
    assert roles(room)[away.id] == Role.MEMBER


def test_lone_administrator_cannot_demote_themselves(room, admin):
    with pytest.raises(LastAdmin):
        memberships.change_role(
            actor_id=admin.id, room_id=room.id, user_id=admin.id, role=Role.MEMBER
        )


def test_administrator_hands_over_and_leaves(room, admin):
    successor = make_member(room).user

    memberships.leave_room(user_id=admin.id, room_id=room.id, successor_id=successor.id)

    assert roles(room) == {successor.id: Role.ADMIN}


def test_successor_must_be_another_active_member(room, admin):
    inactive = make_member(room, user=make_user(is_active=False)).user
    make_member(room)

    for user_id in (inactive.id, admin.id, make_user().id, uuid4()):
        with pytest.raises(Invalid) as refused:
            memberships.leave_room(user_id=admin.id, room_id=room.id, successor_id=user_id)
        assert set(refused.value.fields) == {"successor_id"}

    assert roles(room)[admin.id] == Role.ADMIN


def test_only_an_administrator_names_a_successor(room, admin):
    member, other = make_member(room).user, make_member(room).user

    with pytest.raises(NotAllowedInRoom):
        memberships.leave_room(user_id=member.id, room_id=room.id, successor_id=other.id)

    assert roles(room) == {admin.id: Role.ADMIN, member.id: Role.MEMBER, other.id: Role.MEMBER}


def test_room_closes_when_its_last_active_member_leaves(room, admin):
    make_member(room, user=make_user(is_active=False))

    memberships.leave_room(user_id=admin.id, room_id=room.id)

    room.refresh_from_db()
    assert room.deleted_at is not None


@pytest.mark.parametrize("is_by_staff", [False, True])
def test_room_closes_when_its_last_member_is_removed(room, admin, is_by_staff):
    actor_id = None if is_by_staff else admin.id

    memberships.remove_participant(actor_id=actor_id, room_id=room.id, user_id=admin.id)

    room.refresh_from_db()
    assert room.deleted_at is not None


def test_deactivation_passes_administration_to_the_longest_standing_moderator(room, admin):
    make_member(room)
    first, _ = (make_member(room, role=Role.MODERATOR).user for _ in range(2))

    accounts.deactivate(user_id=admin.id)

    assert roles(room)[first.id] == Role.ADMIN
    assert list(roles(room).values()).count(Role.ADMIN) == 2  # the account may become active again


def test_deactivation_passes_administration_to_the_longest_standing_member(room, admin):
    make_member(room, user=make_user(is_active=False), role=Role.MODERATOR)
    first, second = (make_member(room).user for _ in range(2))

    admin.is_active = False
    admin.save()

    assert (roles(room)[first.id], roles(room)[second.id]) == (Role.ADMIN, Role.MEMBER)


def test_deactivation_appoints_nobody_beside_an_active_administrator(room, admin):
    other, member = make_member(room, role=Role.ADMIN).user, make_member(room).user

    accounts.deactivate(user_id=admin.id)

    assert roles(room) == {admin.id: Role.ADMIN, other.id: Role.ADMIN, member.id: Role.MEMBER}


@pytest.mark.proves("R67")
def test_active_member_who_joins_replaces_inactive_administrators(room, admin):
    accounts.deactivate(user_id=admin.id)
    user = make_user()

    joined = memberships.join_room(user_id=user.id, room_id=room.id)

    assert joined.role == Role.ADMIN
    assert roles(room) == {admin.id: Role.ADMIN, user.id: Role.ADMIN}


@pytest.mark.proves("R67")
def test_reactivated_member_replaces_inactive_administrators(room, admin):
    member = make_member(room).user
    accounts.deactivate(user_id=member.id)
    accounts.deactivate(user_id=admin.id)

    member.is_active = True
    member.save()

    assert roles(room) == {admin.id: Role.ADMIN, member.id: Role.ADMIN}


@pytest.mark.proves("R279")
def test_inactive_members_keep_an_administrator_when_the_last_one_is_removed(room, admin):
    member, moderator = (make_member(room, role=role).user for role in ("MEMBER", "MODERATOR"))
    for user in (member, moderator, admin):
        accounts.deactivate(user_id=user.id)
    memberships.remove_participant(actor_id=None, room_id=room.id, user_id=admin.id)

    assert roles(room) == {member.id: Role.MEMBER, moderator.id: Role.ADMIN}
    member.is_active = True
    member.save()

    assert roles(room)[member.id] == Role.ADMIN


def test_reactivated_administrator_changes_no_other_role(room, admin):
    member = make_member(room).user
    other = make_member(room, role=Role.ADMIN).user
    accounts.deactivate(user_id=admin.id)

    admin.is_active = True
    admin.save()

    assert roles(room)[member.id] == Role.MEMBER
    assert roles(room)[other.id] == Role.ADMIN


@pytest.mark.proves("R67")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(5))
def test_withdrawals_at_the_same_moment_leave_an_active_administrator(room, admin, attempt):
    others = [make_member(room, role=Role.ADMIN).user for _ in range(3)]
    make_member(room)
    together = Barrier(4)

    def withdraw(number):
        actions = (
            lambda: accounts.deactivate(user_id=admin.id),
            lambda: memberships.leave_room(user_id=others[0].id, room_id=room.id),
            lambda: memberships.change_role(
                actor_id=others[1].id, room_id=room.id, user_id=others[1].id, role=Role.MEMBER
            ),
            lambda: accounts.deactivate(user_id=others[2].id),
        )
        try:
            together.wait(10)
            with suppress(LastAdmin):
                actions[number]()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(withdraw, range(4)))

    active = Membership.objects.filter(room=room, role=Role.ADMIN, user__is_active=True)
    assert active.exists()


def in_another_session(pool, action):
    def act():
        try:
            with suppress(LastAdmin, Invalid):
                action()
        finally:
            connection.close()

    return pool.submit(act)


def side_by_side(first, second):
    """Do `first` in a transaction that ends only after `second` is done or waits for it."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            following = in_another_session(pool, second)
            while not following.done() and not _is_a_lock_awaited():
                time.sleep(0.01)
        following.result(timeout=10)


def has_active_administrator(room):
    active = Membership.objects.filter(room=room, user__is_active=True, role=Role.ADMIN)
    return active.exists()


def promote(room, admin, member):
    memberships.change_role(actor_id=admin.id, room_id=room.id, user_id=member.id, role=Role.ADMIN)


@pytest.mark.proves("R67")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_deactivated_first", [True, False])
@pytest.mark.parametrize("is_member", [True, False])
def test_account_that_is_deactivated_while_it_becomes_administrator_does_not_count(
    room, admin, is_deactivated_first, is_member
):
    user, _ = make_user(), make_member(room)
    if is_member:
        make_member(room, user=user)

    def hand_over():
        if is_member:
            promote(room, admin, user)
        else:
            memberships.add_participant(
                actor_id=admin.id, room_id=room.id, user_id=user.id, role=Role.ADMIN
            )
        memberships.leave_room(user_id=admin.id, room_id=room.id)

    acts = [lambda: accounts.deactivate(user_id=user.id), hand_over]
    side_by_side(*(acts if is_deactivated_first else reversed(acts)))

    assert has_active_administrator(room)


@pytest.mark.proves("R67")
@pytest.mark.django_db(transaction=True)
def test_account_that_is_deactivated_while_it_joins_does_not_count(room, admin):
    accounts.deactivate(user_id=admin.id)
    user, later = make_user(), make_user()

    def join():
        memberships.join_room(user_id=user.id, room_id=room.id)
        memberships.join_room(user_id=later.id, room_id=room.id)

    side_by_side(join, lambda: accounts.deactivate(user_id=user.id))

    assert has_active_administrator(room)


@pytest.mark.proves("R67")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_activated_first", [True, False])
def test_member_activated_while_the_last_administrator_is_deactivated_succeeds(
    room, admin, is_activated_first
):
    member = make_member(room, user=make_user(is_active=False)).user

    def activate():
        member.is_active = True
        member.save()

    acts = [activate, lambda: accounts.deactivate(user_id=admin.id)]
    if not is_activated_first:
        acts.reverse()
    side_by_side(*acts)

    assert has_active_administrator(room)


def _is_a_lock_awaited():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0
