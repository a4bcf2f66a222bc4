"""Sanctions and measures on rooms by REST alone, and what a banned person learns at sign-in."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from moderado.accounts.models import Session
from moderado.core.clock import wire_time
from moderado.core.ids import new_id
from moderado.enforcement.models import AuditLine, Sanction
from moderado.moderation.models import Case
from tests.factories import (
    PASSWORD,
    SANCTIONING,
    make_member,
    make_room,
    make_staff,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(room):
    return make_member(room).user


@pytest.fixture
def moderator(room, signed_in):
    return signed_in(make_member(room, role="MODERATOR").user)


@pytest.fixture
def staff(signed_in):
    return signed_in(make_staff(*SANCTIONING, "view_user"))


def impose(client, user, kind="mute", **fields):
    asked = {"user": str(user.id), "kind": kind, "reason": "harassment", "term_seconds": 3600}
    return client.post("/api/enforcement/sanctions/", asked | fields, "json")


def test_muted_member_learns_what_why_and_until_when(room, member, moderator, signed_in):
    client = signed_in(member)
    imposed = impose(moderator, member, scope=str(room.id), public_note="Leia as regras.")
    refused = client.post(f"/api/chat/rooms/{room.id}/messages/", {"content": "oi"}, "json")
    listed = client.get("/api/me/sanctions/").data["results"]

    assert imposed.status_code == 201
    assert (refused.status_code, refused.data["code"]) == (403, "muted")
    assert refused.data["details"]["sanction"] == imposed.data["id"] == listed[0]["id"]
    assert refused.data["details"]["note"] == listed[0]["note"] == "Leia as regras."
    assert (listed[0]["kind"], listed[0]["state"], listed[0]["room"]) == (
        "mute",
        "active",
        str(room.id),
    )
    assert not {"actor", "user"} & set(listed[0])
    lifted = moderator.post(
        f"/api/enforcement/sanctions/{imposed.data['id']}/lift/", {"reason": "mistake"}, "json"
    )
    assert (lifted.data["state"], lifted.data["lift_reason"]) == ("lifted", "mistake")
    again = moderator.post(
        f"/api/enforcement/sanctions/{imposed.data['id']}/lift/", {"reason": "again"}, "json"
    )
    assert (again.status_code, again.data["code"]) == (409, "sanction_ended")
    posted = client.post(f"/api/chat/rooms/{room.id}/messages/", {"content": "oi"}, "json")
    assert posted.status_code == 202
    assert [*AuditLine.objects.values_list("action", flat=True)] == [
        "sanction_applied",
        "sanction_lifted",
    ]


def test_banned_person_is_signed_out_and_learns_why_at_sign_in(member, staff, signed_in):
    client = signed_in(member)
    assert impose(staff, member, "ban", public_note="Ofensas.").status_code == 201

    assert client.get("/api/auth/users/me/").status_code == 401
    assert not Session.objects.filter(user=member, ended_at=None).exists()
    asked = {"email": member.email, "password": PASSWORD}
    refused = APIClient().post("/api/auth/login/", asked, "json")
    assert (refused.status_code, refused.data["code"]) == (403, "banned")
    assert refused.data["details"]["note"] == "Ofensas."
    wrong = APIClient().post("/api/auth/login/", asked | {"password": "guess"}, "json")
    assert (wrong.status_code, wrong.data["code"]) == (401, "wrong_credentials")
    Sanction.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert APIClient().post("/api/auth/login/", asked, "json").status_code == 200


@pytest.mark.parametrize("spelling", ["{0}", " {0} ", "{1}+again@{2}"])
def test_banned_email_does_not_register_again(member, staff, spelling):
    impose(staff, member, "ban")
    email, name = member.email, member.email.partition("@")[0]
    member.email = "erased@example.org"  # as after an erasure
    member.save()
    asked = {"name": "Ana", "password": "another phrase of some length"}
    asked["email"] = spelling.format(email, name.upper(), "Example.org")

    refused = APIClient().post("/api/auth/register/", asked, "json")
    assert (refused.status_code, refused.data["code"]) == (403, "email_banned")
    assert "details" not in refused.data


def test_room_moderator_sanctions_in_the_own_room_only(room, member, moderator):
    for scope in (None, str(make_room().id)):
        assert impose(moderator, member, scope=scope).status_code == 403
    assert not Sanction.objects.exists()


def test_staff_bans_no_account_with_more_rights(staff):
    superuser = make_user(is_superuser=True, is_staff=True)
    assert impose(staff, superuser, "ban").status_code == 403


@pytest.mark.proves("S115")
@pytest.mark.parametrize("term", [0, -1, 10**18, -(10**30), 10**300])
def test_impossible_term_is_refused(room, member, moderator, signed_in, term):
    operator = signed_in(make_user(is_staff=True, is_superuser=True))
    case = Case.objects.create(
        subject_type="message", subject_id=new_id(), revision=1, scope_id=room.id, text="x",
        origin="hold", author=member,
    )  # fmt: skip
    measure = {"kind": "mute", "scope": "room", "term_seconds": term}
    ruling = {"content": "remove", "revision": 1, "reason": "spam", "sanctions": [measure]}
    suspension = {"user": str(member.id), "reason": "spam", "term_seconds": term}

    answers = [
        impose(operator, member, term_seconds=term),
        impose(operator, member, "strike", term_seconds=term),
        operator.post("/api/enforcement/report-suspensions/", suspension, "json"),
        moderator.post(f"/api/enforcement/cases/{case.id}/ruling/", ruling, "json"),
    ]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert all(answer.data["code"] == "invalid" for answer in answers)
    assert [set(answer.data["fields"]) for answer in answers[:3]] == [{"term_seconds"}] * 3


def test_list_is_filtered_by_person_room_kind_and_state(room, member, moderator, staff):
    other = make_user()
    mute = impose(moderator, member, scope=str(room.id)).data["id"]
    ban = impose(staff, other, "ban").data["id"]

    def found(client, query=""):
        answer = client.get(f"/api/enforcement/sanctions/{query}")
        return [each["id"] for each in answer.data["results"]]

    assert found(moderator) == [mute]
    assert found(staff) == [ban, mute]
    assert found(staff, f"?user={member.id}") == [mute]
    assert found(staff, f"?room={room.id}&state=active") == [mute]
    assert found(staff, "?kind=ban") == [ban]
    assert found(staff, "?state=expired") == []


@pytest.mark.parametrize(
    ("path", "code", "status"),
    [
        ("freeze", "room_frozen", 403),
        ("newcomers-wait", "newcomers_wait", 403),
        ("slow-mode", "slow_mode", 429),
    ],
)
def test_measure_binds_until_it_ends(room, moderator, signed_in, path, code, status):
    client = signed_in(make_member(room).user)
    until = wire_time(timezone.now() + timedelta(hours=1))
    url = f"/api/enforcement/rooms/{room.id}/{path}/"
    messages = f"/api/chat/rooms/{room.id}/messages/"

    assert moderator.post(url, {"until": until}, "json").status_code == 200
    if path == "slow-mode":
        assert client.post(messages, {"content": "oi"}, "json").status_code == 202
    refused = client.post(messages, {"content": "oi"}, "json")
    assert (refused.status_code, refused.data["code"]) == (status, code)
    assert refused.data["details"]["until"] == until
    assert (refused.get("Retry-After") is not None) is (path == "slow-mode")
    assert moderator.post(messages, {"content": "oi"}, "json").status_code == 202
    assert moderator.post(url, {"until": None}, "json").status_code == 200
    assert client.post(messages, {"content": "oi"}, "json").status_code == 202


def test_measure_in_the_past_is_refused(room, moderator):
    asked = {"until": (timezone.now() - timedelta(hours=1)).isoformat()}
    refused = moderator.post(f"/api/enforcement/rooms/{room.id}/freeze/", asked, "json")
    assert (refused.status_code, set(refused.data["fields"])) == (400, {"until"})


@pytest.mark.proves("S82")
def test_repeated_request_gives_no_second_sanction(room, member, moderator):
    def given(**fields):
        return impose(moderator, member, **{"kind": "strike", "scope": str(room.id), **fields})

    first, again = given(public_note=" Basta. "), given(public_note=" Basta. ")
    mute, others = given(kind="mute"), [given(kind="mute", term_seconds=60), given(kind="warning")]
    path = f"/api/enforcement/sanctions/{mute.data['id']}/lift/"
    moderator.post(path, {"reason": "mistake"}, "json")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data["id"] == again.data["id"]
    assert [each.status_code for each in others] == [201, 201]
    assert given(kind="mute").status_code == 201  # after the lifting it is another one
    assert Sanction.objects.filter(kind="strike").count() == 1
    assert AuditLine.objects.filter(action="sanction_applied").count() == 5


@pytest.mark.proves("S157")
@pytest.mark.parametrize("reason", ["spam\u200b e  golpe", "\ufeffspam e golpe"])
def test_sanction_is_recognized_as_a_repeat_however_its_reason_was_typed(
    room, member, moderator, reason
):
    fields = {"kind": "strike", "scope": str(room.id), "reason": reason, "public_note": "na\u0303o"}
    first, again = (impose(moderator, member, **fields) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data["id"] == again.data["id"]


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"scope": "room", "room": "{room}"}, None),
        ({"room": "{room}"}, None),
        ({"scope": "{room}"}, None),  # of earlier versions
        ({"scope": "{room}", "room": "{room}"}, None),
        ({"scope": "room"}, "room"),
        ({"scope": "server", "room": "{room}"}, "room"),
        ({"scope": None, "room": "{room}"}, "room"),
        ({"scope": "sala"}, "scope"),
        ({"scope": 7}, "scope"),
    ],
)
def test_scope_is_named_as_in_rulings(room, member, moderator, given, wrong):
    fields = {name: value and str(value).format(room=room.id) for name, value in given.items()}

    answer = impose(moderator, member, **fields)

    if wrong:
        assert (answer.status_code, set(answer.data["fields"])) == (400, {wrong})
    else:
        assert (answer.status_code, answer.data["room"]) == (201, str(room.id))


@pytest.mark.parametrize("given", [{"scope": "server"}, {"scope": None}, {}])
def test_staff_name_the_whole_server(member, staff, given):
    answer = impose(staff, member, **given)

    assert (answer.status_code, answer.data["room"]) == (201, None)


def test_moderator_of_a_room_sanctions_nobody_on_the_server(member, moderator):
    assert impose(moderator, member, scope="server").status_code == 403
