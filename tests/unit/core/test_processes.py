"""A child process ends when its parent does."""

import signal
import subprocess
import sys

import pytest

from tests.processes import is_running, wait_until

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''
from moderado.core.processes import die_with_parent
die_with_parent()
print("bound", flush=True)
import time; time.sleep(60)
'''], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def test_child_ends_with_its_killed_parent():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as it:
        child = int(it.stdout.readline())
        assert is_running(child)

        it.send_signal(signal.SIGKILL)

        wait_until(lambda: not is_running(child), what="the child is gone", seconds=3)


def test_child_ends_when_its_parent_has_already_ended():
    orphan = "from moderado.core.processes import die_with_parent; die_with_parent(parent=1 << 22)"

    ended = subprocess.run([sys.executable, "-c", orphan], check=False)

    assert ended.returncode == -signal.SIGKILL


ARENAS = """
import re, threading
from pathlib import Path
from moderado.core.processes import use_one_arena

{before}
done = threading.Event()
kept = []
def allocate():
    kept.append([bytes(2_000) for _ in range(50)])
    done.wait()
threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads:
    thread.start()
maps = Path("/proc/self/maps").read_text()
print(len(re.findall(r"^[0-9a-f]+000000-[0-9a-f]+ rw-p 00000000 00:00 0", maps, re.MULTILINE)))
done.set()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone has arenas")
def test_threads_share_one_arena():
    def arenas(before):
        program = ARENAS.format(before=before)
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
        return int(ran.stdout)

    assert arenas("") >= 4
    assert arenas("use_one_arena()") == 0
