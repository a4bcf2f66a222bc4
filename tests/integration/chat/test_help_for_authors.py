"""Only the author of a held text about self-harm sees where to find help."""

import pytest

from moderado.chat.projection import own_view, public_view
from moderado.realtime.wire import protocol
from moderado.realtime.wire.encode import author_frame
from tests.factories import make_message, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.proves("R94")
@pytest.mark.parametrize("language, phone", [("pt-br", "188"), ("en", "988")])
def test_author_sees_help_in_rest_and_frames_and_others_do_not(language, phone):
    message = make_message(
        text="…", status="HELD", reason="review", categories=["self_harm", "help:auto"]
    )

    view = own_view(message, language=language)
    frame = author_frame(protocol.MessageHeld, view)

    assert view.resources[0].phone == frame.resources[0].phone == phone
    assert view.categories == ("self_harm",)
    message.status = "APPROVED"
    assert not public_view(message).resources


@pytest.mark.proves("R94")
def test_help_belongs_to_the_revision_that_asked_for_it():
    message = make_message(
        text="oi",
        status="APPROVED",
        author=make_user(),
        edit_text="…",
        edit_revision=2,
        edit_status="HELD",
        edit_reason="review",
        edit_categories=["self_harm", "help:cvv"],
    )

    view = own_view(message, language="en")

    assert [line.code for line in view.edit.resources] == ["cvv"]
    assert not view.resources
