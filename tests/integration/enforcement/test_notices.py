"""Notices by persons without an account: identity, code, case, outcome, terms."""

import re
from datetime import timedelta
from smtplib import (
    SMTPDataError,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPServerDisconnected,
)

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone, translation
from rest_framework.test import APIClient

from moderado.core.ids import new_id
from moderado.enforcement.models import LegalHold, Notice, NoticeMail, Ruling
from moderado.enforcement.notice_codes import as_written
from moderado.enforcement.selectors.cases import cases
from moderado.enforcement.services import notice_outcomes, notice_terms
from moderado.enforcement.services.bulk import CaseFilter
from moderado.enforcement.services.notice_mails import queue_mail, send_mails
from moderado.enforcement.services.notice_subjects import noticed
from moderado.enforcement.services.notices import MAX_ATTEMPTS
from moderado.enforcement.services.rulings import Proposal, reverse, rule, undo
from moderado.enforcement.services.settling import settle_rulings
from moderado.enforcement.types import Actor, ContentOutcome, MailKind
from moderado.moderation.models import Case
from moderado.moderation.services.closing import close_cases
from moderado.moderation.types import CloseReason
from tests.factories import make_message, make_notice, make_room, make_staff, make_user
from tests.rulings import make_ruling, staff_actor

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R110")]

GIVEN = {
    "name": "Bia Souza",
    "email": "bia@example.org",
    "role": "victim",
    "category": "harassment",
    "text": "Publicou meu endereço.",
}


def say(**fields):
    return make_message(**{"status": "APPROVED", "seq": 1, **fields})


def submit(client=None, **fields):
    return (client or APIClient()).post("/api/notices/", {**GIVEN, **fields})


def sent_code():
    """Send what waits, and return the code of the last e-mail."""
    send_mails()
    return re.search(r": ([0-9A-Z]{4}-[0-9A-Z]{4})$", mail.outbox[-1].body, re.MULTILINE)[1]


def confirm(protocol, code):
    return APIClient().post(f"/api/notices/{protocol}/confirm/", {"code": code})


def look(protocol, code):
    return APIClient().get(f"/api/notices/{protocol}/", {"code": code})


def given_about(subject, **fields):
    """Submit and confirm a notice; return it and its code."""
    protocol = submit(subject=str(subject), **fields).json()["protocol"]
    code = sent_code()
    assert confirm(protocol, code).status_code == 200
    return Notice.objects.get(protocol=protocol), code


def settled(case, content=ContentOutcome.REMOVE, actor_id=None):
    ruling = make_ruling(actor_id=actor_id or make_user().id, case_id=case.id, content=content)
    Ruling.objects.filter(pk=ruling.pk).update(undo_until=timezone.now())
    settle_rulings()
    return ruling


def test_confirmed_notice_opens_a_case_and_its_notifier_follows_it():
    message = say(text="rua tal, número tal")
    room = message.room_id

    answer = submit(subject=f"https://chat.example/#/rooms/{room}/messages/{message.id}")
    assert (answer.status_code, answer.json()["state"]) == (201, "unconfirmed")
    assert "no-store" in answer["Cache-Control"]
    protocol = answer.json()["protocol"]
    code = sent_code()
    confirmed = confirm(protocol.lower().replace("-", " "), code.lower())

    assert confirmed.json()["state"] == "open"
    case = Case.objects.get(subject_id=message.id)
    assert (case.origin, case.categories, case.scope_id) == ("notice", ["harassment"], room)
    assert case.author_id == message.author_id
    send_mails()
    assert protocol in mail.outbox[-1].subject
    settled(case)
    seen = look(protocol, code).json()
    assert (seen["state"], seen["outcome"]) == ("decided", "action_taken")
    send_mails()
    assert [each.to for each in mail.outbox] == [["bia@example.org"]] * 3


def test_anonymous_notice_is_refused_with_the_reason():
    nameless = [{"name": name} for name in ("", "Anônimo", "-", "...", "\u200b", "0")]
    for fields in (*nameless, {"email": None}, {"email": " "}):
        answer = submit(subject=str(new_id()), **fields)
        assert (answer.status_code, answer.json()["code"]) == (400, "anonymous_notice")
    assert submit(subject="x", email="bia").json()["fields"]["email"]
    assert not Notice.objects.exists()
    with translation.override("pt-br"):
        assert "15.211" in submit(subject="x", name="").json()["detail"]


@pytest.mark.proves("R167")
@pytest.mark.parametrize(
    "written",
    [
        "{id}",
        "ID: {id}.",
        "<https://chat.example/en/?next=%2F%23%2Frooms%2F{room}%2Fmessages%2F{id}>",
        "https://chat.example/#/rooms/{room}/messages/{upper}?language=en#x",
        "https://chat.example/#/rooms/{room}/mes sages/{broken}",
        "{non_breaking}",
        "{dashed}",
        "{hex}",
        "{encoded}",
    ],
)
def test_message_is_found_however_its_address_was_copied(written):
    message = say()
    plain = str(message.id)
    reference = written.format(
        id=plain,
        room=message.room_id,
        upper=plain.upper(),
        broken=f"{plain[:19]}\n{plain[19:]}",
        non_breaking=plain.replace("-", "\u2011"),
        dashed=plain.replace("-", "\u2013"),
        hex=message.id.hex,
        encoded=plain.replace("-", "%2D"),
    )
    found = noticed(reference)
    assert found is not None
    assert found[:2] == ("message", message.id)


@pytest.mark.proves("R167")
def test_notice_of_a_message_that_is_gone_is_not_about_its_room():
    room, gone = make_room(), make_message(status="REMOVED", text="")
    notice, _ = given_about(f"https://chat.example/#/rooms/{room.id}/messages/{gone.id}")
    assert notice.case.subject_type == "notice"
    given_about(f"https://chat.example/#/room/{room.id}", email="rui@example.org")
    assert Case.objects.filter(subject_type="room", subject_id=room.id).count() == 1


def test_second_notice_and_a_held_text_share_one_case():
    message = say()
    given_about(message.id)
    given_about(message.id, email="rui@example.org")

    assert Case.objects.filter(subject_id=message.id).count() == 1


@pytest.mark.proves("S76")
def test_answers_are_the_same_for_private_unknown_and_visible_content():
    private = say(room=make_room(is_private=True))
    gone = make_message(status="REMOVED", text="")
    answers = []
    for subject in (say().id, private.id, gone.id, new_id(), "algo que vi ontem"):
        notice, code = given_about(subject)
        seen = look(notice.protocol, code).json()
        answers.append({name: type(value) for name, value in seen.items()})
        assert (seen["state"], seen["subject"]) == ("open", str(subject))
        assert notice.case.origin == "notice"  # and yet a moderator has it
    assert all(each == answers[0] for each in answers)


@pytest.mark.proves("S76")
def test_what_is_not_found_and_what_was_deleted_have_the_same_outcome():
    unknown, _ = given_about(new_id())
    message = say()
    given_about(message.id, email="rui@example.org")
    settled(unknown.case, ContentOutcome.ALLOW)
    with transaction.atomic():
        close_cases(
            subject_type="message", subject_id=message.id, revisions=[1],
            reason=CloseReason.DELETED,
        )  # fmt: skip

    outcomes = Notice.objects.order_by("id").values_list("state", "outcome")
    assert list(outcomes) == [("decided", "unavailable")] * 2


@pytest.mark.proves("S76")
def test_codes_are_limited_and_expire():
    notice, code = make_notice()
    for _ in range(MAX_ATTEMPTS):
        assert confirm(notice.protocol, "0000-0000").json()["code"] == "wrong_code"
    assert confirm(notice.protocol, code).json()["code"] == "code_expired"
    late, code = make_notice(code_expires_at=timezone.now() - timedelta(seconds=1))
    assert confirm(late.protocol, code).json()["code"] == "code_expired"
    unknown = look("2026-0000-0000-0000", code)
    assert unknown.json() == look(notice.protocol, "0000-0000").json()
    assert not Case.objects.exists()


@pytest.mark.proves("S76")
def test_notices_are_limited_by_address_and_by_email(settings):
    settings.NOTICE_LIMITS = settings.NOTICE_LIMITS | {"email": "2/hour"}
    email = f"{new_id()}@example.org"
    statuses = [submit(subject="x", email=email).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]
    assert submit(subject="x", email=email.replace("@", "+1@")).status_code == 429
    settings.NOTICE_LIMITS |= {"address": "1/hour"}
    client = APIClient(REMOTE_ADDR="198.51.100.77")
    assert [submit(client, subject="x").status_code for _ in range(2)] == [201, 429]


@pytest.mark.proves("R268")
def test_strangers_do_not_lock_the_owner_of_an_email_out(settings):
    settings.NOTICE_LIMITS = settings.NOTICE_LIMITS | {"email": "2/hour", "email_total": "6/hour"}
    email = f"{new_id()}@example.org"

    def send(address):
        return submit(APIClient(REMOTE_ADDR=address), subject="x", email=email).status_code

    assert [send("198.51.100.77") for _ in range(4)] == [201, 201, 429, 429]
    assert send("198.51.100.78") == 429  # of the same network
    assert send("203.0.113.5") == 201
    assert [send(f"192.0.{n}.1") for n in range(2, 7)] == [201] * 3 + [429] * 2


def test_code_is_stored_as_digest_and_made_anew_when_the_mail_server_fails(monkeypatch):
    def refuse(*_args, **_options):
        raise SMTPServerDisconnected

    protocol = submit(subject=str(say().id)).json()["protocol"]
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", refuse)
        assert send_mails() == 0
    first = bytes(Notice.objects.get(protocol=protocol).code_digest)
    NoticeMail.objects.update(next_attempt_at=timezone.now())
    code = sent_code()

    notice = Notice.objects.get(protocol=protocol)
    assert bytes(notice.code_digest) != first
    assert as_written(code).encode() not in bytes(notice.code_digest)
    assert confirm(protocol, code).status_code == 200
    assert len(mail.outbox) == 1


@pytest.mark.proves("S91")
@pytest.mark.parametrize(
    "refusal",
    [
        SMTPRecipientsRefused({"unknown@example.org": (550, b"no such mailbox")}),
        SMTPDataError(554, b"spam"),
        SMTPNotSupportedError("SMTPUTF8"),
        UnicodeError("label too long"),
    ],
)
def test_address_that_takes_no_mail_delays_no_other(monkeypatch, refusal):
    def send(message, real=EmailMessage.send):
        if message.to == ["unknown@example.org"]:
            raise refusal
        return real(message)

    monkeypatch.setattr(EmailMessage, "send", send)
    submit(subject="x", email="unknown@example.org")
    submit(subject="x", email="bia@example.org")

    assert send_mails() == 1

    assert [each.to for each in mail.outbox] == [["bia@example.org"]]
    waiting = NoticeMail.objects.get(sent_at=None)
    assert (waiting.attempts, waiting.next_attempt_at > timezone.now()) == (1, True)


@pytest.mark.proves("S91")
def test_address_that_cannot_be_encoded_is_refused():
    answer = submit(subject="x", email=f"a@{'ü' * 60}.example")
    assert answer.status_code == 400
    assert "email" in answer.json()["fields"]


@pytest.mark.proves("R120")
def test_code_that_is_wanted_no_more_delays_no_other_mail():
    notice, _ = given_about(say().id)
    NoticeMail.objects.filter(notice=notice).delete()
    with transaction.atomic():
        queue_mail(notice.id, MailKind.CODE)  # a second attempt, and the first code has arrived
    submit(subject="x", email="rui@example.org")

    assert send_mails() == 1
    assert mail.outbox[-1].to == ["rui@example.org"]
    assert not NoticeMail.objects.filter(next_attempt_at__isnull=False).exists()


def test_confirming_twice_queues_one_receipt():
    notice, code = given_about(say().id)
    assert confirm(notice.protocol, code).json()["state"] == "open"
    assert NoticeMail.objects.filter(notice=notice, kind="receipt").count() == 1


def test_undone_ruling_is_not_told_and_a_reversed_one_is_told_again():
    message = say()
    notice, _ = given_about(message.id)
    actor = staff_actor()
    proposal = Proposal(content=ContentOutcome.REMOVE, reason="-")
    undo(actor=actor, ruling_id=rule(actor=actor, case_id=notice.case_id, proposal=proposal).id)
    settle_rulings()
    notice.refresh_from_db()
    assert notice.state == "open"

    ruling = settled(notice.case, actor_id=actor.id)
    reversal = reverse(actor=actor, ruling_id=ruling.id, reason="-")
    Ruling.objects.filter(pk=reversal.pk).update(undo_until=timezone.now())
    settle_rulings()
    notice.refresh_from_db()
    assert notice.outcome == "no_action"
    assert NoticeMail.objects.filter(notice=notice, kind="outcome").count() == 2


def test_reversal_that_is_settled_first_decides_the_notice():
    notice, _ = given_about(say().id)
    actor = staff_actor()
    proposal = Proposal(content=ContentOutcome.REMOVE, reason="-")
    ruling = rule(actor=actor, case_id=notice.case_id, proposal=proposal)
    reversal = reverse(actor=actor, ruling_id=ruling.id, reason="-")

    for each in (reversal, ruling):
        Ruling.objects.filter(pk=each.pk).update(undo_until=timezone.now())
        assert settle_rulings() == 1

    notice.refresh_from_db()
    assert (notice.outcome, notice.ruling) == ("no_action", reversal)
    assert NoticeMail.objects.filter(notice=notice, kind="outcome").count() == 1


def test_terms_depend_on_role_and_category():
    hours = []
    for role, category in (("victim", "hate"), ("prosecutor", "hate"), ("victim", "child_safety")):
        notice, _ = given_about(say().id, role=role, category=category)
        hours.append(round((notice.due_at - notice.confirmed_at).total_seconds() / 3600))
    assert hours == [24, 12, 2]


def test_overdue_notice_makes_its_case_urgent_once():
    notice, _ = given_about(say().id)
    Notice.objects.update(due_at=timezone.now() - timedelta(hours=1))

    assert (notice_outcomes.remind_of_notices(), notice_outcomes.remind_of_notices()) == (1, 0)
    assert Case.objects.get(pk=notice.case_id).priority == 2


def test_notifier_who_moderates_does_not_decide_the_case():
    staff = make_staff(email="bia@example.org")
    given_about(say().id)
    assert not cases(actor=Actor(id=staff.id, scope_ids=None), wanted=CaseFilter()).exists()


def test_moderators_read_the_notice_and_only_staff_its_name():
    notice, _ = given_about(say().id)
    client = APIClient()
    client.force_authenticate(None)
    staff = make_staff()
    client.force_login(staff)
    shown = client.get(f"/api/enforcement/cases/{notice.case_id}/").json()["notices"]
    assert [(each["protocol"], each["name"], each["text"]) for each in shown] == [
        (notice.protocol, GIVEN["name"], GIVEN["text"])
    ]
    assert "bia@example.org" not in str(shown)


def test_terms_empty_notices_except_those_that_a_hold_keeps():
    message, kept = say(), say()
    old = timezone.now() - timedelta(days=400)
    gone, _ = given_about(message.id)
    unknown, _ = given_about("algo secreto", email="ana@example.org")
    held, _ = given_about(kept.id, email="rui@example.org")
    make_notice(created_at=old)
    LegalHold.objects.create(
        subject_type="message", subject_id=kept.id, author=kept.author, reference="-"
    )
    Notice.objects.exclude(state="unconfirmed").update(state="decided", decided_at=old)

    assert notice_terms.keep_notice_terms() == 1
    gone.refresh_from_db()
    held.refresh_from_db()
    assert (gone.name, gone.email, gone.text, gone.reference) == ("", "", "", "")
    assert held.email == "rui@example.org"
    assert not Notice.objects.filter(state="unconfirmed").exists()
    assert Notice.objects.get(pk=unknown.pk).erased_at is not None


@pytest.mark.proves("R166")
def test_hold_of_an_account_keeps_the_notices_of_its_owner():
    owner = make_user(email="Rui@example.org")
    kept, _ = given_about(say().id, email="rui@example.org")
    gone, _ = given_about(say().id)
    LegalHold.objects.create(subject_type="user", subject_id=owner.id, author=owner, reference="-")
    old = timezone.now() - timedelta(days=400)
    Notice.objects.update(state="decided", decided_at=old)

    notice_terms.keep_notice_terms()
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert (kept.email, kept.erased_at) == ("rui@example.org", None)
    assert gone.email == ""


def test_server_without_email_refuses_notices(settings):
    settings.SENDS_EMAIL = False
    answer = submit(subject="x")
    assert (answer.status_code, answer.json()["code"]) == (503, "notices_unavailable")
