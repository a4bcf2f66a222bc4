"""A frame that the limit of new accounts refuses."""

from datetime import UTC, datetime

from moderado.core.newcomers import NewcomerLimited
from moderado.realtime.wire.errors import error_frame


def test_error_frame_says_when_the_account_is_new_no_longer():
    error = NewcomerLimited(retry_after=7, until=datetime(2026, 11, 29, 12, tzinfo=UTC))

    frame = error_frame(error, "pt-br")

    assert (frame.code, frame.retry_after) == ("newcomer_limit", 7)
    assert frame.details.until == "2026-11-29T12:00:00Z"
    assert frame.message.startswith("Sua conta é nova")
