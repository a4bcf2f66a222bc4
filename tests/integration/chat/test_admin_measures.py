"""Measures against raids on the page of a room in the admin."""

from datetime import timedelta

import pytest
from django.urls import reverse

from moderado.chat.errors import RoomFrozen
from moderado.chat.services.posting import post_message
from moderado.core import clock
from moderado.enforcement.models import AuditLine
from tests.factories import make_member, make_staff

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def staff(client):
    staff = make_staff("view_room", "add_sanction")
    client.force_login(staff)
    return staff


def page_of(client, room):
    return client.get(reverse("admin:chat_room_change", args=[room.pk])).content.decode()


def act(client, room, name, **values):
    url = reverse("admin:chat_room_act", args=[room.pk, name])
    return client.post(url, values, follow=True)


def minutes_until(moment):
    return round((moment - clock.now()) / MINUTE)


def test_room_is_frozen_for_some_minutes_and_opened_again(client, staff, room):
    author = make_member(room).user
    assert "end_measures" not in page_of(client, room)

    act(client, room, "freeze", minutes="90")

    room.refresh_from_db()
    assert minutes_until(room.frozen_until) == 90
    with pytest.raises(RoomFrozen):
        post_message(author_id=author.id, room_id=room.id, text="oi")
    assert "end_measures" in page_of(client, room)
    act(client, room, "end_measures")

    room.refresh_from_db()
    assert room.frozen_until is None
    post_message(author_id=author.id, room_id=room.id, text="oi")
    lines = AuditLine.objects.filter(actor=staff, subject_id=room.pk).order_by("created_at", "id")
    assert list(lines.values_list("action", flat=True)) == ["room_frozen", "room_frozen_ended"]


def test_newcomers_wait_and_members_write_slowly(client, staff, room):
    act(client, room, "newcomers_wait", minutes="60")
    act(client, room, "slow_mode", minutes="5", seconds="30")

    room.refresh_from_db()
    assert minutes_until(room.newcomers_wait_until) == 60
    assert (minutes_until(room.slow_mode_until), room.slow_mode_seconds) == (5, 30)
    act(client, room, "end_measures")
    room.refresh_from_db()
    assert (room.newcomers_wait_until, room.slow_mode_until) == (None, None)


@pytest.mark.parametrize("minutes", ["", "0", "-1", "1.5", "x", "²", "999999"])
def test_wrong_term_is_said_and_changes_nothing(client, staff, room, minutes):
    page = act(client, room, "freeze", minutes=minutes)

    assert page.status_code == 200
    assert any(message.level_tag == "warning" for message in page.context["messages"])
    room.refresh_from_db()
    assert room.frozen_until is None


def test_those_who_may_not_sanction_take_no_measures(client, room):
    client.force_login(make_staff("view_room", "change_room"))

    assert act(client, room, "freeze", minutes="5").status_code == 403
    assert "freeze" not in page_of(client, room)
