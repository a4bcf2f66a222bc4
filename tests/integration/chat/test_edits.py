"""Edits: where the new text waits, and what a refused one leaves."""

import pytest

from moderado.chat.events import RoomsChanged
from moderado.chat.models import Revision, Room
from moderado.chat.services.removing import delete_message
from moderado.moderation.models import ModerationLog
from tests.factories import make_room
from tests.integration.chat.steps import edit, judge, post
from tests.providers import Obedient

pytestmark = pytest.mark.django_db


def test_edit_of_hidden_message_replaces_its_text(alice, room):
    message = post(alice, room, "BLOCK this")
    judge(message)

    edit(message, "better words")

    assert (message.text, message.revision, message.status) == ("better words", 2, "PENDING")
    assert Revision.objects.get().text == "BLOCK this"
    judge(message)
    assert (message.status, message.seq) == ("APPROVED", 1)


def test_edit_of_visible_message_waits_beside_it(alice, room):
    message = post(alice, room)
    judge(message)

    view = edit(message, "boa tarde")

    assert (message.text, message.status, message.edit_status) == ("bom dia", "APPROVED", "PENDING")
    assert (view.content, view.edit.content, view.edit.revision) == ("bom dia", "boa tarde", 2)
    judge(message)
    assert (message.text, message.revision, message.edit_status) == ("boa tarde", 2, None)
    assert (message.position, message.seq) == (1, 2)
    assert [r.text for r in Revision.objects.all()] == ["bom dia"]


@pytest.mark.parametrize(("word", "status"), [("BLOCK", "REJECTED"), ("HOLD", "HELD")])
def test_refused_edit_leaves_the_visible_text(
    alice, room, word, status, heard, django_capture_on_commit_callbacks
):
    message = post(alice, room)
    judge(message)
    with django_capture_on_commit_callbacks(execute=True):
        edit(message, f"{word} this")
        judge(message)

    assert (message.text, message.status, message.seq) == ("bom dia", "APPROVED", 1)
    assert message.edit_status == status
    assert heard[-1].view.edit.status == status
    assert heard[-1].view.content == "bom dia"
    assert not [event for event in heard if isinstance(event, RoomsChanged)]


def test_edit_after_a_refused_one_has_its_own_number(alice, room):
    message = post(alice, room)
    judge(message)
    edit(message, "BLOCK this")
    judge(message)

    edit(message, "boa noite")
    judge(message)

    assert (message.text, message.revision) == ("boa noite", 3)
    revisions = ModerationLog.objects.filter(subject_id=message.id)
    assert sorted(revisions.values_list("revision", flat=True)) == [1, 2, 3]


def test_post_mode_reverts_a_blocked_edit(alice):
    room = make_room(moderation_mode="post")
    message = post(alice, room)
    judge(message)
    edit(message, "BLOCK this")
    assert (message.text, message.status) == ("BLOCK this", "APPROVED")

    judge(message)

    assert (message.text, message.revision, message.status) == ("bom dia", 1, "APPROVED")
    assert (message.edit_text, message.edit_status) == ("BLOCK this", "REJECTED")
    edit(message, "third")
    assert message.revision == 3


def test_post_mode_judges_an_unjudged_text_after_a_revert(alice):
    room = make_room(moderation_mode="post")
    message = post(alice, room, "BLOCK first")
    edit(message, "BLOCK second")

    judge(message)

    assert (message.seq, message.status) == (4, "REJECTED")
    judged = ModerationLog.objects.filter(subject_id=message.id).values_list("revision", flat=True)
    assert sorted(judged) == [1, 2]


def test_every_replaced_text_is_kept_for_moderators(alice):
    message = post(alice, make_room(moderation_mode="post"), "BLOCK first")
    for text in ("BLOCK second", "BLOCK third"):
        edit(message, text)
    judge(message)
    delete_message(actor_id=alice.id, message_id=message.id)
    message.refresh_from_db()

    kept = set(message.revisions.values_list("text", flat=True))
    assert {message.text} | kept == {"BLOCK first", "BLOCK second", "BLOCK third"}


def test_edit_after_two_reverts_has_its_own_number(alice):
    message = post(alice, make_room(moderation_mode="post"), "BLOCK first")
    for text in ("BLOCK second", "BLOCK third"):
        edit(message, text)
    judge(message)

    edit(message, "fourth")

    assert message.revision == 4
    assert sorted(message.revisions.values_list("revision", flat=True)) == [1, 2, 3]


def test_visible_unjudged_text_is_judged_after_its_edit_was_refused(alice):
    room = make_room(moderation_mode="post")
    message = post(alice, room, "BLOCK first")
    Room.objects.update(moderation_mode="pre")
    edit(message, "BLOCK second")

    judge(message)

    assert (message.text, message.status) == ("BLOCK first", "REJECTED")
    assert (message.edit_text, message.edit_status) == ("BLOCK second", "REJECTED")
    assert sorted(Obedient.asked) == ["BLOCK first", "BLOCK second"]


def test_visible_judged_text_is_not_judged_again_after_its_edit_was_refused(alice, room):
    message = post(alice, room)
    judge(message)
    edit(message, "BLOCK this")

    judge(message)

    assert (message.status, message.queued_at) == ("APPROVED", None)
    assert Obedient.asked == ["bom dia", "BLOCK this"]


def test_reverted_text_is_in_one_place(alice):
    message = post(alice, make_room(moderation_mode="post"))
    judge(message)
    edit(message, "BLOCK this")

    judge(message)

    assert message.revision == 1
    assert not message.revisions.exists()
