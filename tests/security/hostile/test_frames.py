"""A short version of `make fuzz`."""

import logging
from itertools import islice

import pytest

from moderado.chat.models import Message
from tests.integration.realtime.conftest import Cast, make_token
from tests.security.hostile import volleys
from tests.security.hostile.frames import Frames
from tests.security.hostile.strings import MARK

UNHINDERED = {
    "limit_frames_burst": 1_000_000,
    "limit_messages_per_user": "1000000/minute",
    "limit_messages_per_room": "1000000/minute",
}


@pytest.mark.proves("S18")
@pytest.mark.parametrize("seed", [1, 2])
async def test_each_fuzzed_frame_gets_one_answer_and_is_not_logged(
    cast: Cast, configured, caplog, seed
):
    caplog.set_level(logging.DEBUG, logger="moderado")
    configured(**UNHINDERED)
    room = await cast.room()
    token = await make_token(await cast.member(room))
    url, findings = f"{cast.url}/ws/chat/{room.id}/?token={token}", volleys.Findings()

    await volleys.fire(url, islice(Frames(seed=seed, room=room.id), 600), findings)
    await volleys.fire_too_large(url, findings)

    assert findings.violations == []
    assert findings.sent == 600
    assert await Message.objects.filter(text__contains=MARK).aexists()  # some frames were valid
    assert MARK not in caplog.text
    assert not [line for line in caplog.records if line.levelno >= logging.ERROR]


async def test_impossible_id_is_answered_as_unknown(cast: Cast):
    at_ana = await cast.join(await cast.member(room := await cast.room()), room)

    await at_ana.send("sync", after=0, pending=["a\x00", "1"])

    assert (await at_ana.next("synced"))["pending"] == {"a\x00": None, "1": None}
