"""People who are banned from the whole server: they are members, but absent like inactive ones."""

from datetime import timedelta

import pytest

from moderado.chat.errors import LastAdmin
from moderado.chat.models import Membership
from moderado.chat.services import memberships
from moderado.enforcement.selectors.restrictions import banned_from
from moderado.enforcement.services.sanctions import (
    apply_sanction,
    expire_sanctions,
    lift_sanction,
)
from moderado.enforcement.types import SanctionEnd
from moderado.moderation.models import Case
from tests import rulings
from tests.factories import SANCTIONING, make_member, make_staff, make_user
from tests.integration.chat.steps import judge, post
from tests.integration.enforcement.test_strikes import put_in_force, strike

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R122")]

Role = Membership.Role


def ban(user, term=timedelta(hours=1), scope_id=None, actor_id=None):
    return apply_sanction(
        actor_id=actor_id, user_id=user.id, kind="ban", scope_id=scope_id, term=term, reason="spam"
    )


def role(room, user):
    return Membership.objects.get(room=room, user=user).role


def test_member_succeeds_the_last_administrator_who_is_banned(room, admin):
    member = make_member(room).user

    ban(admin)

    assert (role(room, admin), role(room, member)) == (Role.ADMIN, Role.ADMIN)


def test_administrators_remain_alone_beside_a_banned_one(room, admin):
    other, member = make_member(room, role=Role.ADMIN).user, make_member(room).user

    ban(admin)

    assert (role(room, other), role(room, member)) == (Role.ADMIN, Role.MEMBER)


def test_banned_administrator_does_not_count(room, admin):
    other = make_member(room, role=Role.ADMIN).user
    make_member(room)
    ban(other)

    with pytest.raises(LastAdmin):
        memberships.leave_room(user_id=admin.id, room_id=room.id)


def test_member_who_joins_replaces_banned_administrators(room, admin):
    ban(admin)

    joined = memberships.join_room(user_id=make_user().id, room_id=room.id)

    assert joined.role == Role.ADMIN


@pytest.mark.parametrize("ends", ["lifted", "expired"])
def test_member_whose_ban_ends_replaces_inactive_administrators(room, admin, ends):
    member = make_member(room).user
    sanction = ban(member)
    admin.is_active = False
    admin.save()
    assert role(room, member) == Role.MEMBER

    if ends == "lifted":
        lift_sanction(actor_id=None, sanction_id=sanction.id, reason="mistake")
    else:
        type(sanction).objects.filter(pk=sanction.pk).update(
            starts_at=sanction.starts_at - timedelta(days=1),
            ends_at=sanction.ends_at - timedelta(days=1),
        )
        expire_sanctions()

    assert role(room, member) == Role.ADMIN


@pytest.mark.parametrize("is_staff", [False, True])
def test_claims_end_with_a_ban(alice, room, admin, is_staff):
    moderator = make_staff() if is_staff else make_member(room, role=Role.MODERATOR).user
    message = post(alice, room, "HOLD this")
    judge(message)
    case = Case.objects.get(subject_id=message.id)
    rulings.claim(actor_id=moderator.id, case_id=case.id, scope_ids=None)

    ban(moderator)

    case.refresh_from_db()
    assert case.claimed_by is None


@pytest.fixture
def undo():
    """Take back what was wrong, as a reversal or an appeal does."""
    return lambda sanction: lift_sanction(
        actor_id=None, sanction_id=sanction.id, reason="mistake", end=SanctionEnd.UNDONE
    )


@pytest.mark.proves("S131")
@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("before", [Role.MEMBER, Role.MODERATOR, None])
def test_successor_has_the_former_role_after_a_ban_that_is_undone(
    room, admin, undo, before, is_over
):
    person = make_member(room, role=before).user if before else make_user()
    sanction = ban(admin)
    if before is None:
        memberships.join_room(user_id=person.id, room_id=room.id)
    assert role(room, person) == Role.ADMIN
    if is_over:
        type(sanction).objects.update(
            starts_at=sanction.starts_at - timedelta(days=1),
            ends_at=sanction.ends_at - timedelta(days=1),
        )
        expire_sanctions()

    undo(sanction)

    assert (role(room, admin), role(room, person)) == (Role.ADMIN, before or Role.MEMBER)


@pytest.mark.proves("S131")
def test_successor_stays_after_a_ban_that_was_right(room, admin):
    member = make_member(room).user

    lift_sanction(actor_id=None, sanction_id=ban(admin).id, reason="mercy")

    assert role(room, member) == Role.ADMIN


@pytest.mark.proves("S131")
@pytest.mark.parametrize("by", ["role", "leaving"])
def test_successor_to_whom_a_person_gave_the_role_stays(room, admin, undo, by):
    member = make_member(room).user
    sanction = ban(admin)
    if by == "role":
        memberships.change_role(actor_id=None, room_id=room.id, user_id=member.id, role=Role.ADMIN)
    else:
        other = make_member(room, role=Role.ADMIN).user
        memberships.leave_room(user_id=other.id, room_id=room.id, successor_id=member.id)

    undo(sanction)

    assert role(room, member) == Role.ADMIN


@pytest.mark.proves("S131")
def test_successor_stays_as_long_as_the_room_needs_one(room, admin, undo):
    member = make_member(room).user
    first, second = ban(admin), ban(admin)

    undo(first)
    assert role(room, member) == Role.ADMIN
    undo(second)

    assert (role(room, admin), role(room, member)) == (Role.ADMIN, Role.MEMBER)


@pytest.mark.proves("S131")
def test_successor_stays_if_the_administrator_is_inactive(room, admin, undo):
    member = make_member(room).user
    sanction = ban(admin)
    admin.is_active = False
    admin.save()

    undo(sanction)

    assert role(room, member) == Role.ADMIN


@pytest.fixture
def emptied(room, admin):
    """A ban from a room of one, and what ends it."""
    Membership.objects.filter(room=room).exclude(user=admin).delete()
    sanction = apply_sanction(
        actor_id=None, user_id=admin.id, kind="ban", scope_id=room.id,
        term=timedelta(hours=1), reason="spam",
    )  # fmt: skip
    return lambda end: lift_sanction(
        sanction_id=sanction.id, actor_id=None, reason="wrong", end=end
    )


@pytest.mark.proves("S131")
def test_room_of_one_is_there_again_after_a_ban_that_is_undone(room, admin, emptied):
    emptied(SanctionEnd.UNDONE)

    room.refresh_from_db()
    assert (room.deleted_at, role(room, admin)) == (None, Role.ADMIN)


@pytest.mark.proves("S131")
def test_who_joins_a_room_that_a_ban_has_emptied_keeps_it_until_the_ban_is_undone(
    room, admin, emptied
):
    newcomer = make_user()
    memberships.join_room(user_id=newcomer.id, room_id=room.id)
    assert role(room, newcomer) == Role.ADMIN

    emptied(SanctionEnd.UNDONE)

    assert (role(room, admin), role(room, newcomer)) == (Role.ADMIN, Role.MEMBER)


@pytest.mark.proves("S131")
def test_room_that_a_ban_has_emptied_is_closed_when_the_ban_is_lifted(room, admin, emptied):
    emptied(SanctionEnd.LIFTED)

    room.refresh_from_db()
    assert room.deleted_at is not None


@pytest.mark.proves("S188")
@pytest.mark.parametrize("before", [Role.MEMBER, Role.MODERATOR])
@pytest.mark.parametrize("by_staff", [True, False])
def test_member_succeeds_the_last_administrator_who_is_banned_from_the_room(
    room, admin, undo, before, by_staff
):
    Membership.objects.filter(room=room).exclude(user=admin).delete()
    person = make_member(room, role=before).user
    actor_id = make_staff(*SANCTIONING).id if by_staff else None

    sanction = ban(admin, scope_id=room.id, actor_id=actor_id)

    assert not Membership.objects.filter(room=room, user=admin).exists()
    assert role(room, person) == Role.ADMIN
    undo(sanction)
    assert (role(room, admin), role(room, person)) == (Role.ADMIN, before)


@pytest.mark.proves("S188")
def test_strikes_ban_the_last_administrator_from_the_room(room, admin):
    moderator = make_member(room, role=Role.MODERATOR).user
    ladder = [{"points": 1, "sanction": "ban", "term_seconds": 3600}]
    put_in_force(thresholds=ladder)

    strike(admin, scope_id=room.id)

    assert list(Membership.objects.filter(room=room, role=Role.ADMIN).values_list("user")) == [
        (moderator.id,)
    ]
    assert banned_from(room.id, [admin.id])


@pytest.mark.proves("S188")
def test_room_whose_other_members_are_inactive_waits_after_a_ban_of_its_administrator(room, admin):
    away = make_member(room, user=make_user(is_active=False)).user
    Membership.objects.filter(room=room).exclude(user__in=[admin, away]).delete()
    ban(admin, scope_id=room.id)

    joined = memberships.join_room(user_id=make_user().id, room_id=room.id)

    assert (joined.role, role(room, away)) == (Role.ADMIN, Role.MEMBER)
