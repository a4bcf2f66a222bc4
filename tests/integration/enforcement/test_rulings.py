"""Rulings on real messages: undone within 10 s, reversed later, and what people learn of it."""

import random
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db.models import F
from django.db.models.functions import Now

from moderado.chat.events import Notice
from moderado.chat.models import Membership, Message
from moderado.chat.services import notices
from moderado.chat.services.editing import edit_message
from moderado.chat.services.removing import delete_message
from moderado.chat.services.screening import screen_waiting
from moderado.core import events
from moderado.core.errors import Forbidden, Invalid, NotFound
from moderado.enforcement.errors import (
    MeasureNotPermitted,
    OtherRevision,
    RulingReplaced,
    UndoExpired,
)
from moderado.enforcement.events import RulingMade, RulingReversed, RulingSettled, RulingUndone
from moderado.enforcement.models import Queue, Ruling, Sanction
from moderado.enforcement.services import rulings
from moderado.enforcement.services.imposing import lift_by_hand
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.settling import settle_rulings
from moderado.enforcement.types import UNDO, Actor, MeasureScope, SanctionKind
from moderado.moderation.errors import CaseSuperseded, CaseTaken
from moderado.moderation.models import BlockedText, Case, ModerationLog
from moderado.moderation.texts import texts_of
from tests.factories import make_member, make_room, make_user
from tests.integration.enforcement.races import race
from tests.integration.enforcement.steps import say
from tests.rulings import claim, make_ruling

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("obedient_provider")]


@pytest.fixture
def heard(monkeypatch):
    """The events of rulings, as their handlers get them."""
    kinds, found = (RulingMade, RulingUndone, RulingReversed, RulingSettled), []
    for kind in kinds:
        handlers = (*events._inside.get(kind, ()), found.append)
        monkeypatch.setitem(events._inside, kind, handlers)
    return found


@pytest.fixture
def room():
    return make_room(name="Sala")


@pytest.fixture
def ana():
    return make_user()


def case_of(message):
    return Case.objects.get(subject_id=message.id, state="open")


def decided(user, message, content="remove", **fields):
    return make_ruling(actor_id=user.id, case_id=case_of(message).id, content=content, **fields)


def undo(user, ruling):
    return rulings.undo(actor=Actor(id=user.id, scope_ids=None), ruling_id=ruling.id)


def reverse(user, ruling):
    return rulings.reverse(
        actor=Actor(id=user.id, scope_ids=None), ruling_id=ruling.id, reason="mistake"
    )


def elapse(ruling):
    Ruling.objects.filter(pk=ruling.pk).update(undo_until=Now())


def shown(message):
    """What an undone ruling must not change."""
    message.refresh_from_db()
    return {
        "status": message.status,
        "text": message.text,
        "revision": message.revision,
        "reason": message.reason,
        "categories": message.categories,
        "edit": (message.edit_status, message.edit_text, message.edit_revision),
        "edit_reason": message.edit_reason,
        "kept": sorted(message.revisions.values_list("revision", "status", "text")),
        "blocked": BlockedText.objects.count(),
        "queued": message.queued_at is not None,
    }


def test_ruling_names_its_revision_and_its_end_of_undo(room, alice, ana, heard):
    message = say(alice, room, "HOLD this")

    ruling = decided(ana, message, "allow", public_note="tudo bem", private_note="contexto")

    assert (ruling.revision, ruling.scope_id, ruling.author) == (1, room.id, alice)
    assert ruling.undo_until - ruling.effective_at == UNDO
    assert (ruling.public_note, ruling.private_note) == ("tudo bem", "contexto")
    (made,) = heard
    assert isinstance(made, RulingMade)
    assert (made.ruling_id, made.author_id, made.content) == (ruling.id, alice.id, "allow")


def test_kept_and_flagged_text_is_visible(room, alice, ana):
    message = say(alice, room, "HOLD this")

    decided(ana, message, "keep_flagged")

    message.refresh_from_db()
    assert message.status == "APPROVED"
    assert Case.objects.get(subject_id=message.id).outcome == "FLAG"


def test_ruling_on_another_revision_is_refused(room, alice, ana):
    message = say(alice, room, "HOLD this")

    with pytest.raises(OtherRevision) as refusal:
        decided(ana, message, revision=2)
    assert refusal.value.revision == 1
    assert Ruling.objects.count() == 0


@pytest.mark.parametrize("content", ["allow", "remove", "keep_flagged"])
@pytest.mark.parametrize("text", ["HOLD this", "FLAG this"])
def test_undone_ruling_leaves_everything_as_it_was(room, alice, ana, heard, text, content):
    message = say(alice, room, text)
    before, case = shown(message), case_of(message)
    ruling = decided(ana, message, content)

    undone = undo(ana, ruling)

    assert undone.undone_at is not None
    assert shown(message) == before
    again = case_of(message)
    assert (again.pk, again.outcome, again.decided_by) == (case.pk, "", None)
    assert texts_of([again])[again.pk].content["text"] == text
    assert [type(event) for event in heard] == [RulingMade, RulingUndone]
    elapse(ruling)
    assert settle_rulings() == 0  # so people learn of nothing
    steps = ModerationLog.objects.filter(actor=ana).order_by("id").values_list("decided_by")
    assert [step for (step,) in steps] == ["moderator", "undone"]


@pytest.mark.proves("R193")
@pytest.mark.parametrize("back", [undo, reverse])
def test_author_is_notified_of_a_text_that_is_shown_again(room, alice, ana, monkeypatch, back):
    message = say(alice, room, "FLAG this")
    ruling = decided(ana, message)
    published = []
    monkeypatch.setattr(notices, "publish", published.append)

    back(ana, ruling)

    (notice,) = published
    assert (notice.notice, notice.view.id, notice.view.status) == (
        Notice.PUBLISHED, message.id, "APPROVED",
    )  # fmt: skip


@pytest.mark.parametrize("content", ["allow", "remove"])
def test_undone_ruling_on_an_edit_puts_it_beside_again(room, alice, ana, content):
    message = say(alice, room, "bom dia")
    edit_message(actor_id=alice.id, message_id=message.id, text="HOLD this")
    screen_waiting()
    before = shown(message)

    undo(ana, decided(ana, message, content))

    assert shown(message) == before
    assert case_of(message).revision == 2


def test_undone_ruling_on_a_text_that_ended_closes_the_case(room, alice, ana):
    message = say(alice, room, "HOLD this")
    ruling = decided(ana, message, "allow")
    delete_message(actor_id=alice.id, message_id=message.id)

    undo(ana, ruling)

    message.refresh_from_db()
    assert message.status == "REMOVED"
    assert Case.objects.get().close_reason == "deleted"


@pytest.mark.proves("S109")
def test_reversals_of_reversals_of_a_text_that_ended_open_no_case(room, alice, ana):
    message = say(alice, room, "HOLD this")
    removed = decided(ana, message, "remove")
    elapse(removed)
    held_again = reverse(make_user(), removed)
    delete_message(actor_id=alice.id, message_id=message.id)

    removed_again = reverse(make_user(), held_again)
    reverse(make_user(), removed_again)

    assert Case.objects.get().state == "closed"


def test_ruling_is_undone_by_its_moderator_in_time_and_once(room, alice, ana):
    ruling = decided(ana, say(alice, room, "HOLD this"))

    with pytest.raises(NotFound):
        undo(make_user(), ruling)
    undo(ana, ruling)
    assert undo(ana, ruling).undone_at is not None  # a repeat
    assert ModerationLog.objects.filter(decided_by="moderator").count() == 1
    late = decided(ana, say(alice, room, "HOLD that"))
    elapse(late)
    with pytest.raises(UndoExpired):
        undo(ana, late)


def test_undone_case_is_claimed_by_its_moderator_for_a_time(room, alice, ana):
    message = say(alice, room, "HOLD this")
    undo(ana, decided(ana, message))
    case = case_of(message)

    assert case.claimed_until is not None
    with pytest.raises(CaseTaken):
        claim(actor_id=make_user().id, case_id=case.id)
    Case.objects.update(claimed_until=Now() - timedelta(seconds=1))
    other = make_user()
    assert claim(actor_id=other.id, case_id=case.id).claimed_by == other


def test_ruling_is_not_undone_under_a_later_one(room, alice, ana):
    message = say(alice, room, "FLAG this")
    first = decided(ana, message, "allow")
    reader = make_member(room).user
    report(reporter_id=reader.id, subject_type="message", subject_id=message.id, category="insult")
    decided(make_user(), message, "remove")

    with pytest.raises(RulingReplaced):
        undo(ana, first)
    message.refresh_from_db()
    assert message.status == "REJECTED"


def test_reversal_that_is_settled_first_decides_the_reports(room, alice, ana):
    message = say(alice, room, "FLAG this")
    found, _ = report(
        reporter_id=make_member(room).user.id,
        subject_type="message",
        subject_id=message.id,
        category="insult",
    )
    ruling = decided(ana, message)
    reversal = reverse(make_user(), ruling)

    for each in (reversal, ruling):
        elapse(each)
        assert settle_rulings() == 1

    found.refresh_from_db()
    assert (found.outcome, found.ruling) == ("no_action", reversal)


def test_people_are_notified_once_after_the_time_to_undo(room, alice, ana, heard):
    ruling = decided(ana, say(alice, room, "HOLD this"))

    assert settle_rulings() == 0
    elapse(ruling)
    assert settle_rulings() == 1
    assert settle_rulings() == 0
    assert [event.ruling_id for event in heard if isinstance(event, RulingSettled)] == [ruling.id]


@pytest.mark.parametrize("content, status", [("remove", "APPROVED"), ("allow", "APPROVED")])
def test_reversal_is_a_ruling_of_its_own(room, alice, ana, heard, content, status):
    message = say(alice, room, "FLAG this")
    ruling = decided(ana, message, content)

    reversal = reverse(make_user(), ruling)

    message.refresh_from_db()
    assert message.status == status
    assert (reversal.reverses, reversal.case) == (ruling, ruling.case)
    assert isinstance(heard[-1], RulingReversed)
    assert (heard[-1].ruling_id, heard[-1].reversal_id) == (ruling.id, reversal.id)
    with pytest.raises(RulingReplaced):
        reverse(ana, ruling)
    with pytest.raises(UndoExpired):
        undo(Actor(id=reversal.actor_id, scope_ids=None), reversal)


def test_reversal_of_a_ruling_on_a_deleted_text_changes_no_text(room, alice, ana):
    message = say(alice, room, "FLAG this")
    ruling = decided(ana, message)
    delete_message(actor_id=alice.id, message_id=message.id)

    reversal = reverse(ana, ruling)

    message.refresh_from_db()
    assert message.status == "REMOVED"
    assert reversal.content == "allow"


def test_reversed_removal_lets_the_author_write_the_text_again(room, alice, ana):
    message = say(alice, room, "FLAG this")
    ruling = decided(ana, message)
    assert BlockedText.objects.exists()

    reverse(ana, ruling)

    assert not BlockedText.objects.exists()


def test_person_has_no_content_to_remove(ana, held):
    case = held(subject_type="person")

    with pytest.raises(Invalid):
        make_ruling(actor_id=ana.id, case_id=case.id, content="remove")
    assert make_ruling(actor_id=ana.id, case_id=case.id, content="allow").subject_type == "person"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.proves("S67")
def test_ruling_edit_and_deletion_race_to_a_consistent_end(room, alice, ana, seed):
    message = say(alice, room, "FLAG this")
    case = case_of(message)
    acts = {
        "rule": lambda: make_ruling(actor_id=ana.id, case_id=case.id, content="remove"),
        "edit": lambda: edit_message(actor_id=alice.id, message_id=message.id, text="bom dia"),
        "delete": lambda: delete_message(actor_id=alice.id, message_id=message.id),
    }
    names = random.Random(seed).sample([*acts], 3)

    results = dict(zip(names, race(*(acts[name] for name in names)), strict=True))

    message.refresh_from_db()
    case.refresh_from_db()
    assert message.status == "REMOVED"
    assert case.state == ("decided" if results["rule"] == "done" else "closed")
    assert Ruling.objects.count() == (results["rule"] == "done")
    assert results["rule"] in {"done", "case_superseded"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.proves("S67")
def test_undo_and_settling_race_to_one_end(room, alice, ana, heard):
    message = say(alice, room, "HOLD this")
    ruling = decided(ana, message)
    Ruling.objects.update(undo_until=F("effective_at"))

    (undone, _) = race(lambda: undo(ana, ruling), settle_rulings)
    settle_rulings()  # it passes over what is locked

    assert undone == "undo_expired"
    assert [type(event) for event in heard] == [RulingMade, RulingSettled]


@pytest.mark.django_db(transaction=True)
@pytest.mark.proves("S67")
def test_one_of_two_reversals_takes_effect(room, alice, ana):
    message = say(alice, room, "FLAG this")
    ruling = decided(ana, message)

    results = race(lambda: reverse(ana, ruling), lambda: reverse(make_user(), ruling))

    assert sorted(results) == ["done", "ruling_replaced"]
    message.refresh_from_db()
    assert message.status == "APPROVED"


def test_ruling_after_the_end_of_the_text_closes_the_case(room, alice, ana):
    message = say(alice, room, "HOLD this")
    case = case_of(message)
    Message.objects.filter(pk=message.pk).update(status="REMOVED")

    with pytest.raises(CaseSuperseded):
        make_ruling(actor_id=ana.id, case_id=case.id, content="allow")
    assert Case.objects.get(pk=case.pk).close_reason == "deleted"


def test_content_and_author_are_decided_in_one_act_and_undone(room, alice, ana):
    message = say(alice, room, "FLAG this")
    mute = Measure(kind=SanctionKind.MUTE, scope=MeasureScope.ROOM, term=timedelta(hours=1))

    ruling = decided(ana, message, measures=[mute], public_note="chega")

    (sanction,) = Sanction.objects.all()
    assert (sanction.user, sanction.scope_id, sanction.ruling) == (alice, room.id, ruling)
    assert sanction.public_note == "chega"
    undo(ana, ruling)
    sanction.refresh_from_db()
    assert sanction.lifted_at is not None


def test_reversal_lifts_the_sanctions(room, alice, ana):
    ban = Measure(kind=SanctionKind.BAN, scope=MeasureScope.SERVER)
    ruling = decided(ana, say(alice, room, "FLAG this"), measures=[ban])

    reverse(ana, ruling)

    assert not Sanction.objects.filter(lifted_at=None).exists()


def test_failing_sanction_stores_nothing(room, alice, ana):
    message = say(alice, room, "FLAG this")
    wrong = Measure(kind=SanctionKind.MUTE, scope=MeasureScope.ROOM, term=timedelta(0))

    with pytest.raises(Invalid):
        decided(ana, message, measures=[wrong])
    message.refresh_from_db()
    assert message.status == "APPROVED"
    assert Ruling.objects.count() == 0
    assert case_of(message).state == "open"


def test_room_moderators_do_not_decide_about_the_server(room, alice, ana):
    message = say(alice, room, "FLAG this")
    ban = Measure(kind=SanctionKind.BAN, scope=MeasureScope.SERVER)

    with pytest.raises(Forbidden):
        decided(ana, message, measures=[ban], scope_ids=[room.id])


def test_queue_limits_the_measures(room, alice, ana):
    message = say(alice, room, "FLAG this")
    Queue.objects.create(name="flags", position=1, filter={"origin": ["flag"]}, measures=["allow"])

    with pytest.raises(MeasureNotPermitted):
        decided(ana, message, "remove")
    assert decided(ana, message, "allow").content == "allow"


@pytest.mark.parametrize("end", [undo, lambda _user, ruling: reverse(make_user(), ruling)])
def test_undone_ban_gives_the_membership_back(alice, ana, end):
    room = make_room(is_private=True)
    make_member(room, role="ADMIN")
    make_member(room, user=alice, role="MODERATOR")
    ban = Measure(kind=SanctionKind.BAN, scope=MeasureScope.ROOM)
    ruling = decided(staff_of(ana), say(alice, room, "FLAG this"), measures=[ban])
    assert not Membership.objects.filter(room=room, user=alice).exists()

    end(ana, ruling)

    assert Membership.objects.get(room=room, user=alice).role == "MODERATOR"


def test_lifted_ban_gives_no_membership_back(room, alice, ana):
    ban = Measure(kind=SanctionKind.BAN, scope=MeasureScope.ROOM)
    ruling = decided(ana, say(alice, room, "FLAG this"), measures=[ban])
    lift_by_hand(
        actor_id=ana.id, scope_ids=None, sanction_id=ruling.sanctions.get().id, reason="mercy"
    )

    undo(ana, ruling)

    assert not Membership.objects.filter(room=room, user=alice).exists()


def staff_of(user):
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename="add_sanction"))
    return user
