"""A device that was away: after `sync_me`, profile and list of rooms are those of a fresh load."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from moderado.accounts.services.accounts import update_profile
from moderado.accounts.services.names import assign_name
from moderado.chat.models import Departure, Message
from moderado.chat.services import memberships, reading, removing, rooms
from moderado.chat.services.posting import post_message
from moderado.chat.services.room_measures import freeze_room
from moderado.chat.services.screening import screen_waiting
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.enforcement.types import SanctionKind
from moderado.moderation.models import Case
from moderado.moderation.services import subject_screening
from moderado.moderation.types import Outcome
from tests import rulings
from tests.factories import make_member, make_room, make_user
from tests.integration.chat.steps import wait_until_settled

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.proves("R133"),
    pytest.mark.usefixtures("obedient_provider"),
]

PROFILE, ROOMS, CHANGES = "/api/auth/users/me/", "/api/chat/rooms/", "/api/chat/me/changes/"


class Device:
    """Holds the profile and the list of rooms, like a client, and knows what a load would give."""

    def __init__(self, client):
        self._client = client
        self.cursor = self._changes()["me"]["cursor"]
        self.profile, self.rooms = self.loaded()
        self.read = 0

    def loaded(self):
        found, link = {}, f"{ROOMS}?scope=mine&page_size=3"
        while link:
            page = self._client.get(link).json()
            found |= {room["id"]: room for room in page["results"]}
            link = page["next"]
        return self._client.get(PROFILE).json(), found

    def sync(self):
        more = True
        while more:
            page = self._changes(after=self.cursor)
            assert not page["reset"]
            self.cursor, more = page["me"]["cursor"], page["more"]
            self.profile = page["profile"] or self.profile
            self.rooms |= {room["id"]: room for room in page["rooms"]}
            for room in page["left_rooms"]:
                self.rooms.pop(room["id"], None)
            self.read += len(page["rooms"]) + len(page["left_rooms"]) + bool(page["profile"])

    def _changes(self, **query):
        wait_until_settled()
        answer = self._client.get(CHANGES, query)
        assert answer.status_code == 200, answer.content
        return answer.json()


@pytest.fixture
def boss(room):
    return make_member(room, role="ADMIN").user


@pytest.fixture
def ana(room, boss):
    return make_member(room).user


@pytest.fixture
def device(ana, signed_in):
    return Device(signed_in(ana))


def joined(ana, room, boss):
    memberships.join_room(user_id=ana.id, room_id=make_room().id)


def added_to_a_private_room(ana, room, boss):
    closed = rooms.create_room(creator_id=boss.id, name="closed", is_private=True)
    memberships.add_participant(actor_id=boss.id, room_id=closed.id, user_id=ana.id)


def joined_by_the_first_message(ana, room, boss):
    post_message(author_id=ana.id, room_id=make_room().id, text="one")


def created(ana, room, boss):
    rooms.create_room(creator_id=ana.id, name="new")


def left(ana, room, boss):
    memberships.leave_room(user_id=ana.id, room_id=room.id)


def removed(ana, room, boss):
    memberships.remove_participant(actor_id=boss.id, room_id=room.id, user_id=ana.id)


def banned(ana, room, boss):
    with transaction.atomic():
        apply_sanction(
            actor_id=boss.id, user_id=ana.id, kind=SanctionKind.BAN, scope_id=room.id,
            term=timedelta(days=1), reason="spam",
        )  # fmt: skip


def left_and_joined_again(ana, room, boss):
    left(ana, room, boss)
    memberships.join_room(user_id=ana.id, room_id=room.id)


def joined_and_left_again(ana, room, boss):
    other = make_room()
    memberships.join_room(user_id=ana.id, room_id=other.id)
    memberships.leave_room(user_id=ana.id, room_id=other.id)


def made_moderator(ana, room, boss):
    memberships.change_role(actor_id=boss.id, room_id=room.id, user_id=ana.id, role="MODERATOR")


def closed(ana, room, boss):
    rooms.delete_room(actor_id=boss.id, room_id=room.id)


def renamed(ana, room, boss):
    rooms.update_room(actor_id=boss.id, room_id=room.id, name="renamed")
    subject_screening.screen_waiting()


def name_held_of_a_room(ana, room, boss):
    made_moderator(ana, room, boss)
    rooms.update_room(actor_id=boss.id, room_id=room.id, name="HOLD it")
    subject_screening.screen_waiting()


def closed_to_others(ana, room, boss):
    rooms.update_room(actor_id=boss.id, room_id=room.id, is_private=True, audience="adults")


def mode_changed(ana, room, boss):
    rooms.update_room(actor_id=boss.id, room_id=room.id, moderation_mode="post")


def frozen(ana, room, boss):
    until = timezone.now() + timedelta(hours=1)
    freeze_room(actor_id=boss.id, scope_ids=[room.id], room_id=room.id, until=until)


def others_came_and_went(ana, room, boss):
    other = make_user()
    for user in (make_user(), other):
        memberships.join_room(user_id=user.id, room_id=room.id)
    memberships.leave_room(user_id=other.id, room_id=room.id)


def said(ana, room, boss):
    post_message(author_id=boss.id, room_id=room.id, text="bom dia")
    screen_waiting()


def said_and_read(ana, room, boss):
    said(ana, room, boss)
    reading.mark_read(user_id=ana.id, room_id=room.id, seq=1)


def taken_back(ana, room, boss):
    said(ana, room, boss)
    removing.delete_message(actor_id=boss.id, message_id=Message.objects.get().id)


def language_chosen(ana, room, boss):
    update_profile(user_id=ana.id, language="en")


def name_proposed(ana, room, boss):
    update_profile(user_id=ana.id, name="Ana Lima")


def name_approved(ana, room, boss):
    name_proposed(ana, room, boss)
    subject_screening.screen_waiting()


def name_refused(ana, room, boss):
    update_profile(user_id=ana.id, name="BLOCK it")
    subject_screening.screen_waiting()


def name_ruled_against(ana, room, boss):
    update_profile(user_id=ana.id, name="HOLD it")
    subject_screening.screen_waiting()
    case = Case.objects.get(subject_id=ana.id, state=Case.State.OPEN)
    rulings.rule(
        actor_id=make_user(is_staff=True).id, case_id=case.id, outcome=Outcome.BLOCK,
        reason="name", scope_ids=None,
    )  # fmt: skip


def name_assigned(ana, room, boss):
    with transaction.atomic():
        assign_name(user_id=ana.id, name="Ana L.", actor_id=None)


def made_staff(ana, room, boss):
    ana.is_staff = True
    ana.save(update_fields=["is_staff"])


STEPS = [
    joined, added_to_a_private_room, joined_by_the_first_message, created, left, removed, banned,
    left_and_joined_again, joined_and_left_again, made_moderator, closed, renamed,
    name_held_of_a_room, closed_to_others, mode_changed, frozen, others_came_and_went, said,
    said_and_read, taken_back, language_chosen, name_proposed, name_approved, name_refused,
    name_ruled_against, name_assigned, made_staff,
]  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_device_that_was_away_holds_what_a_fresh_load_gives(device, ana, room, boss, step):
    before = device.loaded()
    step(ana, room, boss)
    device.sync()

    assert (device.profile, device.rooms) == device.loaded()
    came_back = (left_and_joined_again, joined_and_left_again)
    assert (device.loaded() == before) == (step in came_back)
    read = device.read
    device.sync()
    assert device.read == read  # nothing is repeated


def test_all_changes_of_a_long_absence_are_read_in_pages(device, ana, room, boss, monkeypatch):
    from moderado.chat.selectors import own_changes  # noqa: PLC0415

    monkeypatch.setitem(own_changes.own_changes.__kwdefaults__, "limit", 2)
    for step in (name_held_of_a_room, said, joined, created, name_refused, joined, left):
        step(ana, room, boss)
    device.sync()

    assert (device.profile, device.rooms) == device.loaded()


def test_nothing_of_others_is_returned(device, ana, room, boss, signed_in):
    other = Device(signed_in(make_member().user))
    for step in (joined, created, name_approved, language_chosen, left):
        step(ana, room, boss)
    other.sync()

    assert other.read == 0


def test_departures_need_no_service(ana, room):
    """The previous release and an operator's SQL leave them, too; the account may be deleted."""
    member = make_member(room)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM chat_membership WHERE user_id = %s", [ana.id])
    member.user.delete()

    assert set(Departure.objects.values_list("user_id", "room_id")) >= {(ana.id, room.id)}
    make_member(room, user=ana)
    assert not Departure.objects.filter(user=ana.id)
