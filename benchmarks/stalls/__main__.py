"""`make stalls`: how long a web process does not answer while one client attacks it.

`DURATION=5` is the duration of each attack in seconds, and `ATTACK=pings` selects those whose names
contain it.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.harness import machine
from benchmarks.harness.figures import percentile
from benchmarks.stacks.base import ROOT
from benchmarks.stalls.attacks import ATTACKS
from benchmarks.stalls.server import Server, running

MIB = 1024 * 1024
SETTLE = 0.5  # seconds before and after an attack in which the probe already asks
SAMPLE = 0.05  # seconds between two readings of the memory


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of the probes during one attack, in milliseconds, and of the web process's memory."""

    slowest: float
    p99: float
    probes: int
    grown: float  # MiB, at most

    def __str__(self) -> str:
        return f"{self.slowest:,.0f} | {self.p99:,.1f} | {self.probes} | {self.grown:+.0f}"


def main() -> int:
    seconds = float(os.environ.get("DURATION") or 5)
    wanted = os.environ.get("ATTACK") or ""
    print(f"Commit {machine.commit()}, load average {os.getloadavg()[0]:.1f}\n")
    print("| attack | slowest /livez, ms | p99, ms | probes | memory, MiB |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    with running() as server:
        for name in (each for each in ATTACKS if wanted in each):
            print(f"| {name} | {_measure(server, name, seconds)} |", flush=True)
    return 0


def _measure(server: Server, name: str, seconds: float) -> Outcome:
    before = peak = server.memory()
    probe = _start("probe", str(server.port))
    time.sleep(SETTLE)
    attack = _start("attacks", name, server.url, server.token, str(seconds))
    while attack.poll() is None:
        peak = max(peak, server.memory())
        time.sleep(SAMPLE)
    attack.communicate()
    time.sleep(SETTLE)
    output, _ = probe.communicate()
    samples = [sample * 1000 for sample in json.loads(output)]
    return Outcome(max(samples), percentile(samples, 0.99), len(samples), (peak - before) / MIB)


def _start(module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", f"benchmarks.stalls.{module}", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


if __name__ == "__main__":
    sys.exit(main())
