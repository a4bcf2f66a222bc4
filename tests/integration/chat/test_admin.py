"""Admin pages of rooms, memberships and messages."""

import pytest
from django.contrib.admin.models import LogEntry
from structlog.testing import capture_logs

from moderado.accounts.models import User
from moderado.accounts.services.accounts import update_profile
from moderado.chat.models import Membership, Message, Revision, Room
from moderado.moderation.errors import CaseSuperseded
from moderado.moderation.models import Case, ModerationLog, SubjectRevision
from moderado.moderation.services.subject_screening import screen_waiting
from tests.admin import act
from tests.factories import make_member, make_message, make_room, make_user
from tests.integration.accounts.test_admin import rename
from tests.integration.chat.steps import judge, post

pytestmark = pytest.mark.django_db

Role = Membership.Role


@pytest.fixture
def operator(client):
    client.force_login(make_user(name="Operator", is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize(
    "page",
    [
        "room/",
        "room/?q=sala&state=open&moderation_mode__exact=pre",
        "membership/",
        "membership/?q=ana&role__exact=ADMIN",
        "message/",
        "message/?q=dia&status__exact=REJECTED",
    ],
)
def test_admin_pages_open(operator, page):
    make_message()

    assert operator.get(f"/admin/chat/{page}").status_code == 200


def test_admin_shows_a_room_with_participants(operator):
    place = make_member(role=Role.ADMIN)

    page = operator.get(f"/admin/chat/room/{place.room_id}/change/").content.decode()

    assert place.user.name in page


def test_room_made_private_in_admin_rechecks_subscribers(operator):
    room = make_room()

    operator.post(
        f"/admin/chat/room/{room.id}/change/",
        {
            "name": "Sala",
            "is_private": "on",
            "moderation_mode": "off",
            "audience": "minors",
            "memberships-TOTAL_FORMS": 0,
            "memberships-INITIAL_FORMS": 0,
        },
    )

    room.refresh_from_db()
    assert (room.name, room.is_private, room.moderation_mode) == ("Sala", True, "off")
    assert room.audience == "minors"
    assert room.acl_version == 1


def test_rooms_are_closed_and_never_deleted(operator):
    room = make_room()

    act(operator, "close", room)

    assert Room.objects.get().deleted_at is not None
    assert operator.post(f"/admin/chat/room/{room.id}/delete/", {"post": "yes"}).status_code == 403


def test_admin_appoints_a_room_administrator(operator):
    place = make_member()

    act(operator, "appoint", place)

    place.refresh_from_db()
    assert place.role == Role.ADMIN


def test_admin_removes_participants_but_not_the_last_administrator(operator):
    admin = make_member(role=Role.ADMIN)
    member, another = make_member(admin.room), make_member(admin.room)

    page = act(operator, "remove", admin, member)

    assert set(Membership.objects.all()) == {admin, another}
    assert page.status_code == 200


def test_admin_shows_revisions_read_only(operator):
    message = make_message(text="depois")
    Revision.objects.create(message=message, revision=1, text="antes", status="APPROVED")
    url = f"/admin/chat/message/{message.id}/change/"

    page = operator.get(url).content.decode()

    assert "depois" in page
    assert "antes" in page
    assert operator.post(url, {"text": "changed"}).status_code == 403
    assert Message.objects.get().text == "depois"


@pytest.mark.proves("S59")
def test_every_action_of_an_operator_leaves_an_audit_line(operator):
    place, last_admin = make_member(role=Role.ADMIN), make_member(role=Role.ADMIN)
    for room in (place.room, last_admin.room):
        make_member(room)
    make_member(place.room, role=Role.ADMIN)

    with capture_logs() as logged:
        act(operator, "appoint", place)
        act(operator, "remove", place, last_admin)
        act(operator, "close", place.room)

    lines = [line.change_message for line in LogEntry.objects.order_by("pk")]
    assert sorted(lines) == sorted(
        ["appoint: done", "remove: done", "remove: last_admin", "close: done"]
    )
    acted = [(each["action"], each["result"]) for each in logged if each["event"] == "admin_acted"]
    assert sorted(acted) == sorted(tuple(line.split(": ")) for line in lines)


@pytest.mark.proves("S59")
def test_change_of_a_room_leaves_an_audit_line(operator):
    room = make_room()

    with capture_logs() as logged:
        operator.post(
            f"/admin/chat/room/{room.id}/change/",
            {
                "name": "Sala",
                "moderation_mode": "pre",
                "audience": "mixed",
                "memberships-TOTAL_FORMS": 0,
                "memberships-INITIAL_FORMS": 0,
            },
        )

    (line,) = [each for each in logged if each["event"] == "admin_acted"]
    assert (line["action"], line["record_id"]) == ("change", str(room.id))
    assert LogEntry.objects.get().object_id == str(room.id)


def superseded_case():
    """Open a case as an earlier release left it: its message was deleted."""
    place = make_member()
    message = post(place.user, place.room, "HOLD this")
    judge(message)
    Message.objects.update(status=Message.Status.REMOVED)
    return Case.objects.get()


@pytest.mark.proves("S59")
@pytest.mark.parametrize("action", ["approve", "reject"])
def test_superseded_case_is_refused_and_stays_closed(operator, action):
    case = superseded_case()

    page = act(operator, action, case)

    case.refresh_from_db()
    assert (case.state, case.close_reason, case.outcome) == ("closed", "deleted", "")
    assert str(CaseSuperseded("deleted")) in page.content.decode()
    (line,) = LogEntry.objects.all()
    assert line.change_message.endswith(": case_superseded")
    assert not ModerationLog.objects.filter(actor__isnull=False).exists()


def test_unusable_name_is_an_error_of_its_field(operator):
    room = make_room(name="Futebol")
    form = {"name": "\u3164", "moderation_mode": "pre", "audience": "mixed"}
    inline = {f"memberships-{count}_FORMS": 0 for count in ("TOTAL", "INITIAL")}

    answer = operator.post(f"/admin/chat/room/{room.pk}/change/", form | inline)

    assert answer.status_code == 200
    assert "name" in answer.context["adminform"].form.errors


@pytest.mark.proves("S189")
@pytest.mark.parametrize("party", ["creator", "moderator"])
def test_operators_do_not_decide_about_names_of_their_rooms(operator, party):
    own = User.objects.get(name="Operator")
    room = make_room(name="Futebol")
    if party == "creator":
        Room.objects.update(created_by=own)
    else:
        make_member(room, role=Role.MODERATOR, user=own)
    form = {"name": "Vôlei", "moderation_mode": "post", "audience": "mixed"}
    inline = {f"memberships-{count}_FORMS": 0 for count in ("TOTAL", "INITIAL")}

    operator.post(f"/admin/chat/room/{room.pk}/change/", form | inline)

    room.refresh_from_db()
    assert (room.name, room.moderation_mode) == ("Futebol", "post")
    proposed = SubjectRevision.objects.get(subject_id=room.id, text="Vôlei")
    assert (proposed.status, proposed.author_id) == ("PENDING", own.id)


@pytest.mark.proves("S189")
def test_held_name_is_not_approved_by_its_own_operator(operator):
    own = User.objects.get(name="Operator")
    update_profile(user_id=own.id, name="HOLD me")
    screen_waiting()
    assert Case.objects.get().author_id == own.id

    rename(operator, own, "HOLD me")

    assert own.name == "Operator"
    assert Case.objects.get().outcome == ""
