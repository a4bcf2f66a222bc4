"""Strikes of an author: refused messages of the last 30 days, read where a policy asks."""

from datetime import timedelta

import pytest
from django.utils import timezone

from moderado.chat.services import facts
from moderado.chat.services.verdicts import content_of
from moderado.moderation.policies.conditions import condition
from tests.factories import make_member, make_message, make_room

pytestmark = pytest.mark.django_db


def test_condition_on_strikes_reads_refused_messages_of_the_window(monkeypatch):
    room = make_room()
    author = make_member(room).user
    now = timezone.now()
    for fields in (
        {"status": "REJECTED"},
        {"status": "APPROVED", "edit_status": "REJECTED", "edit_revision": 2, "edit_text": "x"},
        {"status": "APPROVED"},
        {"status": "REJECTED", "created_at": now - timedelta(days=31)},
    ):
        make_message(room, author=author, **fields)
    make_message(room, status="REJECTED")  # of another author
    message = make_message(room, author=author, text="bom dia")
    monkeypatch.setattr(facts, "reads", lambda _: condition("author.strikes > 1").reads)

    (content,) = facts.with_costly_facts([content_of(message)], [message])

    assert content.author.strikes == 2
    assert condition("author.strikes > 1")(content, ())


def test_strikes_of_a_busy_author_read_a_bounded_number_of_messages(monkeypatch):
    room = make_room()
    author = make_member(room).user
    monkeypatch.setattr(facts, "RECENT", 2)
    monkeypatch.setattr(facts, "reads", lambda _: frozenset({"strikes"}))
    for _ in range(3):
        message = make_message(room, author=author, status="REJECTED")

    (content,) = facts.with_costly_facts([content_of(message)], [message])

    assert content.author.strikes == 2
