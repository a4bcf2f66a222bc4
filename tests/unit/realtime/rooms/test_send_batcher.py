"""What is sent while a commit is under way shares the next one, and waits for nothing else."""

import asyncio
from uuid import uuid4

import pytest

from moderado.chat.services.batches import SendRequest
from moderado.core.errors import Invalid, Unavailable
from moderado.realtime.rooms import send_batcher


class Commits:
    """Stands in for the database: each commit ends when it is told to."""

    def __init__(self):
        self.begun = []
        self.ends = []
        self.alone = []

    async def together(self, asked):
        end = asyncio.get_running_loop().create_future()
        self.begun.append([each.text for each in asked])
        self.ends.append(end)
        outcome = await end
        return [outcome(each) for each in asked] if callable(outcome) else outcome

    async def end(self, number, outcome):
        """End the commit of that number, as soon as it has begun."""
        await self.has_begun(number)
        self.ends[number].set_result(outcome)

    async def has_begun(self, number):
        while len(self.begun) <= number:
            await asyncio.sleep(0)

    async def one(self, *, text, **_others):
        self.alone.append(text)
        return f"alone {text}"


@pytest.fixture
def commits(monkeypatch):
    commits = Commits()
    monkeypatch.setattr(send_batcher, "post_messages", commits.together)
    monkeypatch.setattr(send_batcher, "post_message", commits.one)
    return commits


@pytest.fixture
async def post():
    tasks = []

    def run(work):
        tasks.append(asyncio.create_task(work))

    pump = send_batcher.SendBatcher(hub=None, subscriptions=None, start=run)

    async def begin(text):
        asked = SendRequest(author_id=uuid4(), room_id=uuid4(), text=text, client_id=None)
        sent = asyncio.create_task(pump.post(asked))
        tasks.append(sent)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return sent

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def said(asked):
    return f"stored {asked.text}"


async def test_who_comes_alone_is_stored_at_once(post, commits):
    sent = await post("one")
    assert commits.begun == [["one"]]

    commits.ends[0].set_result(said)

    assert await sent == "stored one"


async def test_what_comes_during_a_commit_shares_the_next_one(post, commits):
    sent = [await post(text) for text in ("one", "two", "three")]
    assert commits.begun == [["one"]]

    commits.ends[0].set_result(said)
    assert await sent[0] == "stored one"
    await commits.end(1, said)

    assert await asyncio.gather(*sent[1:]) == ["stored two", "stored three"]
    assert commits.begun == [["one"], ["two", "three"]]


async def test_in_a_crowd_a_moment_is_waited_for_those_who_are_about_to_come(
    post, commits, monkeypatch
):
    monkeypatch.setattr(send_batcher, "BATCH_DELAY", 0.3)
    for text in ("one", "two", "three"):
        await post(text)
    await commits.end(0, said)
    await commits.has_begun(1)
    await post("four")
    await commits.end(1, said)
    await post("five")

    await commits.end(2, said)

    assert commits.begun == [["one"], ["two", "three"], ["four", "five"]]


async def test_who_has_company_enough_waits_for_no_more(post, commits, monkeypatch):
    monkeypatch.setattr(send_batcher, "BATCH_DELAY", 3_600)
    monkeypatch.setattr(send_batcher, "BATCH_TARGET", 2)
    await post("one")
    for text in ("two", "three"):
        await post(text)
    await commits.end(0, said)
    await commits.has_begun(1)
    await post("four")
    await post("five")

    await commits.end(1, said)
    await commits.has_begun(2)

    assert commits.begun == [["one"], ["two", "three"], ["four", "five"]]


async def test_a_commit_that_hangs_holds_up_nobody_behind_it(post, commits, monkeypatch):
    monkeypatch.setattr(send_batcher, "BATCH_TIMEOUT", 0.0)
    hanging = await post("one")
    other = await post("two")
    await commits.end(1, said)

    assert await other == "stored two"
    assert not hanging.done()


async def test_what_is_no_ordinary_case_is_posted_by_itself(post, commits):
    sent = await post("one")

    commits.ends[0].set_result([None])

    assert await sent == "alone one"


async def test_each_hears_of_its_own_mistake(post, commits):
    first = await post("one")
    bad, good = await post("two"), await post("three")
    commits.ends[0].set_result(said)
    await first
    await commits.end(1, [Invalid(), "stored three"])

    with pytest.raises(Invalid):
        await bad
    assert await good == "stored three"


async def test_without_a_database_all_are_told_to_come_again(post, commits):
    sent = await post("one")

    commits.ends[0].set_exception(Unavailable())

    with pytest.raises(Unavailable):
        await sent
    assert commits.alone == []


async def test_a_batch_that_breaks_is_stored_one_by_one(post, commits):
    sent = await post("one")

    commits.ends[0].set_exception(ValueError("a bug"))

    assert await sent == "alone one"


async def test_who_has_left_meanwhile_disturbs_nobody(post, commits):
    first = await post("one")
    gone, stays = await post("two"), await post("three")
    commits.ends[0].set_result(said)
    await first
    while len(commits.begun) < 2:
        await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    commits.ends[1].set_result(said)

    assert await stays == "stored three"
