"""Cases that were decided before there were rulings get them; duplicate open cases are merged."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection, transaction
from django.utils import timezone

from moderado.enforcement.models import Backfill, Ruling
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.services import ruling_backfill
from moderado.enforcement.services.ruling_backfill import backfill_rulings
from moderado.moderation.models import Case
from moderado.moderation.services.deciding import Decision, decide
from moderado.moderation.types import Outcome
from tests.factories import make_staff, make_user
from tests.rulings import make_ruling

pytestmark = pytest.mark.django_db


@pytest.fixture
def author():
    return make_user()


@pytest.fixture
def decided_before(held, author):
    """Decide a case as the release before: without a ruling."""

    def decided_before(outcome=Outcome.BLOCK):
        case = held(subject_type="user_name", author_id=author.id)
        decision = Decision(
            actor_id=make_staff().id, outcome=outcome, reason="offensive", note="só para nós"
        )
        with transaction.atomic():
            decide(case, decision)
        Case.objects.filter(pk=case.pk).update(decided_at=timezone.now() - timedelta(days=3))
        return Case.objects.get(pk=case.pk)

    return decided_before


def run():
    backfill_rulings(seconds=60)


@pytest.mark.proves("R112")
def test_decided_case_gets_the_ruling_that_it_stands_for(decided_before, author):
    removed, allowed = decided_before(), decided_before(Outcome.ALLOW)

    run()

    ruling = Ruling.objects.get(case=removed)
    assert (ruling.content, ruling.reason, ruling.private_note) == (
        "remove", "offensive", "só para nós",
    )  # fmt: skip
    assert (ruling.author_id, ruling.actor_id) == (author.id, removed.decided_by_id)
    moments = {ruling.created_at, ruling.effective_at, ruling.undo_until, ruling.settled_at}
    assert moments == {removed.decided_at}
    assert Ruling.objects.get(case=allowed).content == "allow"
    views = [each.view for each in decisions_about(author.id)]
    (decision,) = (view for view in views if not view.is_reversed)
    assert (decision.subject, decision.appealable) == (removed.subject_id, True)


@pytest.mark.proves("R112")
def test_backfill_is_interrupted_and_repeated_without_a_second_ruling(
    decided_before, held, monkeypatch
):
    monkeypatch.setattr(ruling_backfill, "BATCH", 2)
    for _ in range(5):
        decided_before()
    new = make_ruling(
        actor_id=make_staff().id, case_id=held(subject_type="user_name").id, content="allow"
    )
    Backfill.objects.create(name=ruling_backfill.NAME)

    assert ruling_backfill._next_batch()
    assert Ruling.objects.count() == 3
    run()

    assert Ruling.objects.count() == 6
    assert Ruling.objects.filter(case=new.case_id).count() == 1
    assert Backfill.objects.get().rows == 5


@pytest.mark.proves("R112")
def test_second_pass_finds_what_the_release_before_decided_meanwhile(decided_before):
    run()
    late = decided_before()
    run()
    assert not Ruling.objects.exists()  # the second pass waits for the old processes to end
    Backfill.objects.update(next_at=timezone.now())

    run()

    assert Ruling.objects.get().case == late
    assert Backfill.objects.get().finished_at is not None
    decided_before()
    run()
    assert Ruling.objects.count() == 1


@pytest.mark.proves("R112")
def test_migration_merges_open_cases_of_one_revision(held):
    """The tables as before the migration: several open cases of one revision."""
    migration = import_module("moderado.moderation.migrations.0024_one_open_case")
    cases = [held(subject_type="user_name") for _ in range(5)]
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_open_case_a_revision")
    flag, hold, late, decided, other = cases
    same = {"subject_id": flag.subject_id}
    Case.objects.filter(pk=flag.pk).update(origin="flag")
    Case.objects.filter(pk__in=[hold.pk, late.pk]).update(
        claimed_by=make_user(), claimed_until=timezone.now(), **same
    )
    Case.objects.filter(pk=decided.pk).update(state="decided", **same)

    with connection.cursor() as cursor:
        cursor.execute(migration._MERGE)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in migration._INDEXES:
            if statement.startswith("CREATE UNIQUE"):
                cursor.execute(statement.replace("CONCURRENTLY ", ""))

    states = {case.pk: (case.state, case.close_reason) for case in Case.objects.all()}
    assert states == {
        hold.pk: ("open", ""),
        flag.pk: ("closed", "replaced"),
        late.pk: ("closed", "replaced"),
        decided.pk: ("decided", ""),
        other.pk: ("open", ""),
    }
    closed = Case.objects.get(pk=late.pk)
    assert (closed.claimed_by, closed.claimed_until) == (None, None)
    assert Case.objects.get(pk=hold.pk).claimed_by is not None
