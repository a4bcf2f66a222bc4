"""Frames name the wait that the `Retry-After` of REST names, for every error that has one."""

import pytest
from msgspec import UNSET

from moderado.api.errors import answer
from moderado.core.errors import ApplicationError, NotFound, RateLimited, Unavailable
from moderado.realtime.wire.errors import GoingAway, error_frame

pytestmark = pytest.mark.proves("R326")


@pytest.mark.parametrize("error", [Unavailable(), GoingAway(), RateLimited(retry_after=7)])
def test_frame_names_the_wait_of_rest(error: ApplicationError):
    response = answer(error, {})

    assert error_frame(error, "en").retry_after == int(response["Retry-After"])


def test_error_that_no_wait_changes_names_none():
    assert error_frame(NotFound(), "en").retry_after is UNSET
    assert "Retry-After" not in answer(NotFound(), {})
