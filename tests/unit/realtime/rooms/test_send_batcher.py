"""Messages that arrive during a commit share the next one, and wait for nothing else."""

import asyncio
from uuid import uuid4

import pytest

from moderado.chat.types import SendRequest
from moderado.core.errors import Invalid, Unavailable
from moderado.realtime.rooms.send_batcher import SendBatcher


class Commits:
    """Stands in for the database: each commit ends when the test says so."""

    def __init__(self):
        self.begun = []
        self.ends = []

    async def post_messages(self, requests):
        end = asyncio.get_running_loop().create_future()
        self.begun.append([each.text for each in requests])
        self.ends.append(end)
        outcome = await end
        return [outcome(each) for each in requests] if callable(outcome) else outcome

    async def end(self, number, outcome):
        """End the commit of that number, as soon as it has begun."""
        await self.has_begun(number)
        self.ends[number].set_result(outcome)

    async def has_begun(self, number):
        while len(self.begun) <= number:
            await asyncio.sleep(0)


@pytest.fixture
def commits():
    return Commits()


@pytest.fixture
def options():
    """What the batcher is created with, beside its defaults."""
    return {}


@pytest.fixture
async def post(commits, options):
    tasks = []

    def start(work):
        tasks.append(asyncio.create_task(work))

    batcher = SendBatcher(start=start, store=commits.post_messages, **options)

    async def begin(text):
        request = SendRequest(author_id=uuid4(), room_id=uuid4(), text=text)
        sent = asyncio.create_task(batcher.post(request))
        tasks.append(sent)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return sent

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def stored(request):
    return f"stored {request.text}"


async def test_single_message_is_stored_at_once(post, commits):
    sent = await post("one")
    assert commits.begun == [["one"]]

    commits.ends[0].set_result(stored)

    assert await sent == "stored one"


async def test_messages_that_arrive_during_a_commit_share_the_next_one(post, commits):
    sent = [await post(text) for text in ("one", "two", "three")]
    assert commits.begun == [["one"]]

    commits.ends[0].set_result(stored)
    assert await sent[0] == "stored one"
    await commits.end(1, stored)

    assert await asyncio.gather(*sent[1:]) == ["stored two", "stored three"]
    assert commits.begun == [["one"], ["two", "three"]]


@pytest.mark.parametrize("options", [{"delay": 0.3}])
async def test_after_a_shared_commit_the_next_batch_waits_for_more_messages(post, commits):
    for text in ("one", "two", "three"):
        await post(text)
    await commits.end(0, stored)
    await commits.has_begun(1)
    await post("four")
    await commits.end(1, stored)
    await post("five")

    await commits.end(2, stored)

    assert commits.begun == [["one"], ["two", "three"], ["four", "five"]]


@pytest.mark.parametrize("options", [{"delay": 3_600, "target": 2}])
async def test_batch_of_target_size_does_not_wait(post, commits):
    await post("one")
    for text in ("two", "three"):
        await post(text)
    await commits.end(0, stored)
    await commits.has_begun(1)
    await post("four")
    await post("five")

    await commits.end(1, stored)
    await commits.has_begun(2)

    assert commits.begun == [["one"], ["two", "three"], ["four", "five"]]


@pytest.mark.parametrize("options", [{"timeout": 0.0}])
async def test_slow_commit_does_not_delay_the_next_batch(post, commits):
    hanging = await post("one")
    other = await post("two")
    await commits.end(1, stored)

    assert await other == "stored two"
    assert not hanging.done()


async def test_each_message_gets_its_own_outcome(post, commits):
    first = await post("one")
    bad, good = await post("two"), await post("three")
    commits.ends[0].set_result(stored)
    await first
    await commits.end(1, [Invalid(), "stored three"])

    with pytest.raises(Invalid):
        await bad
    assert await good == "stored three"


@pytest.mark.parametrize("error", [Unavailable(), ValueError("a bug")])
async def test_failed_batch_fails_each_of_its_messages(post, commits, error):
    first = await post("one")
    others = [await post("two"), await post("three")]
    commits.ends[0].set_result(stored)
    await first
    await commits.has_begun(1)

    commits.ends[1].set_exception(error)

    for sent in others:
        with pytest.raises(type(error)):
            await sent


async def test_cancelled_sender_does_not_affect_others(post, commits):
    first = await post("one")
    gone, stays = await post("two"), await post("three")
    commits.ends[0].set_result(stored)
    await first
    while len(commits.begun) < 2:
        await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    commits.ends[1].set_result(stored)

    assert await stays == "stored three"
