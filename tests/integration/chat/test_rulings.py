"""Moderators' rulings: they change the revision that they name, and no other."""

import pytest

from moderado.chat.events import AuthorNotified, Notice, RoomsChanged
from moderado.chat.projection import is_removed_by_moderator, own_view
from moderado.chat.services.removing import delete_message
from moderado.moderation.types import Outcome
from tests.factories import make_room
from tests.integration.chat.steps import edit, judge, post, rule
from tests.providers import Obedient

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("word", "outcome", "status", "seq"),
    [
        ("HOLD", Outcome.ALLOW, "APPROVED", 1),
        ("HOLD", Outcome.BLOCK, "REJECTED", 0),
        ("FLAG", Outcome.BLOCK, "REJECTED", 2),
        ("BLOCK", Outcome.ALLOW, "APPROVED", 1),
    ],
)
def test_ruling_overrides_the_verdict(alice, room, word, outcome, status, seq):
    message = post(alice, room, f"{word} this")
    judge(message)

    rule(message, outcome)

    assert (message.status, message.seq) == (status, seq)


def own(message):
    return own_view(message, language="en")


@pytest.mark.proves("R231")
def test_author_of_a_public_text_reads_that_a_ruling_removed_it(alice, room):
    message = post(alice, room)
    judge(message)

    rule(message, Outcome.BLOCK)
    rule(message, Outcome.BLOCK)

    view = own(message)
    assert (view.status, view.reason, view.appealable) == ("REJECTED", "removed", True)
    assert view.explanation == "A moderator removed this message."


@pytest.mark.proves("R231")
@pytest.mark.parametrize("was_public", [False, True])
def test_author_of_a_text_that_no_person_saw_reads_that_it_is_not_shown(alice, room, was_public):
    message = post(alice, room, "bom dia" if was_public else "HOLD this")
    judge(message)
    if was_public:
        rule(message, Outcome.BLOCK)
        edit(message, "HOLD that")
        judge(message)

    rule(message, Outcome.BLOCK)

    view = own(message)
    assert (view.status, view.reason) == ("REJECTED", "moderator")
    assert view.explanation == "A moderator decided that this message is not shown."


@pytest.mark.proves("R231")
def test_own_deletion_of_a_removed_text_is_no_deletion_by_a_moderator(alice, room):
    message = post(alice, room)
    judge(message)
    rule(message, Outcome.BLOCK)

    delete_message(actor_id=alice.id, message_id=message.id)

    message.refresh_from_db()
    assert message.status == "REMOVED"
    assert not is_removed_by_moderator(message)


def test_ruling_on_replaced_hidden_text_changes_nothing(alice, room):
    message = post(alice, room, "HOLD this")
    judge(message)
    edit(message, "new words")

    rule(message, Outcome.BLOCK, revision=1)

    assert message.status == "PENDING"


def test_allowed_held_edit_is_published(alice, room):
    message = post(alice, room)
    judge(message)
    edit(message, "HOLD this")
    judge(message)

    rule(message, Outcome.ALLOW, revision=2)

    assert (message.text, message.status, message.seq) == ("HOLD this", "APPROVED", 2)


def changes(published):
    """Every public change, as (kind, revision, content)."""
    return [
        (change.kind, change.view.revision, change.view.content)
        for event in published
        if isinstance(event, RoomsChanged)
        for room in event.rooms
        for change in room.changes
    ]


def notices(published):
    return [(e.notice, e.view.edit) for e in published if isinstance(e, AuthorNotified)]


def test_allowing_the_visible_text_leaves_its_waiting_edit_queued(alice, room):
    message = post(alice, room, "FLAG this")
    judge(message)
    edit(message, "boa tarde")

    rule(message, Outcome.ALLOW, revision=1)

    assert (message.edit_status, message.queued_at is None) == ("PENDING", False)
    judge(message)
    assert (message.text, message.revision, message.edit_status) == ("boa tarde", 2, None)


def test_blocking_the_visible_text_removes_it_and_leaves_its_waiting_edit_queued(
    alice, room, published
):
    message = post(alice, room, "FLAG this")
    judge(message)
    edit(message, "boa tarde")
    published.clear()

    rule(message, Outcome.BLOCK, revision=1)

    assert [change[0] for change in changes(published)] == ["removed"]
    assert (message.status, message.reason) == ("REJECTED", "removed")
    assert (message.edit_status, message.queued_at is None) == ("PENDING", False)


def test_edit_of_a_blocked_text_is_published_when_it_is_allowed(alice, room, published):
    message = post(alice, room, "FLAG this")
    judge(message)
    edit(message, "boa tarde")
    rule(message, Outcome.BLOCK, revision=1)
    published.clear()

    judge(message)

    assert (message.text, message.status, message.revision) == ("boa tarde", "APPROVED", 2)
    assert changes(published) == [("updated", 2, "boa tarde")]
    assert message.revisions.get().status == "REJECTED"


def test_author_of_a_blocked_text_is_notified_when_its_edit_is_blocked_too(alice, room, published):
    message = post(alice, room, "FLAG this")
    judge(message)
    edit(message, "BLOCK this")
    rule(message, Outcome.BLOCK, revision=1)
    published.clear()

    judge(message)

    assert (message.status, message.edit_status, message.queued_at) == ("REJECTED",) * 2 + (None,)
    ((notice, draft),) = notices(published)
    assert (notice, draft.status, draft.reason) == (Notice.REJECTED, "REJECTED", "policy")
    assert changes(published) == []


def test_post_mode_does_not_revert_to_a_text_that_was_blocked_since(alice, published):
    message = post(alice, make_room(moderation_mode="post"), "FLAG this")
    judge(message)
    edit(message, "BLOCK this")
    rule(message, Outcome.BLOCK, revision=1)
    published.clear()

    judge(message)

    assert (message.status, message.revision) == ("REJECTED", 2)
    assert changes(published) == [("removed", 2, "")]
    assert [notice for notice, _ in notices(published)] == [Notice.REJECTED]


def test_post_mode_reverts_to_the_newest_text_that_was_not_blocked(alice):
    message = post(alice, make_room(moderation_mode="post"), "bom dia")
    for text in ("FLAG this", "BLOCK this"):
        judge(message)
        edit(message, text)
    rule(message, Outcome.BLOCK, revision=2)

    judge(message)

    assert (message.text, message.revision, message.status) == ("bom dia", 1, "APPROVED")
    assert message.queued_at is None


def test_post_mode_does_not_judge_a_text_again_that_a_moderator_allowed(alice):
    message = post(alice, make_room(moderation_mode="post"), "FLAG this")
    judge(message)
    edit(message, "BLOCK this")
    rule(message, Outcome.ALLOW, revision=1)

    judge(message)

    assert (message.text, message.status, message.queued_at) == ("FLAG this", "APPROVED", None)
    assert Obedient.asked == ["FLAG this", "BLOCK this"]


def test_ruling_on_a_replaced_visible_text_leaves_the_new_one(alice, published):
    message = post(alice, make_room(moderation_mode="post"), "FLAG this")
    judge(message)
    edit(message, "boa tarde")
    published.clear()

    rule(message, Outcome.BLOCK, revision=1)

    assert (message.text, message.status, message.queued_at is None) == (
        "boa tarde", "APPROVED", False,
    )  # fmt: skip
    assert published == []
