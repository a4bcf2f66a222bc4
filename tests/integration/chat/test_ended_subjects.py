"""Reports of rooms that are deleted, and of people whose accounts are erased."""

import pytest

from moderado.chat.models import Room
from moderado.chat.services import deleted_rooms, erasing, memberships, rooms
from moderado.enforcement.models import Report
from moderado.enforcement.services import erasures
from moderado.enforcement.services.reports import report
from moderado.moderation.errors import CaseSuperseded
from moderado.moderation.models import Case
from tests import rulings
from tests.factories import make_member, make_staff, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R124")]


@pytest.fixture
def reported_room(alice, room, admin):
    found, _ = report(
        reporter_id=alice.id, subject_type="room", subject_id=room.id, category="spam"
    )
    return found


def check_ended(found, reason):
    found.refresh_from_db()
    case = Case.objects.get(pk=found.case_id)
    assert (case.state, case.close_reason, found.state) == ("closed", reason, "closed")
    with pytest.raises(CaseSuperseded):
        rulings.rule(
            actor_id=make_staff().id, case_id=case.id, outcome="ALLOW", reason="x", scope_ids=None
        )


def delete(room, admin):
    rooms.delete_room(actor_id=admin.id, room_id=room.id)


def leave_alone(room, admin):
    for member in room.memberships.exclude(user=admin):
        memberships.remove_participant(actor_id=None, room_id=room.id, user_id=member.user_id)
    memberships.leave_room(user_id=admin.id, room_id=room.id)


@pytest.mark.parametrize("end", [delete, leave_alone])
def test_report_of_a_room_is_closed_with_the_room(room, admin, reported_room, end):
    end(room, admin)

    check_ended(reported_room, "room_deleted")


def test_case_of_a_room_that_was_left_open_is_closed_by_the_task(room, reported_room):
    Room.objects.filter(pk=room.pk).update(deleted_at=reported_room.created_at)

    assert deleted_rooms.close_left_cases() == 1

    check_ended(reported_room, "room_deleted")
    assert deleted_rooms.close_left_cases() == 0


def test_report_of_another_room_stays(alice, admin, reported_room):
    other = make_member(role="ADMIN")
    rooms.delete_room(actor_id=other.user_id, room_id=other.room_id)

    reported_room.refresh_from_db()
    assert reported_room.state == "open"


def test_report_of_a_person_is_closed_with_the_erased_account(alice, room):
    person = make_member(room, user=make_user()).user
    found, _ = report(
        reporter_id=alice.id, subject_type="person", subject_id=person.id, category="spam"
    )
    erasures.order_erasure(actor_id=None, user_id=person.id)

    for _slice in range(20):
        erasing.run_slice(person.id)

    check_ended(found, "deleted")
    assert Report.objects.get(pk=found.pk).outcome == ""
