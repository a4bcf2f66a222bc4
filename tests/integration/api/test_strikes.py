"""The histogram of strikes, and how a person learns what to do against a sanction."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from moderado.accounts import tokens
from moderado.core.clock import wire_time
from moderado.enforcement.models import Appeal, Sanction
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.sanctions import apply_sanction, lift_sanction
from tests.factories import PASSWORD, SANCTIONING, make_member, make_room, make_staff, make_user
from tests.integration.enforcement.steps import settle
from tests.rulings import make_ruling

pytestmark = pytest.mark.django_db


def apply(user, kind, **fields):
    given = {"scope_id": None, "term": timedelta(days=1), "reason": "hate", "actor_id": None}
    with transaction.atomic():
        return apply_sanction(user_id=user.id, kind=kind, **(given | fields))


def test_histogram_counts_persons_by_points(signed_in):
    room, many, few = make_room(), make_user(), make_user()
    for _ in range(3):
        apply(many, "strike", term=None)
    apply(many, "strike", term=None, scope_id=room.id)
    apply(few, "strike", term=None)
    revoked = apply(few, "strike", term=None)
    old = apply(few, "strike", term=None)
    Sanction.objects.filter(pk=old.pk).update(starts_at=timezone.now() - timedelta(days=40))
    with transaction.atomic():
        lift_sanction(actor_id=None, sanction_id=revoked.id, reason="mistake")
    client, url = signed_in(make_staff(*SANCTIONING)), "/api/enforcement/strikes/histogram/"

    found = client.get(url, {"window_days": 30}).data
    assert (found["policy"], found["window_days"], found["persons"]) == (None, 30, 2)
    assert [dict(each) for each in found["buckets"]] == [
        {"points": 1, "persons": 1, "persons_at_least": 2},
        {"points": 3, "persons": 1, "persons_at_least": 1},
    ]
    assert client.get(url).data["buckets"][0]["points"] == 2
    assert client.get(url, {"policy": "none"}).data["persons"] == 0
    assert client.get(url, {"window_days": 0}).status_code == 400
    moderator = make_member(room, role="MODERATOR").user
    assert signed_in(moderator).get(url).status_code == 403


def test_refusal_and_list_say_until_when_and_where_to_appeal(signed_in):
    member = make_member().user
    room, client = member.memberships.get().room, signed_in(member)
    mute = apply(member, "mute", scope_id=room.id)
    refused = client.post(f"/api/chat/rooms/{room.id}/messages/", {"content": "oi"}, "json")
    listed = client.get("/api/me/sanctions/").data["results"][0]
    decided = client.get("/api/me/decisions/").data["results"][0]

    path = f"/api/me/decisions/{mute.id}/appeal/"
    assert {refused.data["details"]["appeal_path"], listed["appeal_path"]} == {path}
    assert decided["appeal_path"] == path
    until = mute.created_at + timedelta(days=180)
    written = wire_time(until)  # everywhere the same
    assert refused.data["details"]["appeal_until"] == written
    assert listed["appeal_until"] == decided["appeal_until"] == written
    assert (listed["appealable"], listed["decision"]) == (True, str(mute.id))
    assert client.post(path, {"text": "Foi engano."}, "json").status_code == 201
    assert client.get("/api/me/sanctions/").data["results"][0]["appealable"] is False


@pytest.fixture
def banned():
    user = make_user()
    apply(user, "ban", public_note="Ofensas.")
    return user


def bearer(token):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def sign_in(user, password=PASSWORD):
    body = {"email": user.email, "password": password}
    return APIClient().post("/api/auth/login/", body, "json")


def test_banned_person_appeals_by_the_token_of_the_refused_sign_in(banned):
    refused = sign_in(banned)
    assert (refused.status_code, refused.data["code"]) == (403, "banned")
    assert "no-store" in refused["Cache-Control"]
    details = refused.data["details"]
    assert details["appeal_token_expires_in"] == 1_800
    client = bearer(details["appeal_token"])

    listed = client.get("/api/me/sanctions/").data["results"]
    assert [(each["kind"], each["note"], each["appealable"]) for each in listed] == [
        ("ban", "Ofensas.", True)
    ]
    assert client.get("/api/me/decisions/").status_code == 200
    assert client.post(details["appeal_path"], {"text": "Não fui eu."}, "json").status_code == 201
    assert Appeal.objects.get().appellant == banned
    export = client.post("/api/me/export/")
    assert client.get(f"/api/me/export/{export.data['id']}/").status_code == 200
    wrong = client.post("/api/me/erasure/", {"password": "guess"}, "json")
    assert (wrong.status_code, set(wrong.data["fields"])) == (400, {"password"})
    assert client.post("/api/me/erasure/", {"password": PASSWORD}, "json").status_code == 202
    assert client.delete("/api/me/erasure/").status_code == 204


@pytest.mark.proves("S195")
def test_banned_reporter_sees_the_outcome_of_a_report_and_appeals_it(banned):
    about = {"subject_type": "person", "subject_id": make_user().id}
    found, _ = report(reporter_id=banned.id, **about, category="hate")
    make_ruling(actor_id=make_staff().id, case_id=found.case_id, content="allow")
    settle()
    client = bearer(sign_in(banned).data["details"]["appeal_token"])

    (shown,) = client.get("/api/chat/reports/mine/").data["results"]
    appeal = client.post(
        f"/api/chat/reports/{found.id}/appeal/", {"text": "Olhem de novo."}, "json"
    )

    assert (shown["state"], shown["outcome"]) == ("decided", "no_action")
    assert appeal.status_code == 201
    assert Appeal.objects.get().appellant == banned
    again = {"user": str(make_user().id), "category": "hate"}
    assert client.post("/api/chat/reports/", again, "json").status_code == 401


@pytest.mark.proves("S75")
def test_appeal_token_is_only_for_those_who_know_the_password(banned):
    assert "details" not in sign_in(banned, "guess").data
    assert sign_in(make_user()).status_code == 200


def forge(token):
    head, body, signature = token.split(".")
    return ".".join((head, body, signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")))


@pytest.mark.proves("S75")
@pytest.mark.parametrize("end", ["forged", "expired", "password", "lifted", "over", "deactivated"])
def test_appeal_token_ends(banned, end, monkeypatch):
    if end == "expired":
        monkeypatch.setattr(tokens, "APPEAL_SECONDS", -1)
    token = sign_in(banned).data["details"]["appeal_token"]
    ban = Sanction.objects.get()
    match end:
        case "forged":
            token = forge(token)
        case "password":
            banned.set_password("another phrase of some length")
            banned.save()
        case "lifted":
            with transaction.atomic():
                lift_sanction(actor_id=None, sanction_id=ban.id, reason="mistake")
        case "over":
            Sanction.objects.update(ends_at=timezone.now())
        case "deactivated":
            banned.is_active = False
            banned.save()
    answer = bearer(token).get("/api/me/sanctions/")
    assert (answer.status_code, answer.data["code"]) == (401, "not_authenticated")


@pytest.mark.proves("S75")
def test_appeal_token_is_no_access_token_and_no_refresh_token(banned):
    token = sign_in(banned).data["details"]["appeal_token"]
    for path, field in (("refresh", "refresh"), ("logout", "refresh")):
        answer = APIClient().post(f"/api/auth/{path}/", {field: token}, "json")
        assert answer.status_code == 401
    assert bearer(token).post("/api/auth/ws-ticket/").status_code == 401


def test_room_shows_its_measures_until_they_are_over(signed_in):
    room = make_room()
    moderator = signed_in(make_member(room, role="MODERATOR").user)
    member = signed_in(make_member(room).user)
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    shown = f"{until[:26]}Z"
    before = member.get(f"/api/chat/rooms/{room.id}/").data
    for path, body in (("freeze", {}), ("newcomers-wait", {}), ("slow-mode", {"seconds": 20})):
        url = f"/api/enforcement/rooms/{room.id}/{path}/"
        assert moderator.post(url, {"until": until, **body}, "json").status_code == 200

    names = ("frozen_until", "newcomers_wait_until", "newcomers_after", "slow_mode")
    assert [before[name] for name in names] == [None] * 4
    found = member.get(f"/api/chat/rooms/{room.id}/").data
    assert (found["frozen_until"], found["newcomers_wait_until"]) == (shown, shown)
    assert found["slow_mode"] == {"seconds": 20, "until": shown}
    assert found["newcomers_after"] < found["frozen_until"]
    assert member.get("/api/chat/rooms/").data["results"][0]["frozen_until"] == shown
    room.refresh_from_db()
    room.frozen_until = room.slow_mode_until = room.newcomers_wait_until = timezone.now()
    room.save()
    over = member.get(f"/api/chat/rooms/{room.id}/").data
    assert [over[name] for name in names] == [None] * 4
