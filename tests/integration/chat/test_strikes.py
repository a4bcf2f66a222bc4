"""Strikes of an author in conditions: the points that thresholds compare, read where asked."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from moderado.chat.services import facts
from moderado.chat.services.verdicts import content_of
from moderado.enforcement.models import Sanction
from moderado.moderation.policies.conditions import condition
from tests.factories import make_member, make_message, make_room

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R115")]


@pytest.fixture
def message():
    room = make_room()
    return make_message(room, author=make_member(room).user, text="bom dia")


@pytest.fixture
def strike(message):
    """Give the author of the message a strike in its room."""

    def give(**fields):
        given = {
            "user": message.author, "kind": "strike", "reason": "hate", "weight": 1,
            "policy_name": "house", "scope_id": message.room_id,
        }  # fmt: skip
        return Sanction.objects.create(**{**given, **fields})

    return give


def facts_of(message, monkeypatch, source="author.strikes > 1"):
    monkeypatch.setattr(facts, "reads", lambda _: condition(source).reads)
    (content,) = facts.with_costly_facts([content_of(message)], [message])
    return content


def test_condition_reads_points_that_count_in_the_room(message, strike, monkeypatch):
    now = timezone.now()
    strike(weight=2, ends_at=now + timedelta(days=1))
    strike(weight=1)
    strike(weight=9, lifted_at=now)
    strike(weight=9, ends_at=now - timedelta(seconds=1))
    strike(weight=9, scope_id=make_room().id)
    strike(weight=9, user=make_member(make_room()).user)
    strike(kind="mute", weight=None)
    make_message(message.room, author=message.author, status="REJECTED")

    content = facts_of(message, monkeypatch)

    assert content.author.strikes == 3
    assert condition("author.strikes > 2")(content, ())


def test_points_of_another_policy_or_scope_are_another_sum(message, strike, monkeypatch):
    strike(weight=2)
    strike(weight=3, policy_name="strict")
    strike(weight=4, scope_id=None)
    assert facts_of(message, monkeypatch).author.strikes == 4


def test_strikes_cost_one_statement_and_only_where_a_condition_reads_them(
    message, strike, monkeypatch
):
    strike()
    with CaptureQueriesContext(connection) as asked:
        assert facts_of(message, monkeypatch).author.strikes == 1
    with CaptureQueriesContext(connection) as unasked:
        assert facts_of(message, monkeypatch, "author.age_days < 1").author.strikes == 0
    assert len(asked) == len(unasked) + 1
