"""A child process ends when its parent does."""

import signal
import subprocess
import sys

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
