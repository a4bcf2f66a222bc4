"""The model of the product: nothing gets lost in it, and what bounds the product bounds it, too."""

import json
from dataclasses import replace

import pytest

from benchmarks.simulate import costs as made_of
from benchmarks.simulate import limits, model
from benchmarks.simulate.costs import COLD, FLUSH, W2, Costs, Line, newest, read
from benchmarks.simulate.model import Setup, Site
from benchmarks.simulate.outcome import simulate
from moderado.chat.services import claims, screening
from moderado.realtime import fanout, posting

COSTS = Costs(
    store=Line(0.002, 0.0002),
    write=8e-6,
    woken=1e-5,
    call=0.001,
    look=0.0003,
    judge=Line(0.002, 0.0002),
    store_there=Line(0.0004, 0.00007),
    look_there=0.0001,
    judge_there=Line(0.001, 0.00015),
    count=Line(0.0002, 0.00002),
    cold=COLD,
)
BUSY = Setup(rate=400, rooms=7, sockets=5, cores=4, web=3, workers=3, seconds=2)


def result(day, commit, folder):
    talk = {"cpu_ms_web": 4.0, "cpu_ms_worker": 6.0, "cpu_ms_postgres": 2.6}
    crowd = {name: value / 12 for name, value in talk.items()}
    medians = {
        "w1": {"moderado": {**talk, "cpu_ms_valkey": 0.9}},
        "w2": {"moderado": {**crowd, "cpu_ms_valkey": 0.06}},
        "w3": {"moderado": {"cpu_us_web": 2.2}},
        "w3-2000": {"moderado": {"cpu_us_web": 21.0}},
    }
    path = folder / f"{day}-{commit}.json"
    path.write_text(json.dumps({"medians": medians}))
    return path


@pytest.mark.parametrize("shards", [0, 1, 3])
def test_every_message_is_stored_then_judged_and_heard_once_where_its_room_is_open(shards):
    site = Site(replace(BUSY, shards=shards, sockets=2), COSTS)

    site.run(to_the_end=True)

    assert len(site.messages) > 500
    for message in site.messages:
        assert message.said < message.stored < message.judged < message.settled
        listening = [web.number for web in site.webs if web.sockets(message.room)]
        assert sorted(message.heard) == listening
    assert sum(sum(web.stores) for web in site.webs) == len(site.messages)
    assert sum(sum(worker.batches) for worker in site.workers) == len(site.messages)


def test_the_same_seed_tells_the_same_story_and_another_one_another():
    once, again, other = (simulate(replace(BUSY, seed=seed), COSTS) for seed in (1, 1, 2))

    assert (once.waits, once.busy) == (again.waits, again.busy)
    assert once.waits != other.waits


def test_nobody_works_more_than_one_core_and_nothing_more_than_all():
    now = simulate(replace(BUSY, rate=20_000, cores=2), COSTS)

    assert 0.9 < now.busy["cores"] <= 1.01
    assert all(share <= 1.01 for share in now.busy.values())


def test_one_room_is_judged_no_faster_than_a_batch_in_the_time_its_row_is_locked():
    slow = replace(COSTS, judge_there=Line(0.03, 0))
    alone = Setup(rate=20_000, rooms=1, sockets=16, cores=64, web=16, workers=8, seconds=1)
    site = Site(alone, slow)
    site.run()
    batches = [size for worker in site.workers for size in worker.batches]
    held = site.queue.held[0] / len(batches)
    judged = sum(message.judged > 0 for message in site.messages)

    assert site.queue.held[0] <= alone.seconds + FLUSH
    assert judged / alone.seconds <= 1.1 * sum(batches) / len(batches) / held
    assert simulate(replace(alone, locks=False), slow).heard > 1.5 * simulate(alone, slow).heard


def test_commits_that_wait_for_the_disk_share_the_next():
    quick, slow = (simulate(replace(BUSY, disk=disk), COSTS) for disk in (1, 0.02))

    assert slow.heard > 0.95 * slow.said
    assert slow.batches["stored"] > quick.batches["stored"]


def test_what_ends_first_is_what_would_let_most_more_through():
    name, gain = limits.first_limit(replace(BUSY, rate=5_000, cores=1), COSTS)

    assert name == "cores"
    assert gain > 1.5


def test_what_is_enough_carries_the_load():
    setup, in_the_way = limits.enough(replace(BUSY, rate=2_000, cores=1, web=1), COSTS)

    assert simulate(setup, COSTS).is_carried
    assert setup.cores > 1
    assert not in_the_way


def test_costs_are_read_from_the_newest_whole_result(tmp_path):
    result("2026-01-02", "aaa", tmp_path)
    latest = result("2026-01-03", "000", tmp_path)
    (tmp_path / "2026-01-04-bbb.json").write_text(json.dumps({"medians": {"w2": {}}}))

    assert newest(tmp_path) == latest


def test_a_batch_as_large_as_measured_costs_what_was_measured(tmp_path):
    costs = read(result("2026-01-02", "aaa", tmp_path))

    looks = made_of.LOOKS_W2 * costs.look
    worker = (costs.judge.of(W2.judged) + looks) / W2.judged

    assert worker * 1000 == pytest.approx(6.0 / 12)
    assert costs.judge.fixed > costs.judge.each


def test_the_model_has_the_limits_and_pauses_of_the_product():
    assert (model.LARGEST, model.COMPANY_IN_WEB) == (posting.LARGEST, posting.COMPANY)
    assert (model.BATCH, model.FIRST) == (claims.BATCH, screening.FIRST)
    assert model.SLOW == screening.SLICE
    assert (model.LINGER, model.COMPANY) == (screening.LINGER, screening.COMPANY)
    assert model.PARCEL == fanout.PARCEL_LINES
