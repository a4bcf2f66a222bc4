"""Reading CPU and memory of processes from /proc."""

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
def test_stat_is_parsed_with_any_process_name(name):
    line = LINE.format(name=name, u=3 * TICKS, s=TICKS, cu=5 * TICKS, cs=2 * TICKS)

    assert parse_stat(line) == Stat(pid=42, parent=7, own=4.0, reaped=7.0)


def test_pss_is_parsed_in_bytes():
    text = "00400000-7ff [rollup]\nRss:     9000 kB\nPss:     1200 kB\nPss_Anon:  1000 kB\n"

    assert parse_pss(text) == 1200 * 1024
    assert parse_pss("") == 0


def test_tree_contains_all_descendants():
    parents = {1: 0, 2: 1, 3: 2, 9: 0}
    stats = {pid: Stat(pid, parent, own=1.0, reaped=0.0) for pid, parent in parents.items()}

    assert sorted(tree(1, stats)) == [1, 2, 3]
    assert list(tree(5, stats)) == []


def test_cpu_of_tree_includes_reaped_children():
    stats = {1: Stat(1, 0, own=1.0, reaped=4.0), 2: Stat(2, 1, own=2.0, reaped=0.5)}

    assert cpu_of(1, stats) == 7.5


def test_cpu_of_child_is_counted_before_and_after_its_end():
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
    assert living.load_share < 1  # waiting for a child uses no CPU


def test_own_process_has_memory_and_parent():
    assert pss_of(os.getpid()) > 1_000_000
    assert snapshot()[os.getpid()].parent == os.getppid()


def test_pss_of_missing_process_is_zero():
    assert pss_of(2**22 + 1) == 0
