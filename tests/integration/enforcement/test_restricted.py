"""Cases about danger to children exist only for staff with a permission of their own."""

import json
from datetime import timedelta
from uuid import uuid4
from zipfile import ZipFile

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from moderado.chat.models import Message
from moderado.chat.selectors.case_audience import case_readers
from moderado.chat.services.purge_requests import preview_purge
from moderado.enforcement.evidence_package import verify
from moderado.enforcement.models import AuditLine, BulkRuling
from moderado.enforcement.selectors.cases import CaseFilter
from moderado.enforcement.services.bulk import count_matching
from moderado.enforcement.services.cases import open_or_join
from moderado.enforcement.services.datasets import Counts, labelled_rows
from moderado.enforcement.services.evidence import make_evidence_of_case
from moderado.enforcement.services.hash_bank import bank_message
from moderado.enforcement.services.rulings import Proposal, rule
from moderado.enforcement.types import Actor, ContentOutcome
from moderado.moderation.categories import category_list
from moderado.moderation.models import Case, SubjectRevision
from moderado.moderation.restricted_cases import unrestricted_texts
from moderado.moderation.selectors import rulings as rulings_of_people
from moderado.moderation.services.recording import record
from moderado.moderation.types import Category, Content, Outcome, Verdict
from tests.factories import (
    MODERATING,
    REPORTING,
    make_member,
    make_message,
    make_staff,
    make_user,
)
from tests.rulings import change_of, staff_actor

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S76")]

TRUSTED = (*MODERATING, *REPORTING, "bulk_rule", "view_restricted_case")


def restricted(message):
    """Open a restricted case and write its log line."""
    content = Content(
        subject_type="message", subject_id=message.id, revision=1, text=message.text,
        scope_id=message.room_id, author_id=message.author_id,
    )  # fmt: skip
    verdict = Verdict(
        outcome=Outcome.HOLD, score=0.9, decided_by="blocklist",
        categories={Category.CHILD_SAFETY: 0.9},
    )  # fmt: skip
    with transaction.atomic():
        record([(content, verdict)])
    return Case.objects.get(subject_id=message.id)


@pytest.fixture
def case(room):
    return restricted(make_message(room, status=Message.Status.HELD, text="xicrinha"))


@pytest.fixture(params=["room moderator", "staff"])
def untrusted(request, room):
    if request.param == "staff":
        return make_staff(*MODERATING, *REPORTING, "bulk_rule")
    return make_member(room, role="MODERATOR").user


def client_of(user):
    client = APIClient()
    client.force_login(user)
    return client


def test_restricted_case_is_in_nothing_that_others_see(case, untrusted):
    client, path = client_of(untrusted), f"enforcement/cases/{case.id}/"
    lists = (
        "enforcement/cases/", "moderation/cases/", "moderation/logs/",
        f"moderation/logs/?message={case.subject_id}", "enforcement/appeals/",
        "enforcement/queues/",
    )  # fmt: skip
    for listed in lists:
        answer = client.get(f"/api/{listed}")
        assert answer.status_code in {200, 403}
        assert str(case.subject_id) not in answer.content.decode()
        assert not answer.json().get("results")
    assert client.get("/api/moderation/cases/").json()["counts"]["open"] == 0
    for call, tail in (("get", ""), ("post", "claim/"), ("post", "notes/"), ("post", "ruling/")):
        assert getattr(client, call)(f"/api/{path}{tail}").status_code == 404
    assert client.get(f"/api/moderation/cases/{case.id}/").status_code == 404
    assert not AuditLine.objects.exists()


def test_restricted_case_is_in_no_frame_and_no_bulk_of_others(case, untrusted):
    assert case_readers(user_ids=[untrusted.id], changes=[change_of(case)]) == {}
    actor = Actor(id=untrusted.id, scope_ids=[case.scope_id])
    assert count_matching(actor=actor, wanted=CaseFilter()) == 0
    trusted = make_staff(*TRUSTED)
    readers = case_readers(user_ids=[trusted.id], changes=[change_of(case)])
    assert readers[trusted.id].open_count == 1
    assert not BulkRuling.objects.exists()


@pytest.mark.proves("S80")
def test_context_shows_what_the_room_shows_whether_a_restricted_case_is_about_it_or_not(
    room, untrusted
):
    shown = {"status": Message.Status.APPROVED, "seq": 1}
    reported, held = (make_message(room, text=text, **shown) for text in ("xicrinha", "canarinho"))
    other = make_message(room, text="bom dia", **shown)
    with transaction.atomic():
        about = open_or_join(
            subject_type="message", subject_id=other.id, revision=1, scope_id=room.id,
            author_id=other.author_id, origin=Case.Origin.REPORT, categories=["spam"], text="-",
        )  # fmt: skip
    path = f"/api/enforcement/cases/{about.id}/?before=5&after=5"

    def contexts():
        viewers = (untrusted, make_staff(*TRUSTED))
        return [client_of(each).get(path).json()["context"] for each in viewers]

    before = contexts()
    restricted(reported)
    assert contexts() == before
    Message.objects.filter(pk=held.pk).update(status=Message.Status.HELD)
    restricted(held)
    found = json.dumps(contexts())
    assert "xicrinha" in found
    assert "canarinho" not in found


@pytest.mark.proves("S168")
def test_public_message_and_its_lines_stay_listed_as_without_its_restricted_case(room, client):
    message = make_message(room, text="bom dia", status=Message.Status.APPROVED, seq=1)
    content = Content(
        subject_type="message", subject_id=message.id, revision=1, text=message.text,
        scope_id=message.room_id, author_id=message.author_id,
    )  # fmt: skip
    with transaction.atomic():
        record([(content, Verdict(outcome=Outcome.ALLOW, decided_by="blocklist"))])
    staff = make_staff("view_message", "view_moderationlog", "view_case")
    client.force_login(staff)
    page = f"/admin/chat/message/{message.id}/change/"

    def seen():
        lists = ("/admin/chat/message/", "/admin/moderation/moderationlog/")
        return [
            client_of(staff).get("/api/moderation/logs/").json(),
            *(
                [str(row.pk) for row in client.get(path).context["cl"].result_list]
                for path in lists
            ),
        ]

    before = seen()
    with transaction.atomic():
        case = open_or_join(
            subject_type="message", subject_id=message.id, revision=1, scope_id=room.id,
            author_id=message.author_id, origin=Case.Origin.REPORT, categories=["child_safety"],
            text=message.text,
        )  # fmt: skip
    rule(
        actor=staff_actor(sees_restricted=True), case_id=case.id,
        proposal=Proposal(content=ContentOutcome.ALLOW, reason="reviewed"),
    )  # fmt: skip
    assert seen() == before
    assert len(before[0]["results"]) == 1

    Message.objects.filter(pk=message.pk).update(
        categories=["child_safety"], edit_text="canarinho", edit_revision=2, edit_status="HELD"
    )
    shown = client.get(page).content.decode()
    assert "bom dia" in shown
    assert "canarinho" not in shown
    assert category_list(["child_safety"]) not in shown
    assert seen() == before
    Message.objects.filter(pk=message.pk).update(status=Message.Status.HELD)
    assert [found if isinstance(found, list) else found["results"] for found in seen()] == [[]] * 3


@pytest.fixture
def later_case(case, room):
    """A case of another kind about the same message, once the restricted one is decided."""
    message = Message.objects.get(pk=case.subject_id)
    trusted = staff_actor(sees_restricted=True)
    proposal = Proposal(content=ContentOutcome.ALLOW, reason="context")
    rule(actor=trusted, case_id=case.id, proposal=proposal)
    with transaction.atomic():
        return open_or_join(
            subject_type="message", subject_id=message.id, revision=1, scope_id=room.id,
            author_id=message.author_id, origin=Case.Origin.REPORT, categories=["spam"], text="-",
        )  # fmt: skip


@pytest.mark.proves("S103")
def test_later_case_about_the_same_text_tells_others_nothing_of_the_restricted_one(
    later_case, untrusted
):
    path = f"/api/enforcement/cases/{later_case.id}/"
    answer = client_of(untrusted).get(path)
    assert answer.status_code == 200
    assert "child_safety" not in answer.content.decode()
    assert answer.json()["signals"] == []
    assert [each["kind"] for each in answer.json()["timeline"]] == ["opened"]

    trusted = make_staff(*TRUSTED)
    assert len(client_of(trusted).get(path).json()["signals"]) == 1
    seen = AuditLine.objects.filter(action="restricted_case_seen", actor=trusted)
    assert seen.get().subject_id != later_case.id


@pytest.mark.proves("S103")
def test_package_of_a_later_case_has_no_line_of_the_restricted_one_for_others(later_case):
    for rights, lines in ((), 0), (("view_restricted_case",), 2):
        staff = make_staff(*MODERATING, *rights)
        actor = Actor(id=staff.id, scope_ids=None, sees_restricted=bool(rights))
        made = make_evidence_of_case(actor=actor, case_id=later_case.id, order="-")
        with made.content as file, ZipFile(file) as package:
            assert len(json.loads(package.read("log.json"))) == lines
            assert verify(file).problems == ()
        seen = AuditLine.objects.filter(action="restricted_case_seen", actor=staff)
        assert seen.count() == len(rights)


def test_every_look_leaves_an_audit_line(case):
    trusted = make_staff(*TRUSTED)
    client = client_of(trusted)
    line = client.get("/api/moderation/logs/").json()["results"][0]
    paths = (
        "enforcement/cases/", f"enforcement/cases/{case.id}/", f"moderation/cases/{case.id}/",
        "moderation/cases/", f"moderation/logs/{line['id']}/",
    )  # fmt: skip
    for path in paths:
        assert client.get(f"/api/{path}").status_code == 200
    assert client.post(f"/api/enforcement/cases/{case.id}/claim/").status_code == 200

    lines = AuditLine.objects.filter(action="restricted_case_seen", actor=trusted)
    subjects = list(lines.order_by("id").values_list("subject_type", "subject_id"))
    assert subjects == [("case", case.id)] * 7  # the list of the log, the paths, and the claim


def test_a_look_at_a_refusal_for_danger_without_a_case_leaves_a_line_of_its_own(room):
    message = make_message(room, status=Message.Status.REJECTED, text="xicrinha")
    content = Content(
        subject_type="message", subject_id=message.id, revision=1, text="-", scope_id=room.id
    )
    verdict = Verdict(
        outcome=Outcome.BLOCK, score=1.0, decided_by="-", categories={Category.CHILD_SAFETY: 1.0}
    )
    with transaction.atomic():
        record([(content, verdict)])
    trusted = make_staff(*TRUSTED)
    client = client_of(trusted)
    (line,) = client.get("/api/moderation/logs/").json()["results"]
    client.get(f"/api/moderation/logs/{line['id']}/")
    seen = AuditLine.objects.filter(action="restricted_case_seen", actor=trusted)
    assert [(each.subject_type, str(each.subject_id)) for each in seen] == [("log", line["id"])] * 2


def test_admin_shows_restricted_cases_to_trusted_staff_only_and_writes_it_down(case):
    page = f"/admin/moderation/case/{case.id}/change/"
    client = Client()
    client.force_login(make_staff(*MODERATING))
    assert client.get(page).status_code == 302  # "does not exist"
    assert "xicrinha" not in client.get("/admin/moderation/case/").content.decode()
    trusted = make_staff(*TRUSTED)
    client.force_login(trusted)
    assert client.get(page).status_code == 200
    assert AuditLine.objects.filter(actor=trusted, subject_id=case.id).exists()


def test_preview_of_a_purge_shows_no_message_of_a_restricted_case(case, room, untrusted):
    author = Message.objects.get(pk=case.subject_id).author
    other = make_message(room, author=author, status=Message.Status.HELD, text="bom dia")
    scope_ids = None if untrusted.is_staff else [room.id]
    preview = preview_purge(
        actor=Actor(id=untrusted.id, scope_ids=scope_ids), user_id=author.id,
        since=timezone.now() - timedelta(hours=1),
    )  # fmt: skip
    assert [each.id for each in preview.sample] == [other.id]


@pytest.mark.proves("S105")
def test_preview_of_a_purge_shows_others_as_many_messages_as_it_counts(room, untrusted):
    message = make_message(room, status=Message.Status.APPROVED, seq=1, text="bom dia")
    restricted(message)
    since, scope_ids = (
        timezone.now() - timedelta(hours=1),
        None if untrusted.is_staff else [room.id],
    )
    for sees_restricted, shown in ((False, [message.id]), (True, [])):
        actor = Actor(id=untrusted.id, scope_ids=scope_ids, sees_restricted=sees_restricted)
        preview = preview_purge(actor=actor, user_id=message.author_id, since=since)
        assert [each.id for each in preview.sample] == shown
        assert [each["count"] for each in preview.counts] == [1]


@pytest.mark.proves("S105")
def test_banking_the_text_of_a_restricted_case_again_tells_nothing_of_its_entry(case, room):
    text = "um texto comprido o bastante para o banco de textos"
    Message.objects.filter(pk=case.subject_id).update(text=text)
    bank_message(actor_id=make_staff().id, message_id=case.subject_id, order="Ofício 7")
    same = make_message(room, text=text, status=Message.Status.APPROVED, seq=1)
    staff = make_staff("view_bankedtext", "add_bankedtext", "delete_bankedtext")
    client, path = client_of(staff), "/api/enforcement/hash-bank/"

    banked = client.post(path, {"message": same.id, "order": "Ofício 7"})
    restricted(same)  # what the operator has banked stays in the list, as without the case

    assert (banked.status_code, banked.json()["message"]) == (201, str(same.id))
    assert [each["id"] for each in client.get(path).json()["results"]] == [banked.json()["id"]]
    page = Client()
    page.force_login(staff)
    listed = page.get("/admin/moderation/bankedtext/").context["cl"]
    assert [str(each.id) for each in listed.result_list] == [banked.json()["id"]]
    assert client.delete(f"{path}{banked.json()['id']}/?reason=-").status_code == 204


def test_name_of_a_restricted_case_is_in_no_admin_list_of_others(client):
    user = make_user()
    content = Content(subject_type="user_name", subject_id=user.id, revision=1, text="xicrinha")
    verdict = Verdict(
        outcome=Outcome.HOLD, score=0.9, decided_by="-", categories={Category.CHILD_SAFETY: 0.9}
    )
    SubjectRevision.objects.create(
        subject_type="user_name", subject_id=user.id, revision=1, text="xicrinha", author=user
    )
    with transaction.atomic():
        record([(content, verdict)])
    page = "/admin/moderation/subjectrevision/"
    client.force_login(make_staff("view_case", "view_subjectrevision"))
    assert "xicrinha" not in client.get(page).content.decode()
    trusted = make_staff("view_case", "view_subjectrevision", "view_restricted_case")
    client.force_login(trusted)
    assert "xicrinha" in client.get(page).content.decode()
    looks = AuditLine.objects.filter(actor=trusted, action="admin_listed")
    assert looks.get().subject_type == "subjectrevision"


def test_every_look_at_provider_calls_in_the_admin_leaves_an_audit_line(client):
    staff = make_staff("view_moderationlog", "view_providercall")
    client.force_login(staff)
    assert client.get("/admin/moderation/providercall/").status_code == 200
    looks = AuditLine.objects.filter(actor=staff, action="admin_listed")
    assert looks.get().subject_type == "providercall"


def test_case_becomes_restricted_when_a_notice_says_so(room):
    message = make_message(room, status=Message.Status.APPROVED, seq=1)
    for categories in (["spam"], ["child_safety"]):
        with transaction.atomic():
            case = open_or_join(
                subject_type="message", subject_id=message.id, revision=1, scope_id=room.id,
                author_id=message.author_id, origin=Case.Origin.NOTICE, categories=categories,
                text="-",
            )  # fmt: skip
    client = client_of(make_member(room, role="MODERATOR").user)
    assert client.get(f"/api/enforcement/cases/{case.id}/").status_code == 404


def test_restricted_texts_are_in_no_dataset(case):
    Case.objects.filter(pk=case.pk).update(
        state="decided", decided_by=make_staff(), decided_at=case.created_at, outcome="BLOCK"
    )
    assert list(labelled_rows(Counts())) == []


@pytest.mark.proves("S110")
def test_texts_with_a_restricted_case_are_in_no_data_that_leave_the_cases(later_case):
    proposal = Proposal(content=ContentOutcome.REMOVE, reason="spam")
    rule(actor=staff_actor(), case_id=later_case.id, proposal=proposal)

    counts = Counts()
    assert list(labelled_rows(counts)) == []
    assert (counts.unused, counts.since) == (0, None)
    assert rulings_of_people() == []
    assert not unrestricted_texts(Case.objects.all()).exists()


@pytest.mark.proves("S110")
def test_texts_that_a_verdict_alone_names_are_in_no_data_that_leave_the_cases(room):
    message = make_message(room, status=Message.Status.REJECTED, text="xicrinha")
    content = Content(
        subject_type="message", subject_id=message.id, revision=1, text="-",
        scope_id=room.id, author_id=message.author_id,
    )  # fmt: skip
    danger = {Category.CHILD_SAFETY: 1.0}
    blocked = Verdict(outcome=Outcome.BLOCK, score=1.0, decided_by="-", categories=danger)
    with transaction.atomic():
        record([(content, blocked)])
        case = open_or_join(
            subject_type="message", subject_id=message.id, revision=1, scope_id=room.id,
            author_id=message.author_id, origin=Case.Origin.APPEAL, categories=[], text="xicrinha",
        )  # fmt: skip
    proposal = Proposal(content=ContentOutcome.REMOVE, reason="-")
    rule(actor=staff_actor(), case_id=case.id, proposal=proposal)

    assert list(labelled_rows(Counts())) == []
    assert rulings_of_people() == []


def test_verdict_on_danger_to_children_is_never_blind(settings):
    settings.AUDIT_SAMPLE = 1.0
    content = Content(subject_type="message", subject_id=uuid4(), revision=1, text="x")
    verdict = Verdict(
        outcome=Outcome.FLAG, score=0.9, decided_by="-", categories={Category.CHILD_SAFETY: 1.0}
    )
    with transaction.atomic():
        record([(content, verdict)])
    assert not Case.objects.get().is_blind
