"""One table of close codes; `make check` compares the generated docs and client with it."""

import pytest

from moderado.realtime.wire import asyncapi, errors
from moderado.realtime.wire.close_codes import CLOSE_REASONS, CloseCode, Reconnect, javascript


def test_every_code_has_a_reason():
    assert CLOSE_REASONS.keys() == set(CloseCode)
    assert all(reason.meaning for reason in CLOSE_REASONS.values())


@pytest.mark.parametrize("code", list(errors._CLOSING_MESSAGES))
def test_error_frame_before_close_carries_name_of_its_code(code):
    frame = errors.closing_error(code, "en")

    assert frame.code == CLOSE_REASONS[code].name
    assert frame.message


def test_asyncapi_lists_every_code():
    description = asyncapi.document()["info"]["description"]

    for code, reason in CLOSE_REASONS.items():
        assert f"| {code:d} | `{reason.name}` | {reason.meaning} |" in description


def test_client_waits_longer_after_codes_that_say_later():
    later = [code for code, reason in CLOSE_REASONS.items() if reason.reconnect is Reconnect.LATER]

    assert later == [CloseCode.TOO_MANY_CONNECTIONS, CloseCode.FLOODING]
    assert "RECONNECT_LATER = new Set([4009, 4029])" in javascript()
