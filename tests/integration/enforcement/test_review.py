"""Moderators: one claims a case, and it is decided once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from moderado.core.errors import ApplicationError, Invalid, NotFound
from moderado.enforcement.selectors import cases as selectors
from moderado.enforcement.types import Actor
from moderado.moderation.errors import CaseClosed, CaseTaken
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.texts import texts_of
from moderado.moderation.types import Outcome
from tests import rulings
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("decided")]


@pytest.fixture
def ana():
    return make_user()


@pytest.fixture
def rui():
    return make_user()


def claim(user, case, scope_ids=None):
    return rulings.claim(actor_id=user.id, case_id=case.id, scope_ids=scope_ids)


def rule(user, case, outcome="BLOCK", scope_ids=None, **fields):
    fields = {"reason": "harassment"} | fields
    return rulings.rule(
        actor_id=user.id, case_id=case.id, outcome=outcome, scope_ids=scope_ids, **fields
    )


def lapse(case):
    past = timezone.now() - timedelta(seconds=1)
    Case.objects.filter(pk=case.pk).update(claimed_until=past)


def test_claimed_case_is_refused_to_others(held, ana, rui):
    case = claim(ana, held())

    assert case.claimed_by == ana
    assert timedelta(minutes=14) < case.claimed_until - timezone.now() <= timedelta(minutes=15)
    with pytest.raises(CaseTaken):
        claim(rui, case)
    with pytest.raises(CaseTaken):
        rule(rui, case)


def test_repeated_claim_extends_the_lease(held, ana):
    case = claim(ana, held())
    Case.objects.filter(pk=case.pk).update(claimed_until=timezone.now() + timedelta(minutes=1))

    again = claim(ana, case)

    assert again.claimed_until > timezone.now() + timedelta(minutes=10)
    assert again.version > case.version


def test_lapsed_claim_is_free(held, ana, rui):
    case = claim(ana, held())
    lapse(case)

    assert claim(rui, case).claimed_by == rui


def test_ruling_closes_the_case_and_publishes_the_event(held, ana, decided):
    case = held(score=0.7)

    ruled = rule(ana, case, "BLOCK", note="  veja o contexto ")

    assert (ruled.state, ruled.outcome, ruled.decided_by) == ("decided", "BLOCK", ana)
    assert (ruled.reason, ruled.note) == ("harassment", "veja o contexto")
    assert ruled.decided_at is not None
    assert ruled.claimed_by is None
    (event,) = decided
    assert (event.case_id, event.subject_id) == (case.id, case.subject_id)
    assert (event.revision, event.outcome, event.actor_id) == (1, Outcome.BLOCK, ana.id)


def test_ruling_is_logged_with_its_actor(held, ana):
    case = held()

    rule(ana, case, "ALLOW", reason="contexto")

    line = ModerationLog.objects.get(subject_id=case.subject_id, actor=ana)
    assert (line.verdict, line.reason, line.decided_by) == ("ALLOW", "moderator", "moderator")
    assert line.scope_id == case.scope_id
    assert line.raw == {"case": str(case.id)}
    written = texts_of([line])[line.pk].content["raw"]
    assert written == {"case": str(case.id), "reason": "contexto", "note": ""}


def test_case_is_decided_once(held, ana, rui, decided):
    case = held()
    rule(ana, case)

    with pytest.raises(CaseClosed):
        rule(rui, case, "ALLOW")
    with pytest.raises(CaseClosed):
        claim(rui, case)
    assert len(decided) == 1


@pytest.mark.parametrize(
    "fields",
    [{"reason": " "}, {"reason": "x" * 65}, {"note": "x" * 2001}, {"public_note": "x" * 2001}],
)
def test_ruling_needs_a_reason(held, ana, fields):
    with pytest.raises(Invalid):
        rule(ana, held(), **fields)


def test_moderator_rules_only_in_own_rooms(held, ana):
    case, elsewhere = held(), held()
    mine = {case.scope_id}

    with pytest.raises(NotFound):
        claim(ana, elsewhere, mine)
    with pytest.raises(NotFound):
        rule(ana, elsewhere, scope_ids=mine)
    assert rule(ana, case, scope_ids=mine).state == "decided"


def test_cases_are_ordered_by_score_then_age(held, ana):
    def queue(scope_ids):
        actor = Actor(id=ana.id, scope_ids=scope_ids)
        return selectors.cases(actor=actor, wanted=selectors.CaseFilter())

    mild, severe, later = held(score=0.2), held(score=0.9), held(score=0.9)
    rule(ana, held(score=1.0))

    assert list(queue(None)) == [severe, later, mild]
    assert list(queue({mild.scope_id})) == [mild]
    assert list(queue(set())) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [claim, rule], ids=["claiming", "ruling"])
def test_one_of_two_racing_moderators_wins(held, ana, rui, decided, act):
    case = held()
    start, results = threading.Barrier(2, timeout=10), []

    def race(user):
        try:
            start.wait()
            act(user, case)
            results.append("won")
        except ApplicationError as refusal:
            results.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=race, args=(user,)) for user in (ana, rui)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert sorted(results) in (["case_taken", "won"], ["case_closed", "won"])
    assert len(decided) == (act is rule)
