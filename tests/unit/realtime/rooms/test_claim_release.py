"""A moderator whose last connection has closed loses their claims after a while."""

import asyncio

import pytest

from moderado.core.errors import Unavailable
from moderado.core.ids import new_id
from moderado.realtime.infra.background import BackgroundTasks
from moderado.realtime.rooms.claim_release import ClaimRelease

ANA, BIA, MEMBER = new_id(), new_id(), new_id()


class Fakes:
    """What the release asks, and what it did."""

    def __init__(self):
        self.users = {}
        self.elsewhere = [False]  # one answer a look; the last one is repeated
        self.asked = []
        self.released = []
        self.fails = False

    async def holders(self, *, user_ids):
        if self.fails:
            raise Unavailable
        self.asked.append(set(user_ids))
        return {ANA, BIA} & set(user_ids)

    async def is_elsewhere(self, _user_id):
        return self.elsewhere.pop(0) if len(self.elsewhere) > 1 else self.elsewhere[0]

    async def release(self, *, user_id, idle_seconds):
        assert idle_seconds >= 0
        self.released.append(user_id)
        return 1


def outcome(*left, fakes=None, **fields):
    """Let users leave, and wait until it was looked at."""
    fakes = fakes or Fakes()
    vars(fakes).update(fields)

    async def run():
        tasks = BackgroundTasks()
        release = ClaimRelease(
            users=fakes.users,
            holders=fakes.holders,
            is_elsewhere=fakes.is_elsewhere,
            release=fakes.release,
            start=tasks.start,
            grace=0.001,
            rebuild=0.001,
        )
        for user_id in left:
            release.left(user_id)
        while release._is_running:
            await asyncio.sleep(0.001)
        await tasks.close()

    asyncio.run(run())
    return fakes


def test_claims_of_those_who_left_are_released_with_two_looks():
    fakes = outcome(ANA, MEMBER, BIA)

    assert set(fakes.released) == {ANA, BIA}
    assert fakes.asked[0] == {ANA, MEMBER, BIA}
    assert set().union(*fakes.asked[1:]) == {ANA, BIA}


@pytest.mark.proves("R184")
@pytest.mark.parametrize("then", [True, None])
def test_claim_stays_if_redis_had_forgotten_the_other_connection(then):
    """Redis lost everything, and another process renews its leases between the two looks."""
    assert outcome(ANA, elsewhere=[False, then]).released == []


@pytest.mark.parametrize(
    "fields", [{"users": {ANA: ["back"]}}, {"elsewhere": [True]}, {"elsewhere": [None]}]
)
def test_claim_stays_of_who_is_back_or_connected_elsewhere_or_unknown(fields):
    assert outcome(ANA, **fields).released == []


def test_outage_leaves_the_claim_to_its_lease():
    assert outcome(ANA, fails=True).released == []
