"""Which texts of messages moderation can read again."""

import uuid

import pytest

from moderado.moderation.services.subject_texts import texts_of
from tests.factories import make_message

pytestmark = pytest.mark.django_db


def test_text_and_waiting_edit_are_found_by_their_revisions(django_assert_num_queries):
    plain = make_message(text="bom dia")
    edited = make_message(
        text="first", revision=1, edit_revision=2, edit_text="second", edit_status="PENDING"
    )
    asked = [
        ("message", plain.id, 1),
        ("message", plain.id, 2),  # was replaced
        ("message", edited.id, 1),
        ("message", edited.id, 2),
        ("message", uuid.uuid4(), 1),
    ]

    with django_assert_num_queries(1):
        found = texts_of(asked)

    assert found == {asked[0]: "bom dia", asked[2]: "first", asked[3]: "second"}


def test_erased_text_is_not_found():
    erased = make_message(text="", status="REMOVED")

    assert texts_of([("message", erased.id, 1)]) == {}
