"""Reports of texts that their authors have edited or deleted: they are judged as they were seen."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from moderado.chat.models import Message, Revision, Room
from moderado.chat.selectors.review import surroundings
from moderado.chat.services import deleted_rooms, memberships, rooms
from moderado.chat.services.erased_messages import erase_batch
from moderado.chat.services.removing import delete_message
from moderado.core.errors import NotFound
from moderado.core.ids import new_id
from moderado.enforcement.errors import CaseEscalated, OwnContent, TextReplaced
from moderado.enforcement.models import Report, Sanction
from moderado.enforcement.services import rulings as services
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.reports import report
from moderado.enforcement.types import Actor, MeasureScope, SanctionKind
from moderado.moderation.errors import CaseSuperseded
from moderado.moderation.models import Case
from tests import rulings
from tests.factories import make_member, make_room, make_staff, make_user
from tests.integration.chat.steps import edit, judge, post
from tests.integration.enforcement.steps import settle
from tests.texts import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R265")]

SEEN, LATER = "FLAG seu bobo", "bom dia"


@pytest.fixture
def reporter(room):
    return make_member(room).user


@pytest.fixture
def message(alice, room):
    return published(alice, room, SEEN)


def published(author, room, text):
    message = post(author, room, text)
    judge(message)
    return message


def replace(message, text=LATER):
    edit(message, text)
    judge(message)


def delete(message):
    delete_message(actor_id=message.author_id, message_id=message.id)


def delete_as_moderator(message):
    moderator = make_member(message.room, role="MODERATOR").user
    delete_message(actor_id=moderator.id, message_id=message.id)


def replace_and_delete(message):
    replace(message)
    delete(message)


def replace_and_hide(message):
    """The later text is blocked, so that the message shows nothing."""
    replace(message)
    rulings.rule(actor_id=make_user().id, case_id=case_of_later(message).id, outcome="BLOCK")


def case_of_later(message):
    found, _ = send(message, make_member(message.room).user, 2)
    return found.case


ESCAPES = [replace, delete, delete_as_moderator, replace_and_delete, replace_and_hide]


def send(message, reporter, revision=1):
    return report(
        reporter_id=reporter.id,
        subject_type="message",
        subject_id=message.id,
        category="harassment",
        revision=revision,
    )


def rule(case, outcome="BLOCK", **fields):
    return rulings.rule(actor_id=make_user().id, case_id=case.id, outcome=outcome, **fields)


@pytest.mark.parametrize("escape", ESCAPES)
def test_text_is_reported_as_it_was_seen(message, reporter, escape):
    escape(message)

    found, is_new = send(message, reporter)

    case = Case.objects.get(pk=found.case_id)
    assert (is_new, case.state, case.revision, text_of(case)) == (True, "open", 1, SEEN)
    assert send(message, reporter) == (found, False)


@pytest.mark.parametrize("escape", ESCAPES)
def test_open_report_survives(message, reporter, escape):
    found, _ = send(message, reporter)

    escape(message)

    found.refresh_from_db()
    case = Case.objects.get(pk=found.case_id)
    assert (found.state, case.state, text_of(case)) == ("open", "open", SEEN)


@pytest.mark.parametrize("escape", ESCAPES)
def test_ruling_sanctions_the_author_and_changes_no_other_text(message, reporter, escape):
    found, _ = send(message, reporter)
    escape(message)
    before = Message.objects.values().get(pk=message.pk)
    mute = Measure(kind=SanctionKind.MUTE, scope=MeasureScope.ROOM, term=timedelta(days=1))

    rule(found.case, measures=[mute])
    settle()

    assert Message.objects.values().get(pk=message.pk) == before
    found.refresh_from_db()
    assert (found.state, found.outcome, found.is_upheld) == ("decided", "action_taken", True)
    assert Sanction.objects.get().user_id == message.author_id


@pytest.mark.parametrize("escape", ESCAPES)
def test_blocked_text_is_held_when_it_is_posted_again(message, reporter, escape, alice):
    found, _ = send(message, reporter)
    escape(message)
    rule(found.case)

    again = published(alice, message.room, SEEN)

    again.refresh_from_db()
    assert again.status == "HELD"


@pytest.mark.parametrize("escape", [replace, delete, replace_and_delete])
@pytest.mark.parametrize("takes_back", ["undo", "reverse"])
def test_ruling_is_taken_back(message, reporter, escape, takes_back, alice):
    found, _ = send(message, reporter)
    escape(message)
    moderator = Actor(id=make_user().id, scope_ids=None)
    ruling = rulings.make_ruling(actor_id=moderator.id, case_id=found.case_id, content="remove")

    if takes_back == "undo":
        services.undo(actor=moderator, ruling_id=ruling.id)
    else:
        settle()
        services.reverse(actor=moderator, ruling_id=ruling.id, reason="mistake")
        settle()

    again = published(alice, message.room, SEEN)
    again.refresh_from_db()
    assert again.status == "APPROVED"
    case = Case.objects.get(pk=found.case_id)
    found.refresh_from_db()
    assert (case.state, found.state) == ("open", "open")
    rulings.make_ruling(actor_id=moderator.id, case_id=case.id, content="allow")
    assert Case.objects.get(pk=case.pk).state == "decided"


def test_moderators_see_what_the_text_became(message, reporter):
    found, _ = send(message, reporter)
    moderator = make_member(message.room, role="MODERATOR").user
    replace(message)

    shown = surroundings([found.case], viewer=moderator)[found.case_id]
    assert (shown.message_status, shown.is_public, shown.successor) == ("SUPERSEDED", False, LATER)

    rulings.rule(actor_id=make_user().id, case_id=case_of_later(message).id, outcome="BLOCK")
    assert surroundings([found.case], viewer=moderator)[found.case_id].successor is None


@pytest.mark.parametrize("escape", [replace, delete])
def test_case_without_a_report_ends_with_its_text(message, escape):
    case = Case.objects.get()

    escape(message)

    with pytest.raises(CaseSuperseded):
        rule(case)


def test_text_that_was_never_shown_is_not_reported(alice, room, reporter):
    held = published(alice, room, "HOLD isto")
    with pytest.raises(NotFound):
        send(held, reporter)
    replace(held)
    with pytest.raises(TextReplaced):
        send(held, reporter)
    edit(held, "HOLD aquilo")
    judge(held)
    with pytest.raises(TextReplaced):
        send(held, reporter, 3)
    delete(published(alice, room, "HOLD mais"))
    with pytest.raises(NotFound):
        send(Message.objects.latest("id"), reporter)
    assert not Case.objects.filter(origin="report").exists()


@pytest.mark.parametrize(
    ("escape", "refusal"), [(replace, TextReplaced), (delete, NotFound)], ids=["edit", "deletion"]
)
def test_time_is_bounded(message, reporter, settings, escape, refusal):
    escape(message)
    term = timedelta(hours=settings.ENV.report_replaced_hours)
    Revision.objects.update(created_at=F("created_at") - term)
    Message.objects.filter(removed_at__isnull=False).update(removed_at=F("removed_at") - term)

    with pytest.raises(refusal):
        send(message, reporter)


def test_text_that_a_ruling_blocked_is_not_reported_again(message, reporter):
    rule(Case.objects.get())
    replace(message)

    with pytest.raises(TextReplaced):
        send(message, reporter)


def test_only_readers_of_the_room_and_not_the_author_report(alice):
    room = make_room(is_private=True)
    make_member(room, user=alice)
    reader, left = make_member(room).user, make_member(room).user
    message = published(alice, room, SEEN)
    replace(message)

    with pytest.raises(NotFound):
        send(message, make_user())
    with pytest.raises(OwnContent):
        send(message, alice)
    memberships.leave_room(user_id=left.id, room_id=room.id)
    with pytest.raises(NotFound):
        send(message, left)
    assert send(message, reader)[1]


@pytest.mark.parametrize("escape", [replace, delete])
def test_erasure_of_the_author_ends_the_report(message, reporter, escape):
    found, _ = send(message, reporter)
    escape(message)

    erase_batch(author_id=message.author_id, sweep_id=new_id())

    found.refresh_from_db()
    case = Case.objects.get(pk=found.case_id)
    assert (found.state, case.close_reason, text_of(case)) == ("closed", "deleted", "")
    with pytest.raises(NotFound):
        send(message, make_member(message.room).user)
    assert Report.objects.count() == 1


def test_text_that_returns_while_its_report_is_open(alice, reporter):
    """The flag of the text was closed by the edit; its report has opened another case."""
    room = make_room(moderation_mode="post")
    make_member(room, user=reporter)
    message = published(alice, room, SEEN)
    edit(message, "BLOCK isto")
    found, _ = send(message, reporter)

    judge(message)

    message.refresh_from_db()
    assert (message.text, message.revision, message.status) == (SEEN, 1, "APPROVED")
    assert list(Case.objects.filter(state="open", revision=1)) == [found.case]
    with transaction.atomic():
        rule(found.case)
    message.refresh_from_db()
    assert message.status == "REJECTED"


@pytest.mark.proves("R269")
@pytest.mark.parametrize("escape", [None, replace, delete])
def test_deletion_of_the_room_hands_the_case_over_to_the_server(message, reporter, escape):
    found, _ = send(message, reporter)
    if escape is not None:
        escape(message)

    rooms.delete_room(actor_id=None, room_id=message.room_id)

    found.refresh_from_db()
    case = Case.objects.get(pk=found.case_id)
    assert (found.state, case.state, case.escalated_at is None) == ("open", "open", False)
    shown = surroundings([case], viewer=make_staff("view_case"))[case.id]
    assert (shown.is_public, shown.successor) == (False, None)
    assert deleted_rooms.close_left_cases() == 0
    with pytest.raises(CaseEscalated):
        rule(case, scope_ids=[message.room_id])
    rule(case)
    settle()
    found.refresh_from_db()
    assert (found.state, found.outcome) == ("decided", "action_taken")


@pytest.mark.proves("R269")
def test_case_that_an_earlier_release_left_in_a_deleted_room_is_handed_over(message, reporter):
    found, _ = send(message, reporter)
    Room.objects.filter(pk=message.room_id).update(deleted_at=Now())

    assert [deleted_rooms.close_left_cases() for _ in range(2)] == [1, 0]

    case = Case.objects.get(pk=found.case_id)
    assert (case.state, case.escalated_at is None) == ("open", False)
