"""Requests whose answer was lost, and which are sent again after the world has changed."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.test import APIClient

from moderado.chat import states
from moderado.chat.models import Message
from moderado.chat.services.publication import Changed, write
from moderado.chat.services.transitions import advance
from moderado.enforcement.models import AuditLine, Notice, Report, Ruling, Sanction
from moderado.enforcement.services import reports
from moderado.enforcement.services.notice_terms import keep_notice_terms
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.types import Outcome
from tests.factories import (
    ENFORCING,
    MODERATING,
    REPORTING,
    SANCTIONING,
    client_of,
    make_message,
    make_staff,
)
from tests.integration.enforcement.test_notices import GIVEN
from tests.texts import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R245")]

KEY = "00000000-0000-4000-8000-000000000007"
REASON = {"reason": "mistake"}
BULK = {"content": "allow", "reason": "spam"}
DECISION = {"outcome": "overturned", "reason": "mistake"}


def staff():
    return client_of(make_staff(*MODERATING, *ENFORCING, *SANCTIONING, *REPORTING))


@pytest.fixture
def moderator():
    return staff()


@pytest.fixture
def message(room, alice):
    return make_message(room, author=alice, status="APPROVED", text="seu bobo", seq=1, position=1)


@pytest.fixture
def reporting(bob, message):
    body = {"message": str(message.id), "category": "harassment", "comment": "olha "}
    body["client_id"] = "r-1"
    return partial(client_of(bob).post, "/api/chat/reports/", body, "json")


def publish_edit(author, message):
    path = f"/api/chat/rooms/{message.room_id}/messages/{message.id}/"
    assert client_of(author).patch(path, {"content": "bom dia"}, "json").status_code == 200
    with transaction.atomic():
        locked = Message.objects.select_for_update().get(pk=message.id)
        step = advance(locked, states.Verdict(2, Outcome.ALLOW))
        write([Changed(locked, step.change)])


def twice(send):
    """Send a request twice; return the answers."""
    return [send() for _ in range(2)]


def test_report_is_not_made_of_the_text_of_an_edit(reporting, alice, message):
    first = reporting()
    publish_edit(alice, message)

    again = reporting()

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.data["id"] == first.data["id"]
    assert list(Case.objects.values_list("revision", "state")) == [(1, "open")]


@pytest.mark.proves("S182")
def test_report_of_a_text_that_was_never_shown_opens_no_case(bob, alice, message):
    publish_edit(alice, message)
    body = {"message": str(message.id), "category": "harassment"}
    report = partial(client_of(bob).post, "/api/chat/reports/", format="json")

    never_seen, seen = report(body | {"revision": 3}), report(body | {"revision": 2})

    assert (never_seen.status_code, never_seen.data["code"]) == (409, "text_replaced")
    assert seen.status_code == 201
    assert list(Case.objects.values_list("revision", flat=True)) == [2]


@pytest.mark.proves("S182")
def test_report_of_a_text_that_was_replaced_is_about_that_text(bob, alice, message):
    publish_edit(alice, message)
    body = {"message": str(message.id), "category": "harassment", "revision": 1}

    answer = client_of(bob).post("/api/chat/reports/", body, "json")

    assert answer.status_code == 201
    (case,) = Case.objects.all()
    shown = staff().get(f"/api/enforcement/cases/{case.id}/").data
    seen = (shown["text"], shown["revision"], shown["message_status"], shown["successor"])
    assert seen == ("seu bobo", 1, "SUPERSEDED", "bom dia")


@pytest.mark.proves("S182")
def test_text_that_is_replaced_while_it_is_reported_keeps_its_case(
    bob, alice, message, monkeypatch
):
    """The text is read again under the lock of the message."""
    edit, publish = partial(publish_edit, alice, message), reports.publish
    monkeypatch.setattr(reports, "publish", lambda event: (edit(), publish(event)))
    body = {"message": str(message.id), "category": "spam", "revision": 1}

    answer = client_of(bob).post("/api/chat/reports/", body, "json")

    assert answer.status_code == 201
    (case,) = Case.objects.all()
    assert (case.revision, text_of(case)) == (1, "seu bobo")


@pytest.mark.proves("S182")
def test_repeat_of_a_report_that_names_a_revision_answers_the_first_one(bob, alice, message):
    body = {"message": str(message.id), "category": "harassment", "revision": 1}
    first = client_of(bob).post("/api/chat/reports/", body, "json")
    publish_edit(alice, message)

    again = client_of(bob).post("/api/chat/reports/", body, "json")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.data["id"] == first.data["id"]


@pytest.mark.proves("S182")
@pytest.mark.parametrize("revision", [0, -1, 2**40, "um"])
def test_revision_that_cannot_be_is_refused(bob, alice, message, revision):
    client = client_of(bob)
    body = {"message": str(message.id), "category": "spam", "revision": revision}
    about_person = {"user": str(alice.id), "category": "spam", "revision": 1}

    assert client.post("/api/chat/reports/", body, "json").status_code == 400
    assert client.post("/api/chat/reports/", about_person, "json").status_code == 400


def test_report_of_the_new_text_has_another_client_id(reporting, bob, alice, message):
    first = reporting()
    publish_edit(alice, message)
    body = {"message": str(message.id), "category": "harassment", "client_id": "r-2"}

    later = client_of(bob).post("/api/chat/reports/", body, "json")

    assert (later.status_code, later.data["id"] == first.data["id"]) == (201, False)
    assert reporting().data["id"] == first.data["id"]


def test_report_found_by_its_text_leaves_the_client_id_unused(reporting, bob, alice, message):
    first = reporting()
    body = {"message": str(message.id), "category": "harassment", "client_id": "r-2"}
    send = partial(client_of(bob).post, "/api/chat/reports/", body, "json")

    assert send().data["id"] == first.data["id"]
    publish_edit(alice, message)
    assert send().status_code == 201


def test_decided_report_of_a_person_is_not_made_again(bob, alice):
    body = {"user": str(alice.id), "category": "spam", "client_id": "r-1"}
    send = partial(client_of(bob).post, "/api/chat/reports/", body, "json")
    first = send()
    Report.objects.update(state="decided", outcome="no_action", decided_at=Now())

    again = send()

    assert (again.status_code, again.data["id"]) == (200, first.data["id"])
    assert Report.objects.count() == 1


def test_client_id_of_another_report_is_a_conflict(reporting, bob, message):
    reporting()
    body = {"message": str(message.id), "category": "spam", "client_id": "r-1"}

    refused = client_of(bob).post("/api/chat/reports/", body, "json")

    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


def test_notice_that_is_gone_or_of_a_server_without_mail(settings):
    body = GIVEN | {"subject": KEY, "client_id": KEY}
    send = partial(APIClient().post, "/api/notices/", body, "json")
    first = send()
    assert first.status_code == 201
    settings.SENDS_EMAIL = False
    assert send().json() == first.json()
    Notice.objects.update(created_at=Now() - timedelta(days=8))
    keep_notice_terms()

    gone = send()

    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert not Notice.objects.exists()


def ruling_on(case, **fields):
    measures = [
        {"kind": "warning", "scope": "server"},
        {"kind": "mute", "scope": "room", "term_seconds": 60},
    ]
    return {"content": "remove", "reason": "spam", "revision": 1, "sanctions": measures} | fields


@pytest.fixture
def case(reporting):
    reporting()
    return Case.objects.get()


def rule_path(case):
    return f"/api/enforcement/cases/{case.id}/ruling/"


def test_ruling_of_the_same_moderator_is_made_once(moderator, case):
    first, again = twice(lambda: moderator.post(rule_path(case), ruling_on(case), "json"))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data["ruling"]["id"] == first.data["ruling"]["id"]
    assert (Ruling.objects.count(), Sanction.objects.count()) == (1, 2)
    assert ModerationLog.objects.filter(decided_by="moderator").count() == 1


@pytest.mark.parametrize(
    "other",
    [
        {"content": "allow", "sanctions": []},
        {"reason": "hate"},
        {"private_note": "segunda vez"},
        {"sanctions": [{"kind": "warning", "scope": "server"}]},
        {"revision": 2},
    ],
    ids=["content", "reason", "note", "measures", "revision"],
)
def test_other_ruling_on_a_decided_case_is_refused(moderator, case, other):
    moderator.post(rule_path(case), ruling_on(case), "json")

    refused = moderator.post(rule_path(case), ruling_on(case, **other), "json")

    assert (refused.status_code, refused.data["code"]) == (409, "case_closed")


def test_ruling_of_another_moderator_is_refused(moderator, case):
    moderator.post(rule_path(case), ruling_on(case), "json")

    refused = staff().post(rule_path(case), ruling_on(case), "json")

    assert (refused.status_code, refused.data["code"]) == (409, "case_closed")


def test_ruling_that_was_undone_is_made_anew(moderator, case):
    first = moderator.post(rule_path(case), ruling_on(case), "json").data["ruling"]["id"]
    undo = partial(moderator.post, f"/api/enforcement/rulings/{first}/undo/")
    assert [each.status_code for each in twice(undo)] == [200, 200]
    assert Case.objects.get().state == "open"

    second = moderator.post(rule_path(case), ruling_on(case), "json").data["ruling"]["id"]

    assert second != first
    assert undo().status_code == 200  # sent again: it takes back the first one alone
    assert Case.objects.get().state == "decided"


def test_reversal_of_the_same_moderator_is_made_once(moderator, case, message):
    ruling = moderator.post(rule_path(case), ruling_on(case), "json").data["ruling"]["id"]
    path = f"/api/enforcement/rulings/{ruling}/reverse/"
    other = staff()

    first, again = twice(lambda: other.post(path, REASON, "json"))
    refused = moderator.post(path, REASON, "json")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data["ruling"]["id"] == first.data["ruling"]["id"]
    assert (refused.status_code, refused.data["code"]) == (409, "ruling_replaced")
    message.refresh_from_db()
    assert (message.status, Ruling.objects.count()) == ("APPROVED", 2)


def test_sanction_is_lifted_and_its_appeal_decided_once(moderator, alice):
    body = {"user": str(alice.id), "kind": "mute", "scope": "server", "reason": "spam"}
    lifted, appealed = (
        moderator.post("/api/enforcement/sanctions/", body | {"term_seconds": term}, "json").data
        for term in (60, 90)
    )
    lift = f"/api/enforcement/sanctions/{lifted['id']}/lift/"
    appeal = client_of(alice).post(
        f"/api/me/decisions/{appealed['id']}/appeal/", {"text": "Por quê?"}, "json"
    )
    decide = f"/api/enforcement/appeals/{appeal.data['id']}/decision/"
    other = staff()

    lifts = twice(lambda: moderator.post(lift, REASON, "json"))
    decisions = twice(lambda: other.post(decide, DECISION, "json"))

    assert [each.status_code for each in (*lifts, *decisions)] == [200] * 4
    assert lifts[0].data == lifts[1].data
    assert decisions[0].data == decisions[1].data
    for refused in (
        other.post(lift, REASON, "json"),
        moderator.post(lift, {"reason": "other"}, "json"),
        other.post(decide, DECISION | {"outcome": "upheld"}, "json"),
        staff().post(decide, DECISION, "json"),
    ):
        assert refused.status_code == 409, refused.data
    acts = AuditLine.objects.values_list("action", flat=True)
    assert [list(acts).count(each) for each in ("sanction_lifted", "appeal_decided")] == [1, 1]


@pytest.mark.parametrize("route", ["purges", "bulk"])
def test_purge_and_ruling_in_bulk_are_reversed_once(case, alice, route):
    permissions = (*MODERATING, *ENFORCING, *SANCTIONING, "delete_message")
    actor, other = (client_of(make_staff(*permissions)) for _ in range(2))
    since = timezone.now() - timedelta(minutes=5)
    started = {
        "purges": {"user": str(alice.id), "since": since.isoformat(), "reason": "spam"},
        "bulk": {"filter": {"category": "harassment"}, "ruling": BULK},
    }[route]
    made = actor.post(f"/api/enforcement/{route}/", started, "json")
    path = f"/api/enforcement/{route}/{made.data['id']}/reverse/"

    answers = twice(lambda: actor.post(path, REASON, "json"))

    assert [each.status_code for each in answers] == [202, 202], answers[0].data
    assert other.post(path, REASON, "json").status_code == 409
    begun = AuditLine.objects.filter(action__endswith="_reversal_started")
    assert begun.count() == 1


@pytest.mark.proves("R246")
def test_edit_that_another_one_has_replaced(alice, message):
    path = f"/api/chat/rooms/{message.room_id}/messages/{message.id}/"
    edits = [("boa tarde", "e-1"), ("boa noite", "e-2"), ("boa tarde", "e-1"), ("oi", "e-1")]

    answers = [
        client_of(alice).patch(path, {"content": text, "client_id": client_id}, "json")
        for text, client_id in edits
    ]

    assert [each.status_code for each in answers] == [200, 200, 200, 409]
    assert answers[2].json()["edit"]["content"] == "boa noite"
