"""The model of the product: nothing gets lost in it, and what bounds the product bounds it, too."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from benchmarks.simulate import limits, outcome, table, validation, web, worker
from benchmarks.simulate.__main__ import write
from benchmarks.simulate.costs import Batch, Costs, Line, awake, measured, newest, read
from benchmarks.simulate.database import Message, Waiting
from benchmarks.simulate.engine import Engine
from benchmarks.simulate.machine import Cores, Loop, Program
from benchmarks.simulate.model import Model
from benchmarks.simulate.outcome import simulate
from benchmarks.simulate.site import Doorbell, Setup
from benchmarks.simulate.table import CORE_TURN, FLUSH, W2
from moderado.chat.services import claims, screening
from moderado.config import gunicorn
from moderado.core import wire_limits
from moderado.realtime.rooms import send_batcher

COSTS = Costs(
    store=Line(0.002, 0.0002),
    hear=Line(0.00004, 0.00001),
    write=8e-6,
    woken=1e-5,
    judge=Batch(0.002, 0.00001, 0.0002),
    store_there=Line(0.0004, 0.00007),
    judge_there=Batch(0.001, 0.00005, 0.00015),
    aside=0.1,
    count=Line(0.0002, 0.00002),
    cold=dict.fromkeys(("web", "worker", "postgres", "valkey"), 1.5),
)
BUSY = Setup(rate=400, rooms=7, sockets=5, cores=4, web=3, workers=3, seconds=1.4)


def result(day, commit, folder):
    talk = {"cpu_ms_web": 4.0, "cpu_ms_worker": 6.0, "cpu_ms_postgres": 2.6}
    crowd = {name: value / 12 for name, value in talk.items()}
    backlog = {"cpu_ms_web": 0.001, "cpu_ms_worker": 0.25, "cpu_ms_postgres": 0.1}
    medians = {
        "w1": {"moderado": {**talk, "cpu_ms_valkey": 0.9, "cpu_ms": 13.5}},
        "w2": {"moderado": {**crowd, "cpu_ms_valkey": 0.06}},
        "w2-one-room": {"moderado": {**crowd, "cpu_ms_web": 0.6, "cpu_ms_valkey": 0.06}},
        "w3": {"moderado": {"cpu_us_web": 2.2}},
        "w3-2000": {"moderado": {"cpu_us_web": 21.0}},
        "w4": {"moderado": {"idle_cpu_share": 0.02}},
        "w6": {"moderado": {**backlog, "cpu_ms_valkey": 0.001, "messages_per_s": 2_500}},
    }
    path = folder / f"{day}-{commit}.json"
    path.write_text(json.dumps({"medians": medians}))
    return path


@pytest.mark.parametrize("shards", [0, 1, 3])
def test_every_message_is_stored_then_judged_and_heard_once_where_its_room_is_open(shards):
    model = Model(replace(BUSY, shards=shards, sockets=2), COSTS)

    model.run(to_the_end=True)

    assert len(model.messages) > 500
    for message in model.messages:
        assert message.said < message.stored < message.judged < message.settled
        listening = [web.number for web in model.webs if web.sockets(message.room)]
        assert sorted(message.heard) == listening
    assert sum(sum(web.stores) for web in model.webs) == len(model.messages)
    assert sum(sum(worker.batches) for worker in model.workers) == len(model.messages)


def test_the_same_seed_tells_the_same_story_and_another_one_another():
    once, again, other = (
        simulate(replace(BUSY, seconds=0.5, seed=seed), COSTS) for seed in (1, 1, 2)
    )

    assert (once.waits, once.busy) == (again.waits, again.busy)
    assert once.waits != other.waits


def test_nobody_works_more_than_one_core_and_nothing_more_than_all():
    now = simulate(replace(BUSY, rate=8_000, cores=2, seconds=0.7), COSTS)

    assert 0.9 < now.busy["cores"] <= 1.01
    assert all(share <= 1.01 for share in now.busy.values())


def test_one_room_is_judged_no_faster_than_a_batch_in_the_time_its_row_is_locked():
    slow = replace(COSTS, judge_there=Batch(0.03, 0, 0))
    alone = Setup(rate=12_000, rooms=1, sockets=16, cores=64, web=8, workers=8, seconds=1)
    model = Model(alone, slow)
    model.run()
    batches = [size for worker in model.workers for size in worker.batches]
    held = model.site.queue.held[0] / len(batches)
    judged = sum(message.judged > 0 for message in model.messages)

    assert model.site.queue.held[0] <= alone.seconds + FLUSH
    assert judged / alone.seconds <= 1.1 * sum(batches) / len(batches) / held
    assert simulate(replace(alone, locks=False), slow).heard > 1.5 * simulate(alone, slow).heard


def test_commits_that_wait_for_the_disk_share_the_next():
    quick, slow = (simulate(replace(BUSY, disk=disk), COSTS) for disk in (1, 0.02))

    assert slow.heard > 0.95 * slow.said
    assert slow.batches["stored"] > quick.batches["stored"]


@pytest.fixture
def briefly(monkeypatch):
    """An eighth of what is usually looked at."""
    monkeypatch.setattr(outcome, "TYPICAL", outcome.TYPICAL // 8)


@pytest.mark.usefixtures("briefly")
def test_what_ends_first_is_what_would_let_most_more_through():
    name, gain = limits.first_limit(replace(BUSY, rate=5_000, cores=1), COSTS)

    assert name == "cores"
    assert gain > 1.5


@pytest.mark.usefixtures("briefly")
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


def test_batches_as_large_as_measured_cost_what_was_measured(tmp_path):
    costs = read(result("2026-01-02", "aaa", tmp_path))

    writing = W2.sockets * (W2.rooms * costs.write + W2.judged * table.LINE)
    hearing = costs.hear.of(W2.judged) + writing
    web_there = costs.store.of(W2.stored) / W2.stored + hearing / W2.judged
    worker_there = costs.judge.of(W2.judged, W2.rooms) / W2.judged
    backlog = costs.judge.of(table.LARGEST, table.ROOMS_W6) / table.LARGEST
    postgres = (
        costs.store_there.of(W2.stored) / W2.stored
        + costs.judge_there.of(W2.judged, W2.rooms) / W2.judged
    )
    assert web_there * 1000 == pytest.approx(4.0 / 12, rel=0.01)
    assert worker_there * 1000 == pytest.approx(6.0 / 12)
    assert backlog * 1000 == pytest.approx(0.25)
    assert postgres * 1000 == pytest.approx(2.6 / 12)


def test_what_a_server_spends_while_nobody_talks_is_no_message_s(tmp_path):
    figures = measured(result("2026-01-02", "aaa", tmp_path))

    spent = figures["w1"]["cpu_ms"] / 1000
    assert spent - sum(awake(figures).values()) == pytest.approx(0.02 / 20)


def test_the_validation_tells_of_everything_that_was_measured(monkeypatch):
    brief = {name: replace(setup, seconds=2) for name, setup in validation.WORKLOADS.items()}
    monkeypatch.setattr(validation, "WORKLOADS", brief)
    talk = {"cpu_ms_web": 4.0, "cpu_ms_worker": 6.0, "cpu_ms_postgres": 2.6, "cpu_ms_valkey": 0.9}
    there = {"w2": {**talk, "messages_per_s": 100.0, "load_share": 0.1, "verdict_p99_ms": 9.0}}

    lines = "\n".join(validation.validated(COSTS, there))

    assert all(f"w2: {step}" in lines for step in table.STEPS_MS)
    assert "w2: messages a second" in lines
    assert "**" in lines


def test_nobody_keeps_a_core_that_others_want():
    engine = Engine(1)
    cores = Cores(engine, 1)
    long, short = Program(engine, cores), Program(engine, cores)
    done = []

    def work(program, seconds):
        yield from program.work(seconds)
        done.append(engine.now)

    engine.start(work(long, 1.0))
    engine.start(work(short, 0.001))
    engine.run()

    assert done[0] < 2 * CORE_TURN
    assert cores.busy == pytest.approx(done[1])


def test_a_thread_has_the_interpreter_once_it_has_waited_for_its_turn():
    engine = Engine(1)
    program = Program(engine, Cores(engine, 2), turn=0.001)
    loop, answered = Loop(engine, program), []

    def thread():
        yield 0.01  # the loop is at work
        yield from program.work(0.0001)
        answered.append(engine.now - 0.01)

    loop.post(0.5, lambda: answered.append(engine.now))
    engine.start(thread())
    engine.run()

    assert 0.001 <= answered[0] < 0.002
    assert answered[1] > 0.1


def test_an_event_loop_keeps_the_order():
    engine = Engine(1)
    loop, done = Loop(engine, Program(engine, Cores(engine, 1))), []

    for number in range(5):
        loop.post(0.001, lambda number=number: done.append(number))
    engine.run()

    assert done == [0, 1, 2, 3, 4]


def test_one_worker_is_called_and_those_at_the_door_hear_a_knock():
    engine, heard = Engine(1), []
    doorbell = Doorbell(engine)

    def worker_at_the_door():
        for _ in range(2):
            answer = yield from doorbell.hears_a_knock(worker_there, 0.05)
            heard.append((answer, engine.now))

    worker_there = worker_at_the_door()
    assert doorbell.press()
    engine.start(worker_there)
    engine.run(0.01)
    assert not doorbell.press()
    engine.run()

    assert [answer for answer, _ in heard] == [True, False]
    assert heard[1][1] - heard[0][1] == pytest.approx(0.05)
    doorbell.answer()
    assert doorbell.press()


def test_who_talks_in_turns_never_has_more_than_one_message_under_way():
    model = Model(Setup(rate=0, in_flight=12, rooms=4, sockets=3, web=3, seconds=1), COSTS)

    model.run(to_the_end=True)

    spans = sorted((m.room, m.author, m.said, m.settled) for m in model.messages)
    assert len({span[:2] for span in spans}) == 12
    assert len(spans) > 100
    for (*who, _, settled), (*other, said, _) in pairwise(spans):
        assert who != other or settled <= said


def test_each_room_has_a_fair_share_and_with_more_rooms_than_places_its_turn():
    waiting = Waiting(Engine(1), locks=True)
    waiting.add([Message(room, 0, 0, 0.0) for room in (1, 1, 1, 1, 1, 2, 3)])

    first, more = waiting.claim(6)
    assert ([message.room for message in first], more) == ([1, 1, 2, 3], True)
    assert [message.room for message in waiting.claim(6)[0]] == [1, 1]
    assert [message.room for message in waiting.claim(200)[0]] == [1]

    waiting.add([Message(room, 0, 0, 0.0) for room in (4, 5, 5)])
    turns = [[message.room for message in waiting.claim(1)[0]] for _ in range(5)]
    assert turns == [[], [], [], [4], [5]]  # the first three are held by others, and had theirs


def test_clients_on_the_same_cores_slow_down_what_serves_them():
    crowd = Setup(rate=0, in_flight=20, rooms=4, sockets=5, seconds=1)
    alone, shared = (simulate(replace(crowd, crowd=cost), COSTS) for cost in (0.0, 0.001))

    assert shared.heard < 0.9 * alone.heard


def test_the_model_has_the_limits_and_pauses_of_the_product():
    assert (web.LARGEST, web.ENOUGH) == (send_batcher.BATCH_MAX, send_batcher.BATCH_TARGET)
    assert web.COMPANY == send_batcher.BATCH_DELAY
    assert web.THREADS_TURN == gunicorn.THREADS_TURN
    assert (worker.BATCH, worker.FIRST) == (claims.BATCH, screening.FIRST)
    assert worker.SLOW == screening.SLICE
    assert worker.LINGER == screening.IDLE_WAIT
    assert web.PARCEL == wire_limits.MAX_BATCH_LINES


def test_a_table_is_written_between_its_marks_again_and_again(tmp_path):
    document = tmp_path / "scaling.md"
    document.write_text("before\n<!-- worth -->\nold\n<!-- /worth -->\nafter\n")

    for line in ("| 1 |", "| 2 |"):
        write(document, "newest.json", {"worth": [line]})

    text = document.read_text()
    assert text.startswith("before\n<!-- worth -->\n")
    assert text.endswith("| 2 |\n<!-- /worth -->\nafter\n")
    assert "newest.json" in text
    assert "| 1 |" not in text
    with pytest.raises(ValueError, match="scale"):
        write(document, "newest.json", {"scale": []})
