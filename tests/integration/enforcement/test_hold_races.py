"""Legal holds meet erasures and retention; purges meet sanctions; undoing meets its end."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from moderado.accounts.models import User
from moderado.chat.models import Message
from moderado.chat.services import erasing, purging, retaining
from moderado.chat.services.purge_requests import start_purge
from moderado.chat.services.removing import delete_message
from moderado.core import clock
from moderado.enforcement.models import Erasure, Purge, Report, Ruling, Sanction
from moderado.enforcement.services import erasures, holds, retention, rulings
from moderado.enforcement.services.imposing import impose_sanction
from moderado.enforcement.services.purges import reverse_purge
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.sanctions import expire_sanctions
from moderado.enforcement.services.settling import settle_rulings
from moderado.enforcement.types import Actor
from moderado.moderation.models import Case, ErasableText
from tests.factories import make_member, make_room, make_staff
from tests.integration.enforcement.races import in_both_orders, overtake
from tests.integration.enforcement.steps import say
from tests.rulings import make_ruling, staff_actor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("obedient_provider")]


def hold(author, subject_type="user", subject_id=None):
    holds.add_hold(
        actor_id=None, subject_type=subject_type, subject_id=subject_id or author.id,
        author_id=author.id, reference="Ofício 7",
    )  # fmt: skip


def erase_up_to(author, phase):
    """Run the phases of an erasure before this one."""
    erasures.order_erasure(actor_id=None, user_id=author.id)
    erasure = erasures.claim_due(author.id)
    index = erasing._PHASES.index(phase)
    for each in erasing._PHASES[:index]:
        while not each(erasure):
            continue
    erasure.phase = index
    assert erasures.save(erasure)


@pytest.mark.proves("R114")
@pytest.mark.parametrize("phase", [erasing._names, erasing._texts, erasing._identity])
def test_hold_of_an_account_that_comes_while_it_is_erased_keeps_what_is_left(phase):
    room = make_room()
    author, other = make_member(room).user, make_member(room).user
    found, _ = report(
        reporter_id=author.id, subject_type="message", subject_id=say(other, room, "oi").id,
        category="hate", comment="o que vi",
    )  # fmt: skip
    erase_up_to(author, phase)

    assert overtake(lambda: hold(author), lambda: erasing.run_slice(author.id)) == ("done", "done")
    Erasure.objects.update(lease_until=None)
    while erasing.run_slice(author.id):
        Erasure.objects.update(lease_until=None)

    assert Erasure.objects.get().state == "held"
    assert User.objects.get(pk=author.pk).email == author.email
    if phase is not erasing._identity:
        assert Report.objects.get(pk=found.pk).comment == "o que vi"


@pytest.mark.proves("R114")
def test_hold_of_a_message_that_comes_while_texts_are_erased_keeps_its_texts():
    room = make_room()
    author = make_member(room).user
    message = say(author, room, "FLAG isto")
    erase_up_to(author, erasing._messages)

    results = overtake(
        lambda: hold(author, "message", message.id), lambda: erasing.run_slice(author.id)
    )

    assert results == ("done", "done")
    assert Message.objects.get(pk=message.pk).text == "FLAG isto"
    texts = ErasableText.objects.filter(subject_id=message.id, erased_at=None)
    assert texts.filter(kind="case").exists()


@pytest.mark.proves("R114")
@pytest.mark.parametrize("subject_type", ["user", "message"])
def test_hold_that_comes_while_the_retention_runs_keeps_the_text(subject_type, settings):
    settings.RETENTION_DAYS = dict.fromkeys(retention.KINDS, 1)
    old = clock.now() + timedelta(days=2)
    room = make_room()
    author = make_member(room).user
    message = say(author, room, "FLAG isto")
    case = Case.objects.get(subject_id=message.id)
    make_ruling(actor_id=make_staff().id, case_id=case.id, content="remove", public_note="nota")
    Ruling.objects.update(undo_until=F("effective_at"))
    settle_rulings()
    run = retention.start_run()
    cutoffs = {kind: old.isoformat() for kind in (retention.MESSAGES, retention.CASES)}
    type(run).objects.filter(pk=run.pk).update(cutoffs=cutoffs)

    subject_id = author.id if subject_type == "user" else message.id
    results = overtake(lambda: hold(author, subject_type, subject_id), retaining.run_slice)

    assert results == ("done", "done")
    assert Message.objects.get(pk=message.pk).text == "FLAG isto"
    assert Ruling.objects.get().public_note == "nota"
    assert ErasableText.objects.filter(pk=case.pk, erased_at=None).exists()


def purge_of(author):
    return start_purge(
        actor=staff_actor("purge_messages"), user_id=author.id,
        since=clock.now() - timedelta(hours=1), reason="raid",
    )[0]  # fmt: skip


def finish_purges():
    Purge.objects.update(lease_until=None)  # after the pause for messages that are committed late
    while purging.run_slice():
        Purge.objects.update(lease_until=None)


def speaker():
    """Return a person who has published a message."""
    author = make_member(room := make_room()).user
    say(author, room, "oi")
    return author


def mute(author, term=timedelta(hours=1)):
    return impose_sanction(
        actor_id=make_staff().id, scope_ids=None, user_id=author.id, kind="mute",
        scope_id=None, term=term, reason="raid",
    )[0]  # fmt: skip


@pytest.mark.proves("R117")
def test_purge_and_sanction_of_one_author_both_take_effect():
    authors = []

    def build():
        authors.append(author := speaker())
        purge_of(author)
        return purging.run_slice, lambda: mute(author)

    assert in_both_orders(build) == (("done", "done"), ("done", "done"))
    for author in authors:
        finish_purges()
        assert Message.objects.get(author=author).status == "REMOVED"
        assert Sanction.objects.get(user=author).lifted_at is None


@pytest.mark.proves("R117")
def test_reversal_of_a_purge_and_the_end_of_a_sanction_both_take_effect():
    authors = []

    def build():
        authors.append(author := speaker())
        purge = purge_of(author)
        finish_purges()
        Sanction.objects.filter(pk=mute(author).pk).update(ends_at=F("starts_at"))
        assert Message.objects.get(author=author).status == "REMOVED"
        actor = staff_actor("purge_messages")
        reverse_purge(actor=actor, purge_id=purge.id, reason="mistake")
        return purging.run_slice, expire_sanctions

    assert in_both_orders(build) == (("done", "done"), ("done", "done"))
    for author in authors:
        finish_purges()
        assert Message.objects.get(author=author).status == "APPROVED"
        assert Sanction.objects.get(user=author).expired_at is not None


@pytest.mark.proves("R111")
def test_deletion_by_the_author_and_the_reversal_of_a_purge_leave_no_message():
    authors = []

    def build():
        authors.append(author := speaker())
        purge = purge_of(author)
        finish_purges()
        actor = staff_actor("purge_messages")
        reverse_purge(actor=actor, purge_id=purge.id, reason="mistake")
        message = Message.objects.get(author=author)
        return (
            lambda: delete_message(actor_id=author.id, message_id=message.id),
            purging.run_slice,
        )

    assert in_both_orders(build) == (("done", "done"), ("done", "done"))
    for author in authors:
        finish_purges()
        assert Message.objects.get(author=author).status == "REMOVED"


@pytest.mark.proves("R118")
def test_ruling_whose_ten_seconds_are_over_is_settled_and_not_undone():
    """PostgreSQL's clock decides, whether the task has seen the ruling or not."""

    def build():
        room, staff = make_room(), make_staff()
        message = say(make_member(room).user, room, "HOLD isto")
        case_id = Case.objects.get(subject_id=message.id).id
        ruling = make_ruling(actor_id=staff.id, case_id=case_id, content="remove")
        Ruling.objects.filter(pk=ruling.pk).update(undo_until=Now())
        actor = Actor(id=staff.id, scope_ids=None)
        return lambda: rulings.undo(actor=actor, ruling_id=ruling.id), settle_rulings

    assert in_both_orders(build) == (("undo_expired", "done"), ("undo_expired", "done"))
    assert Ruling.objects.filter(settled_at__isnull=False, undone_at=None).count() == 2
