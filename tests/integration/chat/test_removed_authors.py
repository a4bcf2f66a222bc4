"""Messages and edits that wait when their author is removed or deactivated."""

import pytest

from moderado.accounts.services.accounts import deactivate
from moderado.chat.events import AuthorNotified, Notice
from moderado.chat.models import Message, Removal
from moderado.chat.selectors.feed import settled
from moderado.chat.services import claims, screening
from moderado.chat.services.memberships import (
    add_participant,
    join_room,
    leave_room,
    remove_participant,
)
from moderado.chat.services.removing import delete_message
from moderado.chat.services.rooms import delete_room
from moderado.core.events import publish
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.types import Outcome
from tests.factories import make_member, make_room
from tests.integration.chat.steps import age, edit, judge, post, rule

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R59")]


@pytest.fixture
def pending_of_removed(settings):
    def change(value):
        settings.ENV = settings.ENV.model_copy(update={"pending_of_removed": value})

    return change


@pytest.fixture(autouse=True)
def _administrator(room):
    make_member(room, role="ADMIN")


def remove(user, room):
    remove_participant(actor_id=None, room_id=room.id, user_id=user.id)


def deactivate_account(user, _):
    deactivate(user_id=user.id)


def ban_from_the_server(user, _):
    apply_sanction(
        actor_id=None, user_id=user.id, kind="ban", scope_id=None, term=None, reason="spam"
    )


ENDS = [remove, deactivate_account, ban_from_the_server]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("text", ["bom dia", "FLAG this", "HOLD this"])
def test_waiting_message_is_not_published_by_default(alice, room, end, text, published):
    message = post(alice, room, text)
    end(alice, room)
    published.clear()

    judge(message)

    assert (message.status, message.reason, message.seq) == ("REJECTED", "author_removed", 0)
    line = ModerationLog.objects.get(subject_id=message.id)
    assert (line.verdict, line.decided_by) == ("BLOCK", "author_removed")
    assert not Case.objects.exists()
    (notice,) = [each for each in published if isinstance(each, AuthorNotified)]
    assert (notice.notice, notice.view.reason) == (Notice.REJECTED, "author_removed")
    assert notice.view.explanation


@pytest.mark.parametrize("end", ENDS)
def test_waiting_edit_is_not_published_by_default(alice, room, end):
    message = post(alice, room)
    judge(message)
    edit(message, "boa tarde")
    end(alice, room)

    judge(message)

    assert (message.text, message.status, message.seq) == ("bom dia", "APPROVED", 1)
    assert (message.edit_status, message.edit_reason) == ("REJECTED", "author_removed")


@pytest.mark.parametrize("end", ENDS)
def test_setting_leaves_it_to_the_moderators(alice, room, end, pending_of_removed):
    pending_of_removed("hold")
    message = post(alice, room)
    end(alice, room)

    judge(message)

    assert (message.status, message.reason) == ("HELD", "author_removed")
    assert Case.objects.get(state="open").subject_id == message.id


@pytest.mark.parametrize("end", ENDS)
def test_setting_publishes_it(alice, room, end, pending_of_removed):
    pending_of_removed("publish")
    message, blocked = post(alice, room), post(alice, room, "BLOCK this")
    end(alice, room)

    judge(message, blocked)

    assert (message.status, blocked.status) == ("APPROVED", "REJECTED")


@pytest.mark.parametrize("setting", ["hold", "publish"])
def test_verdict_that_blocks_stays_a_block(alice, room, pending_of_removed, setting):
    pending_of_removed(setting)
    message = post(alice, room, "BLOCK this")
    remove(alice, room)

    judge(message)

    assert (message.status, message.reason) == ("REJECTED", "policy")


def test_message_of_somebody_who_left_is_published(alice, room):
    message = post(alice, room)
    leave_room(user_id=alice.id, room_id=room.id)

    judge(message)

    assert message.status == "APPROVED"


@pytest.mark.parametrize("rejoin", ["join", "added"])
def test_message_of_somebody_who_is_back_is_published(alice, room, rejoin):
    message = post(alice, room)
    remove(alice, room)
    if rejoin == "join":
        join_room(user_id=alice.id, room_id=room.id)
    else:
        add_participant(actor_id=None, room_id=room.id, user_id=alice.id)

    judge(message)

    assert message.status == "APPROVED"
    assert not Removal.objects.exists()


def test_message_withheld_before_its_author_came_back_stays_withheld(alice, room):
    message = post(alice, room)
    remove(alice, room)
    judge(message)
    join_room(user_id=alice.id, room_id=room.id)

    judge(message)

    assert message.status == "REJECTED"
    edit(message, "bom dia, de novo")
    judge(message)
    assert message.status == "APPROVED"


def test_messages_of_others_and_in_other_rooms_are_judged_as_ever(alice, bob, room):
    elsewhere = make_member(make_room(), user=alice).room
    others = [post(bob, room), post(alice, elsewhere)]
    remove(alice, room)

    judge(*others)

    assert [message.status for message in others] == ["APPROVED", "APPROVED"]


def test_visible_text_is_judged_as_ever(alice):
    room = make_room(moderation_mode="post")
    make_member(room, user=alice)
    make_member(room, role="ADMIN")
    message = post(alice, room)
    remove(alice, room)

    judge(message)

    assert (message.status, message.queued_at) == ("APPROVED", None)


@pytest.mark.parametrize("text", ["bom dia", "HOLD this"])
def test_message_in_a_deleted_room_is_not_published_and_opens_no_case(alice, room, text):
    message = post(alice, room, text)
    delete_room(actor_id=None, room_id=room.id)

    judge(message)

    assert (message.status, message.reason, message.seq) == ("REJECTED", "room_deleted", 0)
    assert not Case.objects.exists()


@pytest.mark.parametrize("attempts", [0, claims.MAX_ATTEMPTS])
def test_sweep_does_not_publish_it_either(alice, room, attempts):
    message = post(alice, room)
    remove(alice, room)
    Message.objects.update(attempts=attempts)
    age(seconds=60)

    screening.sweep()

    message.refresh_from_db()
    assert (message.status, message.reason) == ("REJECTED", "author_removed")


def take_down(message, moderator):
    rule(message, Outcome.BLOCK)


def remove_message(message, moderator):
    delete_message(actor_id=moderator.id, message_id=message.id)


def refuse_edit(message, moderator):
    judge(message)


def find_again(message, moderator):
    """What the periodic check of a web process finds."""
    judge(message)
    (notice,) = settled([message.id])
    publish(notice)


@pytest.mark.proves("S43")
@pytest.mark.parametrize("decide", [take_down, remove_message, refuse_edit, find_again])
def test_notice_of_a_refusal_does_not_count_what_others_did(
    heard, django_capture_on_commit_callbacks, decide
):
    room = make_room(is_private=True)
    moderator = make_member(room, role="MODERATOR").user
    make_member(room, role="ADMIN")
    author = make_member(room).user
    message = post(author, room)
    judge(message)
    if decide not in {take_down, remove_message}:
        edit(message, "BLOCK this")
    remove(author, room)
    heard.clear()

    with django_capture_on_commit_callbacks(execute=True):
        decide(message, moderator)

    notices = [each for each in heard if isinstance(each, AuthorNotified)]
    assert {(each.notice, each.view.seq, each.view.position) for each in notices} == {
        (Notice.REJECTED, 0, 0)
    }
