"""Deletion: tombstones, and messages that wait."""

import pytest
from msgspec import UNSET

from moderado.chat.events import AuthorNotified, Notice
from moderado.chat.projection import own_view, public_view
from moderado.chat.services.removing import delete_message
from tests.factories import make_member
from tests.integration.chat.steps import judge, post
from tests.providers import Obedient

pytestmark = pytest.mark.django_db


def test_deleted_message_is_not_judged(alice, room):
    message = post(alice, room)

    delete_message(actor_id=alice.id, message_id=message.id)
    judge(message)

    assert (message.status, message.seq, Obedient.asked) == ("REMOVED", 0, [])


def test_deleted_visible_message_leaves_a_tombstone(alice, room):
    message = post(alice, room)
    judge(message)

    view = delete_message(actor_id=alice.id, message_id=message.id)
    again = delete_message(actor_id=alice.id, message_id=message.id)

    assert (view.content, view.status, view.seq) == ("", "REMOVED", 2)
    assert again == view


def test_author_is_told_that_a_moderator_removed_the_message(alice, room, published):
    moderator = make_member(room, role="MODERATOR").user
    message = post(alice, room)
    judge(message)
    published.clear()

    delete_message(actor_id=moderator.id, message_id=message.id)

    (notice,) = [event for event in published if isinstance(event, AuthorNotified)]
    assert (notice.author_id, notice.notice) == (alice.id, Notice.REJECTED)
    assert (notice.view.status, notice.view.reason) == ("REMOVED", "removed")
    assert notice.view.explanation
    message.refresh_from_db()
    stored = own_view(message, language="en")  # what a later sync shows
    assert (stored.reason, stored.explanation) == ("removed", "A moderator removed this message.")
    assert public_view(message).reason is UNSET


def test_author_who_deletes_gets_no_reason(alice, room):
    message = post(alice, room)
    judge(message)

    delete_message(actor_id=alice.id, message_id=message.id)

    message.refresh_from_db()
    assert own_view(message, language="en").reason is UNSET
