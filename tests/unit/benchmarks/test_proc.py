"""What the kernel says of processes, as the benchmarks read it."""

import os
import subprocess
import sys
import time

import pytest

from benchmarks.harness.proc import (
    TICKS,
    Meter,
    Stat,
    cpu_of,
    parse_pss,
    parse_stat,
    pss_of,
    snapshot,
    tree,
)

LINE = "42 ({name}) S 7 42 42 0 -1 4194560 1 2 0 0 {u} {s} {cu} {cs} 20 0 1 0 100 0 0 0"
BURN = "import time; began = time.process_time()\nwhile time.process_time() < began + 0.2: pass"


@pytest.mark.parametrize("name", ["python", "postgres: io worker", "odd) name (", ""])
def test_a_line_is_read_whatever_the_process_is_called(name):
    line = LINE.format(name=name, u=3 * TICKS, s=TICKS, cu=5 * TICKS, cs=2 * TICKS)

    assert parse_stat(line) == Stat(pid=42, parent=7, own=4.0, buried=7.0)


def test_the_share_of_shared_pages_is_read_in_bytes():
    text = "00400000-7ff [rollup]\nRss:     9000 kB\nPss:     1200 kB\nPss_Anon:  1000 kB\n"

    assert parse_pss(text) == 1200 * 1024
    assert parse_pss("") == 0


def test_a_tree_is_a_process_and_all_below_it():
    parents = {1: 0, 2: 1, 3: 2, 9: 0}
    stats = {pid: Stat(pid, parent, own=1.0, buried=0.0) for pid, parent in parents.items()}

    assert sorted(tree(1, stats)) == [1, 2, 3]
    assert list(tree(5, stats)) == []


def test_the_cost_of_a_tree_has_that_of_its_dead():
    stats = {1: Stat(1, 0, own=1.0, buried=4.0), 2: Stat(2, 1, own=2.0, buried=0.5)}

    assert cpu_of(1, stats) == 7.5


def test_what_a_child_has_used_is_counted_while_it_lives_and_after_it_died():
    meter = Meter(lambda: {"us": os.getpid()})
    before = meter.read()
    with subprocess.Popen([sys.executable, "-c", f"{BURN}\ninput()"], stdin=-1) as child:
        deadline = time.monotonic() + 30
        while (living := before.until(meter.read())).cpu < 0.2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        child.communicate(b"\n")
    dead = before.until(meter.read())

    assert dead.groups["us"] >= living.groups["us"]
    assert dead.seconds > living.seconds
    assert living.load_share < 1  # waiting for a child is no work of the load's


def test_this_very_process_has_memory_and_a_parent():
    assert pss_of(os.getpid()) > 1_000_000
    assert snapshot()[os.getpid()].parent == os.getppid()


def test_a_process_that_is_gone_costs_nothing():
    assert pss_of(2**22 + 1) == 0
