"""Separation of duties: staff with every right decide nothing in which they are a party.

Each act of REST that decides is tried by each kind of party. The admin and the command line call
the same services.
"""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from moderado.chat.models import Membership, Message
from moderado.chat.services.purge_requests import start_purge
from moderado.enforcement.models import CaseNote, Ruling, Sanction
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.cases import open_or_join
from moderado.enforcement.services.hash_bank import bank_message
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.enforcement.types import Actor
from moderado.moderation.models import Case
from tests.factories import make_member, make_message, make_room, make_staff, make_user
from tests.rulings import make_ruling

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S112")]

PARTY = {"own_case", "own_report", "own_ruling"}
TEXT = "um texto comprido o bastante para o banco de textos"


@pytest.fixture
def staff():
    person = make_staff(name="Parte")
    person.user_permissions.set(Permission.objects.all())
    return person


@pytest.fixture
def ask(staff):
    client = APIClient()
    client.force_login(staff)

    def send(method, path, body=None):
        return getattr(client, method)(f"/api/{path}", body, format="json")

    return send


def reported(subject_type, subject_id, reporter=None):
    found, _ = report(
        reporter_id=(reporter or make_user()).id,
        subject_type=subject_type,
        subject_id=subject_id,
        category="hate",
    )
    return found.case


def published(author=None):
    room = make_room()
    author = author or make_user()
    make_member(room, user=author)
    return make_message(room, author=author, status=Message.Status.APPROVED, seq=1, text=TEXT)


def as_author(staff):
    return reported("message", published(staff).id)


def as_person(staff):
    return reported("person", staff.id)


def as_reporter(staff):
    return reported("message", published().id, staff)


def as_decider(staff):
    """An appeal of a ruling by the staff has joined the case."""
    message = published()
    with transaction.atomic():
        return open_or_join(
            subject_type="message", subject_id=message.id, revision=1, scope_id=message.room_id,
            author_id=message.author_id, origin=Case.Origin.APPEAL, categories=[], text=TEXT,
            decider_id=staff.id,
        )  # fmt: skip


def as_runner_of_the_room(staff):
    room = make_room()
    make_member(room, user=staff, role=Membership.Role.ADMIN)
    return reported("room", room.id)


def as_former_runner_of_the_room(staff):
    case = as_runner_of_the_room(staff)
    Membership.objects.filter(user=staff).delete()
    return case


def as_newest_runner_of_the_room(staff):
    room = make_room()
    case = reported("room", room.id)
    make_member(room, user=staff, role=Membership.Role.MODERATOR)
    return case


PARTIES = [
    as_author,
    as_person,
    as_reporter,
    as_decider,
    as_runner_of_the_room,
    as_former_runner_of_the_room,
    as_newest_runner_of_the_room,
]
RULING = {"content": "allow", "reason": "-"}


def acts():
    """What staff do with a case: paths with their bodies."""
    return {
        "claim/": {},
        "snooze/": {"until": (timezone.now() + timedelta(hours=1)).isoformat()},
        "escalate/": {},
        "notes/": {"text": "note"},
        "ruling/": {**RULING, "revision": 1},
        "evidence/": {"order": "1/2026"},
    }


@pytest.mark.parametrize("party", PARTIES)
def test_parties_act_on_no_case(staff, ask, party):
    case = party(staff)

    refused = {}
    for act, body in acts().items():
        answer = ask("post", f"enforcement/cases/{case.id}/{act}", body)
        refused[act] = answer.json().get("code") if answer.status_code == 403 else None
    if party is as_decider:  # a package decides nothing
        del refused["evidence/"]
    assert set(refused.values()) <= PARTY, list(refused.items())
    listed = [each["id"] for each in ask("get", "enforcement/cases/").json()["results"]]
    assert str(case.id) not in listed
    assert ask("get", f"enforcement/cases/{case.id}/").status_code == 403
    case.refresh_from_db()
    assert (case.state, case.claimed_by, case.snoozed_until) == ("open", None, None)
    assert not Ruling.objects.exists()
    assert not CaseNote.objects.exists()


@pytest.mark.parametrize("party", PARTIES)
def test_parties_neither_reverse_rulings_nor_rule_in_bulk(staff, ask, party):
    case = party(staff)
    bulk = {"filter": {}, "ruling": RULING, "dry_run": True}
    counted = ask("post", "enforcement/bulk/", bulk)
    assert counted.json()["matched"] == 0
    made = make_ruling(actor_id=make_staff().id, case_id=case.id, content="allow")

    for act, body in (("undo/", {}), ("reverse/", {"reason": "-"})):
        answer = ask("post", f"enforcement/rulings/{made.id}/{act}", body)
        assert answer.json()["code"] in PARTY | {"not_found"}, answer.json()
    assert not Ruling.objects.filter(reverses=made).exists()
    made.refresh_from_db()
    assert made.undone_at is None


@pytest.mark.parametrize("party", [as_author, as_person, as_runner_of_the_room])
def test_staff_do_not_read_in_the_admin_who_reported_them(client, staff, party):
    case = party(staff)
    reporter = case.reports.get().reporter
    for reader, is_shown in ((staff, False), (make_staff("view_case", "view_report"), True)):
        client.force_login(reader)
        page = client.get(reverse("admin:enforcement_report_changelist")).content.decode()
        assert (reporter.name in page) is is_shown


def muted(user, actor=None):
    with transaction.atomic():
        return apply_sanction(
            actor_id=(actor or make_staff()).id, user_id=user.id, kind="mute", scope_id=None,
            term=timedelta(days=1), reason="spam",
        )  # fmt: skip


def deciding_an_appeal_of(user, sanction, outcome):
    appeal, _ = appeal_decision(user_id=user.id, decision_id=sanction.id, text="-")
    path = f"enforcement/appeals/{appeal.id}/decision/"
    return "post", path, {"outcome": outcome, "reason": "-"}


def own_appeal(staff):
    return deciding_an_appeal_of(staff, muted(staff), "overturned")


def appeal_of_own_decision(staff):
    person = make_user()
    return deciding_an_appeal_of(person, muted(person, actor=staff), "upheld")


def own_sanction(staff):
    body = {"user": str(staff.id), "kind": "warning", "scope": "server", "reason": "-"}
    return "post", "enforcement/sanctions/", body


def lifting_own_sanction(staff):
    return "post", f"enforcement/sanctions/{muted(staff).id}/lift/", {"reason": "-"}


def ending_own_sanction_sooner(staff):
    soon = (timezone.now() + timedelta(seconds=9)).isoformat()
    path = f"enforcement/sanctions/{muted(staff).id}/term/"
    return "post", path, {"until": soon, "reason": "-"}


def own_purge(staff):
    published(staff)
    since = (timezone.now() - timedelta(hours=1)).isoformat()
    return "post", "enforcement/purges/", {"user": str(staff.id), "since": since, "reason": "-"}


def reversing_own_purge(staff):
    published(staff)
    other = make_staff()
    other.user_permissions.set(Permission.objects.all())
    purge, _ = start_purge(
        actor=Actor(id=other.id, scope_ids=None), user_id=staff.id,
        since=timezone.now() - timedelta(hours=1), reason="-",
    )  # fmt: skip
    return "post", f"enforcement/purges/{purge.id}/reverse/", {"reason": "-"}


def own_suspension(staff):
    body = {"user": str(staff.id), "term_seconds": 3600, "reason": "-"}
    return "post", "enforcement/report-suspensions/", body


def banking_own_text(staff):
    body = {"message": str(published(staff).id), "order": "1/2026"}
    return "post", "enforcement/hash-bank/", body


def taking_own_text_out_of_the_bank(staff):
    banked, _ = bank_message(actor_id=None, message_id=published(staff).id, order="1/2026")
    return "delete", f"enforcement/hash-bank/{banked.id}/?reason=-", None


OWN = [
    own_appeal,
    appeal_of_own_decision,
    own_sanction,
    lifting_own_sanction,
    ending_own_sanction_sooner,
    own_purge,
    reversing_own_purge,
    own_suspension,
    banking_own_text,
    taking_own_text_out_of_the_bank,
]


@pytest.mark.parametrize("act", OWN)
def test_staff_decide_nothing_about_themselves(staff, ask, act):
    method, path, body = act(staff)
    before = Sanction.objects.filter(lifted_at=None).count()

    answer = ask(method, path, body)

    assert (answer.status_code, answer.json()["code"] in PARTY) == (403, True), answer.json()
    assert Sanction.objects.filter(lifted_at=None).count() == before
