"""Deletion: tombstones, and messages that wait."""

import pytest

from moderado.chat.services.removing import delete_message
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
