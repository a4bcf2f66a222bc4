"""How often moderators' frames are made: rarely where that takes long."""

import asyncio
import selectors
from uuid import uuid4

import pytest

from moderado.moderation.events import CaseChange, CaseStep
from moderado.realtime.infra.background import BackgroundTasks
from moderado.realtime.pubsub.envelope import CasesHint
from moderado.realtime.rooms.case_notices import CaseNotices
from moderado.realtime.rooms.staff_notices import MAX_PAUSE, SHARE

DELAY = 0.5


class FastClock(asyncio.SelectorEventLoop):
    """An event loop that does not wait: its clock goes on instead."""

    def __init__(self):
        super().__init__(_Selector(self))
        self.now = 1_000.0

    def time(self):
        return self.now


class _Selector(selectors.SelectSelector):
    def __init__(self, loop):
        super().__init__()
        self._loop = loop

    def select(self, timeout=None):
        self._loop.now += timeout or 0
        return super().select(0)


def opened():
    return CaseChange(
        step=CaseStep.OPENED, case_id=uuid4(), scope_id=None, author_id=None, origin="report"
    )


def looks(*at, takes):
    """Return when looks begin, in seconds, if cases change `at` these times."""
    begun = []

    async def readers(**_whom):
        begun.append(asyncio.get_running_loop().time() - 1_000)
        await asyncio.sleep(takes)
        return {}

    async def run():
        tasks = BackgroundTasks()
        notices = CaseNotices(users={}, readers=readers, start=tasks.start, delay=DELAY)
        for time in at:
            await asyncio.sleep(1_000 + time - asyncio.get_running_loop().time())
            notices.receive(CasesHint(changes=(opened(),)))
        await asyncio.sleep(2 * MAX_PAUSE)
        await tasks.close()

    with asyncio.Runner(loop_factory=FastClock) as runner:
        runner.run(run())
    return [round(each, 3) for each in begun]


def test_changes_are_collected_for_a_moment():
    assert looks(0, 0.1, 0.4, takes=0.01) == [DELAY]


@pytest.mark.proves("R191")
def test_looks_take_a_share_of_the_time():
    first_ends = DELAY + 0.4

    assert looks(0, 0.6, 1, takes=0.4) == [DELAY, round(first_ends + 0.4 / SHARE, 3)]


@pytest.mark.proves("R191")
def test_pause_counts_from_the_last_look_and_has_an_end():
    assert looks(0, 1, takes=0.1) == [DELAY, 1 + DELAY]
    assert looks(0, 1, takes=4)[1] == DELAY + 4 + MAX_PAUSE


@pytest.mark.proves("R305")
def test_fault_with_some_changes_does_not_keep_later_ones_waiting():
    seen = []

    async def readers(*, changes, **_whom):
        seen.append(len(changes))
        if len(seen) == 1:
            notices.receive(CasesHint(changes=(opened(),)))  # while the first look fails
            raise TypeError("a fault")
        return {}

    async def run():
        notices.receive(CasesHint(changes=(opened(), opened())))
        await asyncio.sleep(2 * MAX_PAUSE)
        await tasks.close()

    tasks = BackgroundTasks()
    notices = CaseNotices(users={}, readers=readers, start=tasks.start, delay=DELAY)
    loop = FastClock()
    try:
        loop.run_until_complete(run())
    finally:
        loop.close()

    assert seen == [2, 1]
