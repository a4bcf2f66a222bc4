"""Members report messages, persons and rooms, and hear of the outcome."""

import itertools
import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from moderado.chat.models import Message
from moderado.chat.selectors.rooms import rooms_visible_to
from moderado.core.clock import wire_time
from moderado.core.errors import Invalid, NotFound, RateLimited
from moderado.enforcement import events
from moderado.enforcement.errors import (
    AlreadySuspended,
    CriteriaNotMet,
    OwnContent,
    OwnReport,
    ReportingSuspended,
)
from moderado.enforcement.models import Report, ReportingSuspension, Ruling
from moderado.enforcement.selectors.cases import (
    CaseFilter,
    case_counts,
    cases,
    counts_by_queue,
)
from moderado.enforcement.selectors.reports import report_views, reporter_record
from moderado.enforcement.services import report_outcomes, suspensions
from moderado.enforcement.services.case_texts import erase_reports
from moderado.enforcement.services.fairness import check_may_decide, check_may_preserve
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.suspensions import lift_suspension, suspend_reporting
from moderado.enforcement.types import Actor
from moderado.moderation.errors import OwnCase
from moderado.moderation.models import Case
from moderado.moderation.services.closing import close_cases
from moderado.moderation.types import CloseReason
from tests.factories import make_member, make_message, make_room, make_staff, make_user
from tests.integration.enforcement.races import overtake

pytestmark = pytest.mark.django_db

TERM = timedelta(days=7)


def say(room=None, **fields):
    return make_message(room, **{"status": Message.Status.APPROVED, "seq": 1, **fields})


def report_message(message, reporter=None, category="hate", **fields):
    reporter = reporter or make_user()
    return report(
        reporter_id=reporter.id,
        subject_type="message",
        subject_id=message.id,
        category=category,
        **fields,
    )


def settle(case, content="remove", reverses=None):
    """Store a ruling, and tell of it as after its time to be undone."""
    now = timezone.now()
    ruling = Ruling.objects.create(
        case=case, subject_type=case.subject_type, subject_id=case.subject_id,
        revision=case.revision, content=content, reason="-", actor=make_user(),
        effective_at=now, undo_until=now, settled_at=now, reverses=reverses,
    )  # fmt: skip
    about = {
        "ruling_id": ruling.id, "case_id": case.id, "subject_type": case.subject_type,
        "subject_id": case.subject_id, "revision": case.revision, "scope_id": None,
        "author_id": None, "actor_id": ruling.actor_id, "content": content,
    }  # fmt: skip
    with transaction.atomic():
        report_outcomes.on_ruling_settled(
            events.RulingSettled(**about, reverses_id=reverses and reverses.id)
        )
    return ruling


@pytest.fixture
def told(monkeypatch):
    heard = []
    monkeypatch.setattr(report_outcomes, "publish", heard.append)
    return heard


def test_reports_of_one_message_share_a_case_and_add_to_its_score():
    message = say()
    scores = []
    for _ in range(3):
        found, created = report_message(message, comment="again and again")
        assert created
        scores.append(found.case.score)

    (case,) = Case.objects.all()
    assert (case.subject_id, case.scope_id, case.author_id) == (
        message.id,
        message.room_id,
        message.author_id,
    )
    assert (case.origin, case.categories) == ("report", ["hate"])
    assert scores == sorted(set(scores))
    assert Report.objects.filter(case=case).count() == 3


def test_repeat_is_recognized_first_and_returns_the_first_report():
    message, reporter = say(), make_user()
    first, _ = report_message(message, reporter, comment="a")

    assert report_message(message, reporter, comment="\x00") == (first, False)
    Message.objects.filter(pk=message.pk).update(status=Message.Status.REMOVED)
    assert report_message(message, reporter) == (first, False)
    assert Report.objects.count() == 1


def test_another_revision_is_another_report():
    message, reporter = say(), make_user()
    first, _ = report_message(message, reporter)
    Message.objects.filter(pk=message.pk).update(revision=2, text="worse")

    again, created = report_message(message, reporter)

    assert created
    assert (again.revision, again.case_id != first.case_id) == (2, True)


def test_person_is_reported_again_only_after_a_decision():
    person, reporter = make_user(), make_user()
    given = {
        "reporter_id": reporter.id, "subject_type": "person", "subject_id": person.id,
        "category": "other",
    }  # fmt: skip
    first, _ = report(**given)

    assert report(**given) == (first, False)
    settle(first.case, content="allow")
    Case.objects.update(state=Case.State.DECIDED)
    assert report(**given)[1]


def test_only_what_the_reporter_sees_is_reported():
    reporter = make_user()
    hidden = make_message()
    private = say(make_room(is_private=True))
    for subject_type, subject_id in (
        ("message", hidden.id),
        ("message", private.id),
        ("message", uuid.uuid4()),
        ("room", private.room_id),
        ("person", make_user(is_active=False).id),
    ):
        with pytest.raises(NotFound):
            report(
                reporter_id=reporter.id, subject_type=subject_type, subject_id=subject_id,
                category="spam",
            )  # fmt: skip
    assert not Case.objects.exists()
    member = make_member(private.room).user
    assert rooms_visible_to(member.id).exists()
    assert report_message(private, member)[1]
    assert report(
        reporter_id=member.id, subject_type="room", subject_id=private.room_id, category="spam"
    )[0].case.scope_id is None  # fmt: skip


def test_nobody_reports_themselves_or_decides_their_report():
    message = say()
    with pytest.raises(OwnContent):
        report_message(message, message.author)
    reporter = make_user()
    found, _ = report_message(message, reporter)
    with pytest.raises(OwnReport):
        check_may_decide(actor_id=reporter.id, case=found.case)


def test_reports_are_limited_and_comments_checked(settings):
    reporter = make_user()
    with pytest.raises(Invalid):
        report_message(say(), reporter, comment="x" * 1001)
    for _ in range(settings.ENV.reports_per_day):
        template = {"reporter": reporter, "category": "spam", "subject_type": "person"}
        case = Case.objects.first() or report_message(say())[0].case
        Report.objects.create(subject_id=uuid.uuid4(), revision=1, case=case, **template)

    with pytest.raises(RateLimited) as refusal:
        report_message(say(), reporter)

    assert 86_000 < refusal.value.retry_after <= 86_401


@pytest.mark.parametrize(
    "content, outcome, upheld",
    [
        ("remove", "action_taken", True),
        ("allow", "no_action", False),
        ("keep_flagged", "no_action", None),
    ],
)
def test_reporters_are_notified_of_the_outcome(told, content, outcome, upheld):
    message, ana, bia = say(), make_user(), make_user()
    for reporter in (ana, bia):
        found, _ = report_message(message, reporter)

    settle(found.case, content)

    found.refresh_from_db()
    assert (found.state, found.outcome, found.is_upheld) == ("decided", outcome, upheld)
    assert {each.user_id for each in told} == {ana.id, bia.id}
    assert {each.body.outcome for each in told} == {outcome}
    (view,) = report_views([found])
    assert view.appealable == (outcome == "no_action")


def test_reversal_changes_the_outcome_and_notifies_once(told):
    found, _ = report_message(say())
    first = settle(found.case, "remove")
    told.clear()

    settle(found.case, "allow", reverses=first)
    settle(found.case, "allow")

    assert [each.body.outcome for each in told] == ["no_action"]


@pytest.mark.proves("R204")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("later", ["remove", "allow"])
def test_reversal_that_is_settled_late_reopens_no_report_of_a_later_ruling(later):
    found, _ = report_message(say())
    first = settle(found.case, "remove")

    overtake(lambda: settle(found.case, later), lambda: settle(found.case, "hold", reverses=first))

    found.refresh_from_db()
    assert found.state == "decided"


def test_reports_end_with_their_subject(told):
    message = say()
    found, _ = report_message(message)
    with transaction.atomic():
        close_cases(subject_type="message", subject_id=message.id, reason=CloseReason.DELETED)

    found.refresh_from_db()
    assert found.state == "closed"
    assert [each.body.state for each in told] == ["closed"]


def decided_reports(reporter, upheld=0, rejected=0):
    case = report_message(say())[0].case
    outcomes = itertools.chain([True] * upheld, [False] * rejected)
    Report.objects.bulk_create(
        Report(
            reporter=reporter, subject_type="person", subject_id=uuid.uuid4(), revision=1,
            category="spam", case=case, state="decided", is_upheld=each,
            decided_at=timezone.now(), created_at=timezone.now() - timedelta(days=2),
        )
        for each in outcomes
    )  # fmt: skip


def test_record_weighs_the_reports():
    good, bad = make_user(), make_user()
    decided_reports(good, upheld=8)
    decided_reports(bad, rejected=8)

    assert reporter_record(make_user().id).weight == 0.5
    assert report_message(say(), good)[0].case.score > report_message(say(), bad)[0].case.score


def test_suspension_needs_a_record_and_ends_by_term_or_lifting():
    reporter, moderator = make_user(), make_user()
    suspending = {
        "actor_id": moderator.id, "user_id": reporter.id, "term": TERM, "reason": "abuse"
    }  # fmt: skip
    decided_reports(reporter, upheld=1, rejected=8)
    with pytest.raises(CriteriaNotMet):
        suspend_reporting(**suspending)
    decided_reports(reporter, rejected=10)
    with pytest.raises(Invalid):
        suspend_reporting(**suspending | {"term": timedelta(days=31)})

    suspension = suspend_reporting(**suspending)

    assert (suspension.decided_reports, suspension.rejected_reports) == (19, 18)
    with pytest.raises(ReportingSuspended) as refusal:
        report_message(say(), reporter)
    assert refusal.value.details["until"] == wire_time(suspension.ends_at)
    assert refusal.value.details["appeal_path"] == f"/api/me/decisions/{suspension.id}/appeal/"
    lift_suspension(actor_id=moderator.id, suspension_id=suspension.id, reason="appeal")
    assert report_message(say(), reporter)[1]


@pytest.mark.proves("S130")
@pytest.mark.parametrize("is_lifted", [False, True])
def test_member_is_suspended_again_once_the_term_is_over(monkeypatch, is_lifted):
    notified = []
    monkeypatch.setattr(suspensions, "publish", lambda event: notified.append(event.notice.value))
    reporter, moderator = make_user(), make_user()
    decided_reports(reporter, rejected=10)
    suspending = {"actor_id": moderator.id, "user_id": reporter.id, "term": TERM, "reason": "abuse"}
    first = suspend_reporting(**suspending)
    ReportingSuspension.objects.update(ends_at=timezone.now() - timedelta(seconds=1))

    second = suspend_reporting(**suspending)

    if is_lifted:  # the appeal of the first one is won
        lift_suspension(actor_id=moderator.id, suspension_id=first.id, reason="appeal")
    with pytest.raises(ReportingSuspended) as refusal:
        report_message(say(), reporter)
    assert refusal.value.details["until"] == wire_time(second.ends_at)
    with pytest.raises(AlreadySuspended):
        suspend_reporting(**suspending)
    assert notified == ["reporting_suspended", "reporting_suspended"]


def test_erasure_empties_what_the_reporter_wrote():
    reporter = make_user()
    found, _ = report_message(say(), reporter, comment="secret")

    with transaction.atomic():
        erase_reports(user_id=reporter.id, kept_subjects=())

    found.refresh_from_db()
    assert (found.comment, found.state) == ("", "open")


@pytest.mark.proves("S106")
@pytest.mark.proves("S111")
@pytest.mark.parametrize("role", ["ADMIN", "MODERATOR"])
def test_staff_decide_no_case_about_a_room_that_they_run(role):
    room, staff = make_room(), make_staff()
    make_member(room, user=staff, role=role)
    made, _ = report(
        reporter_id=make_user().id, subject_type="room", subject_id=room.id, category="hate"
    )
    with pytest.raises(OwnCase):
        check_may_decide(actor_id=staff.id, case=made.case)
    with pytest.raises(OwnCase):
        check_may_preserve(actor_id=staff.id, cases=Case.objects.filter(pk=made.case_id))
    theirs, others = (Actor(id=each.id, scope_ids=None) for each in (staff, make_staff()))
    for actor, number in ((theirs, 0), (others, 1)):  # nor do lists, counts and frames offer it
        assert cases(actor=actor, wanted=CaseFilter()).count() == number
        assert case_counts(actor=actor).open == number
        assert sum(each.open_count for each in counts_by_queue(actor).values()) == number
    check_may_decide(actor_id=make_staff().id, case=made.case)


@pytest.mark.proves("R139")
def test_reporter_of_a_text_decides_no_case_about_it_whatever_opened_that():
    message, reporter = say(), make_staff()
    first, _ = report_message(message, reporter)
    Case.objects.filter(pk=first.case_id).update(state=Case.State.DECIDED)
    case = report_message(message)[0].case
    assert case.pk != first.case_id

    with pytest.raises(OwnReport):
        check_may_decide(actor_id=reporter.id, case=case)
    theirs, others = (Actor(id=each.id, scope_ids=None) for each in (reporter, make_staff()))
    for actor, number in ((theirs, 0), (others, 1)):
        assert cases(actor=actor, wanted=CaseFilter()).count() == number
        assert case_counts(actor=actor).open == number


@pytest.mark.proves("R139")
@pytest.mark.parametrize("kind", ["revision", "person"])
def test_reporter_decides_about_another_text_and_a_later_case_of_a_person(kind):
    message, reporter = say(), make_staff()
    if kind == "revision":
        first, _ = report_message(message, reporter)
        Message.objects.filter(pk=message.pk).update(revision=2)
        later, _ = report_message(message)
    else:
        person = {"subject_type": "person", "subject_id": message.author_id, "category": "hate"}
        first, _ = report(reporter_id=reporter.id, **person)
        Case.objects.filter(pk=first.case_id).update(state=Case.State.DECIDED)
        later, _ = report(reporter_id=make_user().id, **person)
    assert later.case_id != first.case_id
    check_may_decide(actor_id=reporter.id, case=later.case)


@pytest.mark.proves("R139")
@pytest.mark.parametrize("role", ["ADMIN", "MODERATOR"])
def test_staff_do_not_decide_about_the_name_of_a_room_that_they_run(role, held):
    room, runs = make_room(), make_staff()
    make_member(room, user=runs, role=role)
    case = held(subject_type="room_name", subject_id=room.id, author_id=make_user().id)

    with pytest.raises(OwnCase):
        check_may_decide(actor_id=runs.id, case=case)
    assert not cases(actor=Actor(id=runs.id, scope_ids=None), wanted=CaseFilter()).exists()
    check_may_decide(actor_id=make_staff().id, case=case)
