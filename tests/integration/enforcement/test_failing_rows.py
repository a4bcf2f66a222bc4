"""A row on which a periodic task fails stops no other row, and is tried again."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from moderado.core.metrics import ROW_FAILURES
from moderado.enforcement.models import BulkRuling, PendingStrike, Ruling, Sanction
from moderado.enforcement.selectors.cases import CaseFilter
from moderado.enforcement.services import bulk
from moderado.enforcement.services.machine_strikes import give_strikes
from moderado.enforcement.services.rulings import Proposal
from moderado.enforcement.services.sanctions import expire_sanctions
from moderado.enforcement.services.settling import settle_rulings
from moderado.enforcement.types import ContentOutcome
from moderado.moderation.models import Case
from moderado.moderation.types import Outcome
from tests.factories import make_room, make_staff, make_user
from tests.refused_rows import refused
from tests.rulings import make_ruling, staff_actor

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R143")]

PAST = timedelta(seconds=1)


def failures(task):
    return ROW_FAILURES.labels(task=task)._value.get()


@pytest.fixture
def fails_alone(caplog):
    """Run a task while PostgreSQL refuses one row; the task does the others, then that one."""

    def check(task, run, row, *, done, act="UPDATE"):
        before = failures(task)
        with refused(row, act), caplog.at_level(logging.ERROR):
            run()
        assert failures(task) == before + 1
        assert [each.msg["row"] for each in caplog.records if each.levelno >= logging.ERROR] == [
            str(row.pk)
        ]
        assert not done(row.pk)
        run()
        assert done(row.pk)

    return check


def test_ruling_that_cannot_be_settled_stops_no_other(held, fails_alone):
    cases = [held(subject_type="user_name") for _ in range(3)]
    made = [
        make_ruling(actor_id=make_staff().id, case_id=case.id, content="remove") for case in cases
    ]
    for number, each in enumerate(made):
        undo_until = timezone.now() - PAST * (3 - number)
        Ruling.objects.filter(pk=each.pk).update(undo_until=undo_until)

    def run():
        settle_rulings()
        assert Ruling.objects.exclude(pk=made[0].pk).filter(settled_at=None).count() == 0

    fails_alone(
        "settle_rulings", run, made[0],
        done=lambda pk: Ruling.objects.get(pk=pk).settled_at is not None,
    )  # fmt: skip


def test_sanction_that_cannot_expire_stops_no_other(fails_alone):
    now = timezone.now()
    over = [
        Sanction.objects.create(
            user=make_user(), kind="mute", reason="-", starts_at=now - timedelta(days=1),
            ends_at=now - PAST * (3 - number),
        )
        for number in range(3)
    ]  # fmt: skip

    def run():
        expire_sanctions()
        assert Sanction.objects.exclude(pk=over[0].pk).filter(expired_at=None).count() == 0

    fails_alone(
        "expire_sanctions", run, over[0],
        done=lambda pk: Sanction.objects.get(pk=pk).expired_at is not None,
    )  # fmt: skip


def test_strike_that_cannot_be_given_stops_no_other(held, fails_alone):
    room = make_room()
    waiting = [
        PendingStrike.objects.create(
            user=make_user(), scope_id=room.id, verdict_id=make_user().id, revision=1,
            subject_id=make_user().id, policy_name="default", category="insult",
        )
        for _ in range(3)
    ]  # fmt: skip

    def run():
        give_strikes()
        assert set(PendingStrike.objects.all()) <= {waiting[0]}

    fails_alone(
        "give_strikes", run, waiting[0], act="DELETE",
        done=lambda pk: not PendingStrike.objects.filter(pk=pk).exists(),
    )  # fmt: skip


def test_ruling_in_bulk_that_fails_stops_no_later_one(held, fails_alone):
    actor = staff_actor("view_case", "bulk_rule")
    started = []
    for outcome, origin in ((Outcome.FLAG, "flag"), (Outcome.HOLD, "hold")):
        held(outcome=outcome, subject_type="user_name")
        proposal = Proposal(content=ContentOutcome.ALLOW, reason="-")
        wanted = CaseFilter(origin=origin)
        started.append(bulk.start_bulk(actor=actor, wanted=wanted, proposal=proposal)[0])

    def run():
        bulk.run_unfinished(seconds=20)
        assert BulkRuling.objects.get(pk=started[1].pk).state == "done"
        assert Case.objects.get(origin="hold").state == "decided"

    fails_alone(
        "run_bulk_rulings", run, started[0],
        done=lambda pk: BulkRuling.objects.get(pk=pk).state == "done",
    )  # fmt: skip
