"""Blind cases hide a verdict, but never that they are about danger to children."""

from importlib import import_module

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from rest_framework.test import APIClient

from moderado.enforcement.services import rulings
from moderado.enforcement.services.cases import open_or_join
from moderado.enforcement.services.claiming import claim_case
from moderado.enforcement.services.reports import report
from moderado.enforcement.types import Actor, ContentOutcome
from moderado.moderation.models import Case
from moderado.moderation.services.recording import record
from moderado.moderation.types import Category, Content, Outcome, Verdict
from tests.factories import MODERATING, make_member, make_staff, make_user
from tests.integration.enforcement.steps import say
from tests.rulings import staff_actor

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("obedient_provider"),
    pytest.mark.proves("S127"),
]

DANGER = "child_safety"


@pytest.fixture
def message(room):
    """A text with a blind case."""
    said = say(make_member(room).user, room, "FLAG oi")
    Case.objects.update(is_blind=True, score=0, categories=[])
    return said


@pytest.fixture
def staff():
    return make_staff(*MODERATING, "view_case", "claim_case")


def complain(message, category=DANGER):
    return report(
        reporter_id=make_user().id, subject_type="message", subject_id=message.id,
        category=category,
    )[0]  # fmt: skip


def joins_by_verdict(message):
    content = Content(
        subject_type="message", subject_id=message.id, revision=1, text=message.text,
        scope_id=message.room_id, author_id=message.author_id,
    )  # fmt: skip
    danger = {Category.CHILD_SAFETY: 0.9}
    verdict = Verdict(outcome=Outcome.FLAG, score=0.9, decided_by="-", categories=danger)
    with transaction.atomic():
        record([(content, verdict)])


def joins_by_notice(message):
    with transaction.atomic():
        open_or_join(
            subject_type="message", subject_id=message.id, revision=1, scope_id=message.room_id,
            author_id=message.author_id, origin=Case.Origin.NOTICE, categories=[DANGER, "hate"],
            text="-",
        )  # fmt: skip


def rule(actor):
    proposal = rulings.Proposal(content=ContentOutcome.ALLOW, reason="-")
    return rulings.rule(actor=actor, case_id=Case.objects.get().id, proposal=proposal)


def is_seen_by(user, case):
    client = APIClient()
    client.force_login(user)
    listed = client.get("/api/enforcement/cases/").json()["results"]
    answer = client.get(f"/api/enforcement/cases/{case.id}/").status_code
    assert (answer == 200) is any(each["id"] == str(case.id) for each in listed)
    return answer == 200


@pytest.mark.parametrize("joins", [complain, joins_by_verdict, joins_by_notice])
def test_what_joins_a_blind_case_restricts_it_and_ends_the_claim_of_others(message, staff, joins):
    case = Case.objects.get()
    claim_case(actor=Actor(id=staff.id, scope_ids=None), case_id=case.id)
    assert is_seen_by(staff, case)

    joins(message)

    assert not is_seen_by(staff, case)
    case.refresh_from_db()
    assert (case.is_blind, case.score, case.categories) == (True, 0, [DANGER])
    assert (case.claimed_by, case.claimed_until, case.priority) == (None, None, 2)


def test_other_reports_show_nothing_of_a_blind_case_and_leave_its_claim(message, staff):
    claim_case(actor=Actor(id=staff.id, scope_ids=None), case_id=Case.objects.get().id)

    complain(message, "hate")

    case = Case.objects.get()
    assert (case.categories, case.claimed_by) == ([], staff)
    assert is_seen_by(staff, case)


def test_blind_case_stays_restricted_once_it_is_decided_and_its_verdict_is_shown(message, staff):
    complain(message)
    trusted = staff_actor(sees_restricted=True)
    made = rule(trusted)

    case = Case.objects.get()
    assert set(case.categories) > {DANGER}
    assert not is_seen_by(staff, case)
    rulings.undo(actor=trusted, ruling_id=made.id)
    case.refresh_from_db()
    assert (case.score, case.categories) == (0, [DANGER])
    assert case.claimed_by_id == trusted.id


@pytest.mark.parametrize("sees_restricted", [True, False])
def test_undoing_a_ruling_on_a_blind_case_keeps_what_a_report_has_said_since(
    message, staff, sees_restricted
):
    actor = Actor(id=staff.id, scope_ids=None, sees_restricted=sees_restricted)
    made = rule(actor)
    complain(message)

    rulings.undo(actor=actor, ruling_id=made.id)

    case = Case.objects.get(state="open")
    assert (case.is_blind, case.score, case.categories) == (True, 0, [DANGER])
    assert (case.claimed_by == staff) is sees_restricted
    assert not is_seen_by(staff, case)


def test_reversing_a_ruling_on_a_blind_case_keeps_what_a_report_has_said_since(room, staff):
    said = say(make_member(room).user, room, "HOLD oi")
    Case.objects.update(is_blind=True, score=0, categories=[])
    made = rule(Actor(id=staff.id, scope_ids=None))
    complain(said)

    rulings.reverse(actor=staff_actor(), ruling_id=made.id, reason="-")

    case = Case.objects.get(state="open")
    assert (case.is_blind, case.categories) == (True, [DANGER])
    assert not is_seen_by(staff, case)


def test_allowed_text_whose_verdict_names_danger_is_drawn_with_that_category(settings):
    settings.AUDIT_SAMPLE = 1.0
    content = Content(subject_type="message", subject_id=make_user().id, revision=1, text="x")
    found = {Category.CHILD_SAFETY: 0.1, Category.HATE: 0.1}
    verdict = Verdict(outcome=Outcome.ALLOW, score=0.1, decided_by="-", categories=found)
    with transaction.atomic():
        record([(content, verdict)])
    case = Case.objects.get()
    assert (case.is_blind, case.score, case.categories) == (True, 0, [DANGER])


def test_migration_restricts_blind_cases_that_reports_had_joined(message, staff):
    complain(message)
    other = say(message.author, message.room, "FLAG tchau")
    Case.objects.update(is_blind=True, categories=[])
    migration = import_module("moderado.enforcement.migrations.0025_restricted_blind_cases")
    with connection.cursor() as cursor:
        cursor.execute(migration.RESTRICT)
        assert cursor.rowcount == 1
    assert Case.objects.get(subject_id=message.id).categories == [DANGER]
    assert is_seen_by(staff, Case.objects.get(subject_id=other.id))


def test_claim_on_a_restricted_case_ends_with_the_right_to_see_it(message, staff):
    trusted = make_staff(*MODERATING, "view_restricted_case")
    other = say(message.author, message.room, "FLAG tchau")
    complain(message)
    for case in Case.objects.all():
        claim_case(
            actor=Actor(id=trusted.id, scope_ids=None, sees_restricted=True), case_id=case.id
        )

    trusted.user_permissions.remove(Permission.objects.get(codename="view_restricted_case"))

    assert Case.objects.get(claimed_by=trusted).subject_id == other.id
