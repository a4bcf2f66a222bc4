"""One open case a subject, whatever points at it."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models.functions import Now

from moderado.core.errors import NotFound
from moderado.enforcement.errors import OwnReport, OwnRuling
from moderado.enforcement.models import Queue
from moderado.enforcement.selectors.cases import CaseFilter, cases, counts_by_queue, get_case
from moderado.enforcement.services.cases import open_or_join
from moderado.enforcement.services.fairness import check_may_decide
from moderado.enforcement.types import Actor
from moderado.moderation.errors import OwnCase
from moderado.moderation.models import Case
from moderado.moderation.services.recording import record
from moderado.moderation.texts import texts_of
from moderado.moderation.types import Category, Content, Outcome, Verdict
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def pointed_at(subject_id, origin=Case.Origin.REPORT, **fields):
    given = {
        "subject_type": "person",
        "subject_id": subject_id,
        "revision": 1,
        "scope_id": None,
        "author_id": None,
        "categories": ["hate"],
        "text": "",
    }
    return open_or_join(origin=origin, **(given | fields))


def judged(subject_id, outcome=Outcome.HOLD, revision=1, score=0.7):
    content = Content(
        subject_type="message", subject_id=subject_id, revision=revision, text="talvez"
    )
    scores = {Category.SPAM: score}
    record([(content, Verdict(outcome=outcome, score=score, categories=scores, decided_by="x"))])


def test_reports_of_one_subject_share_a_case():
    subject_id = uuid.uuid4()

    first = pointed_at(subject_id, score=0.2)
    again = pointed_at(subject_id, categories=["threat"], score=0.4)
    appeal = pointed_at(subject_id, Case.Origin.APPEAL)

    assert first == again == appeal
    assert (appeal.origin, appeal.joined_origins) == ("report", ["appeal"])
    assert (appeal.categories, appeal.score, appeal.priority) == (["hate", "threat"], 0.4, 2)
    assert Case.objects.count() == 1


def test_verdict_joins_the_case_that_a_report_opened():
    subject_id = uuid.uuid4()
    reported = pointed_at(subject_id, subject_type="message", text="talvez")

    judged(subject_id)

    (case,) = Case.objects.all()
    assert (case.id, case.origin, case.joined_origins) == (reported.id, "report", ["hold"])
    assert (case.categories, case.score) == (["hate", "spam"], 0.7)
    assert texts_of([case])[case.id].content == {"text": "talvez"}


def test_report_joins_the_case_that_a_verdict_opened():
    subject_id = uuid.uuid4()
    judged(subject_id, Outcome.FLAG)

    case = pointed_at(subject_id, subject_type="message", score=0.1)

    assert (case.origin, case.joined_origins, case.score) == ("flag", ["report"], 0.7)


def test_another_revision_has_another_case():
    subject_id = uuid.uuid4()
    judged(subject_id)
    judged(subject_id, revision=2)

    assert Case.objects.count() == 2


def test_decided_case_is_not_joined():
    subject_id = uuid.uuid4()
    Case.objects.filter(pk=pointed_at(subject_id).pk).update(state=Case.State.DECIDED)

    pointed_at(subject_id)

    assert Case.objects.filter(subject_id=subject_id).count() == 2


def test_parties_do_not_decide():
    author, reporter, decider, other = (make_user() for _ in range(4))
    case = pointed_at(
        uuid.uuid4(), author_id=author.id, reporter_id=reporter.id, decider_id=decider.id
    )

    for user, refusal in ((author, OwnCase), (reporter, OwnReport), (decider, OwnRuling)):
        with pytest.raises(refusal):
            check_may_decide(actor_id=user.id, case=case)
    check_may_decide(actor_id=other.id, case=case)


@pytest.mark.django_db(transaction=True)
def test_simultaneous_reports_open_one_case(at_once):
    subject_id = uuid.uuid4()

    def report():
        with transaction.atomic():
            return pointed_at(subject_id).id

    assert len(set(at_once(4, report))) == 1
    assert Case.objects.count() == 1


def test_cases_are_counted_by_the_first_queue_that_they_match():
    first = Queue.objects.create(name="urgent", position=1, filter={"min_priority": 2})
    second = Queue.objects.create(name="reports", position=2, filter={"origin": ["report"]})
    urgent = pointed_at(uuid.uuid4(), categories=["threat"])
    Case.objects.filter(pk=urgent.pk).update(created_at=Now() - timedelta(hours=1))
    pointed_at(uuid.uuid4())
    pointed_at(uuid.uuid4())
    judged(uuid.uuid4())

    counts = counts_by_queue(Actor(id=uuid.uuid4(), scope_ids=None))

    assert {queue_id: each.open_count for queue_id, each in counts.items()} == {
        first.id: 1,
        second.id: 2,
        None: 1,
    }
    assert counts[first.id].oldest_seconds // 3_600 == 1


def test_queue_with_groups_is_open_to_their_members():
    group = Group.objects.create(name="threats")
    insider, outsider = make_user(), make_user()
    insider.groups.add(group)
    queue = Queue.objects.create(name="threats", filter={"category": ["threat"]})
    queue.groups.add(group)
    case = pointed_at(uuid.uuid4(), categories=["threat"])

    def seen(user):
        return list(cases(actor=Actor(id=user.id, scope_ids=None), wanted=CaseFilter()))

    assert seen(insider) == [case]
    assert seen(outsider) == []
    with pytest.raises(NotFound):
        get_case(actor=Actor(id=outsider.id, scope_ids=None), case_id=case.id)
