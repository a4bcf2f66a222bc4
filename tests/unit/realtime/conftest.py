"""Fixtures that several folders of tests share."""

import pytest

from tests.unit.realtime.transport.fake_transport import FakeTransport


@pytest.fixture(params=["queued", "direct"])
async def transport(request) -> FakeTransport:
    return FakeTransport(direct=request.param == "direct")
