"""Separation of duties: who may decide on a case, and for how long a claim counts."""

import importlib

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from moderado.accounts.rights import DECIDE_CASE, staff_may
from moderado.accounts.services import accounts
from moderado.chat.models import Membership
from moderado.chat.services import memberships, rooms
from moderado.moderation.errors import OwnCase
from moderado.moderation.models import Case
from tests import rulings
from tests.factories import make_member, make_room, make_staff, make_user
from tests.integration.chat.steps import edit, judge, post

pytestmark = pytest.mark.django_db

Role = Membership.Role


@pytest.fixture
def moderator(room):
    return make_member(room, role=Role.MODERATOR).user


def case_of(author, room, text="HOLD this"):
    message = post(author, room, text)
    judge(message)
    return Case.objects.get(subject_id=message.id)


def claim(user, case):
    return rulings.claim(actor_id=user.id, case_id=case.id, scope_ids=None)


def rule(user, case):
    return rulings.rule(
        actor_id=user.id, case_id=case.id, outcome="ALLOW", reason="context", scope_ids=None
    )


@pytest.mark.proves("S57")
def test_author_neither_claims_nor_decides_own_case(moderator, room):
    case = case_of(moderator, room)

    for act in (claim, rule):
        with pytest.raises(OwnCase):
            act(moderator, case)
    case.refresh_from_db()
    assert (case.state, case.claimed_by) == ("open", None)


@pytest.mark.proves("S57")
def test_author_does_not_decide_the_case_of_an_edit(moderator, room):
    message = post(moderator, room)
    judge(message)
    edit(message, "HOLD this")
    judge(message)

    with pytest.raises(OwnCase):
        rule(moderator, Case.objects.get(subject_id=message.id, revision=2))


@pytest.mark.proves("S57")
def test_case_of_an_older_release_knows_its_author_by_the_message(moderator, room):
    case = case_of(moderator, room)
    Case.objects.filter(pk=case.pk).update(author=None)

    with pytest.raises(OwnCase):
        rule(moderator, case)
    case.refresh_from_db()
    assert case.state == "open"


@pytest.mark.proves("S57")
def test_another_moderator_decides(moderator, admin, room):
    assert rule(admin, case_of(moderator, room)).state == "decided"


def removed(admin, user, room):
    memberships.remove_participant(actor_id=admin.id, room_id=room.id, user_id=user.id)


def demoted(admin, user, room):
    memberships.change_role(actor_id=admin.id, room_id=room.id, user_id=user.id, role=Role.MEMBER)


def left(_, user, room):
    memberships.leave_room(user_id=user.id, room_id=room.id)


def deactivated(_, user, __):
    accounts.deactivate(user_id=user.id)


def flag_removed(_, user, __):
    user.is_active = False
    user.save()


@pytest.mark.proves("S58")
@pytest.mark.parametrize("loses", [removed, demoted, left, deactivated, flag_removed])
def test_claims_of_a_moderator_end_with_the_right(alice, moderator, admin, room, loses):
    case = case_of(alice, room)
    claim(moderator, case)

    loses(admin, moderator, room)

    assert claim(admin, case).claimed_by == admin


@pytest.mark.proves("S58")
def test_claims_in_other_rooms_stay(alice, moderator, admin, room):
    elsewhere = make_member(make_room(), user=moderator, role=Role.MODERATOR).room
    make_member(elsewhere, user=alice)
    case = case_of(alice, elsewhere)
    claim(moderator, case)

    demoted(admin, moderator, room)

    case.refresh_from_db()
    assert case.claimed_by == moderator


def take_flag(user, _):
    user.is_staff = False
    user.save(update_fields=["is_staff"])


def take_permission(user, _):
    user.user_permissions.clear()


def leave_group(user, group):
    user.groups.remove(group)


def empty_group(_, group):
    group.user_set.clear()


def narrow_group(_, group):
    group.permissions.clear()


def delete_group(_, group):
    group.delete()


@pytest.mark.proves("S58")
@pytest.mark.parametrize(
    "loses", [take_flag, take_permission, leave_group, empty_group, narrow_group, delete_group]
)
def test_claims_of_staff_end_with_the_permission(alice, admin, room, loses):
    staff, group = make_user(is_staff=True), Group.objects.create(name="reviewers")
    decide = Permission.objects.get(codename="decide_case")
    view = Permission.objects.get(codename="view_case")
    group.permissions.add(decide, view)
    if loses is take_permission:
        staff.user_permissions.add(decide, view)
    else:
        staff.groups.add(group)
    case = case_of(alice, room)
    claim(staff, case)

    loses(staff, group)

    assert claim(admin, case).claimed_by == admin


@pytest.mark.proves("S58")
def test_staff_keep_their_claims_when_they_leave_a_room(alice, room):
    staff = make_staff()
    make_member(room, user=staff, role=Role.MODERATOR)
    case = case_of(alice, room)
    claim(staff, case)

    left(None, staff, room)

    case.refresh_from_db()
    assert case.claimed_by == staff


@pytest.mark.proves("S58")
def test_permission_without_the_staff_flag_opens_nothing():
    user = make_staff(is_staff=False)

    assert user.has_perm(DECIDE_CASE)
    assert not staff_may(user, DECIDE_CASE)


def test_ready_groups_hold_only_existing_permissions_and_no_rights_over_rights():
    migration = importlib.import_module("moderado.chat.migrations.0008_staff_groups")
    Group.objects.all().delete()

    migration.create_groups(apps, None)

    for name, wanted in migration.GROUPS.items():
        held = Group.objects.get(name=name).permissions.values_list(
            "content_type__app_label", "codename"
        )
        assert set(held) == wanted
        assert not [label for label, _ in held if label == "auth"]


def test_ready_groups_that_an_operator_changed_stay():
    migration = importlib.import_module("moderado.chat.migrations.0008_staff_groups")
    migration.create_groups(apps, None)
    Group.objects.get(name="moderator").permissions.clear()

    migration.create_groups(apps, None)

    assert not Group.objects.get(name="moderator").permissions.exists()


@pytest.mark.proves("S58")
def test_claims_end_when_the_room_is_closed(alice, moderator, admin, room):
    case = case_of(alice, room)
    claim(moderator, case)

    rooms.delete_room(actor_id=admin.id, room_id=room.id)

    case.refresh_from_db()
    assert (case.state, case.claimed_by) == ("closed", None)
