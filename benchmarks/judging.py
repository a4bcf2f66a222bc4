"""Measure the judge for other systems over HTTP: `python -m benchmarks.judging`.

The server's only web process is bound to one core, and the clients to another. All figures come
from one run; those in the process are the same texts without HTTP.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.harness import machine
from benchmarks.harness.figures import percentile
from benchmarks.harness.proc import snapshot
from benchmarks.harness.texts import text_of
from benchmarks.stacks.base import ROOT
from benchmarks.stalls.server import Server, running

BATCH = 32
BATCHES = 150  # of one client in one round
SINGLES = 600
CLIENTS = 4
LONG = 4_000  # characters
HEAVY = 40  # heavy requests of one client
PATH = "/v1/moderations"
# Texts that cost more than others: masked words, separated letters, many hits.
COSTLY = ("p*a ", "p.u.t.a ", "idiota ", "p0rr4 ")


def main() -> int:
    for whom in ("ACCOUNT", "ADDRESS"):
        os.environ[f"LIMIT_JUDGE_PER_{whom}"] = "1000000/minute"
    rounds = int(os.environ.get("ROUNDS") or 3)
    print(f"Commit {machine.commit()}, load average {os.getloadavg()[0]:.1f}, {rounds} rounds\n")
    with running() as server:
        key = _key(server)
        _bind(server.web, 0)
        _bind(os.getpid(), 1)
        _batches(server, key, 20)  # fills caches
        inside = [_inside() for _ in range(rounds)]
        spent = _spent(server.web)
        one = [_batches(server, key, BATCHES) for _ in range(rounds)]
        batched = rounds * BATCHES * BATCH / (_spent(server.web) - spent)
        four = [_together(server, key) for _ in range(rounds)]
        spent = _spent(server.web)
        singles = [sorted(_singles(server, key)) for _ in range(rounds)]
        each = (_spent(server.web) - spent) / (SINGLES * rounds)
        quiet, busy = _stalls(server, key, heavy=False), _stalls(server, key, heavy=True)
    print("| | |\n| --- | --- |")
    print(f"| in the process, texts for each second of CPU | {statistics.median(inside):,.0f} |")
    print(f"| batches of {BATCH}, one client, texts/s | {statistics.median(one):,.0f} |")
    print(f"| batches of {BATCH}, {CLIENTS} clients, texts/s | {statistics.median(four):,.0f} |")
    print(f"| the same, texts for each second of the web process's CPU | {batched:,.0f} |")
    for share in (0.5, 0.99):
        value = statistics.median(percentile(times, share) for times in singles)
        print(f"| one text, p{share * 100:.0f}, ms | {value * 1000:.2f} |")
    print(f"| one text, CPU of the web process, ms | {each * 1000:.2f} |")
    print(f"| /livez, idle: p99, slowest, ms | {quiet} |")
    print(f"| /livez, {CLIENTS} clients with {BATCH} x {LONG} characters | {busy} |")
    return 0


def _spent(process: int) -> float:
    """Return the seconds of CPU that a process has used."""
    return snapshot()[process].own


def _key(server: Server) -> str:
    command = [sys.executable, "-m", "moderado.standalone", "keys", "create", "benchmark"]
    environment = {**os.environ, "MODERADO_HOME": server.home}
    made = subprocess.run(command, env=environment, check=True, capture_output=True, cwd=ROOT)
    return made.stdout.decode().split()[0]


def _bind(process: int, core: int) -> None:
    for thread in Path(f"/proc/{process}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


class Client:
    """One connection that is kept open."""

    def __init__(self, server: Server, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def ask(self, given: str | list[str]) -> int:
        body = json.dumps({"input": given}, ensure_ascii=False).encode()
        self._connection.request("POST", PATH, body, self._headers)
        response = self._connection.getresponse()
        response.read()
        return response.status


def _batches(server: Server, key: str, number: int) -> float:
    client = Client(server, key)
    texts = [[text_of(batch * BATCH + each) for each in range(BATCH)] for batch in range(number)]
    began = time.perf_counter()
    for batch in texts:
        assert client.ask(batch) == 200
    return number * BATCH / (time.perf_counter() - began)


def _together(server: Server, key: str) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda _: _batches(server, key, BATCHES // 2), range(CLIENTS)))
    return CLIENTS * (BATCHES // 2) * BATCH / (time.perf_counter() - began)


def _singles(server: Server, key: str) -> list[float]:
    client, samples = Client(server, key), []
    for number in range(SINGLES):
        began = time.perf_counter()
        assert client.ask(text_of(number)) == 200
        samples.append(time.perf_counter() - began)
    return samples


def _inside() -> float:
    """Judge the texts of `_batches` in a process of its own, without HTTP."""
    program = (
        "import os, sys, time, django; django.setup()\n"
        "from moderado.moderation.services.judging import judge_texts\n"
        "from moderado.moderation.services.policy_lookup import CONFIGURED\n"
        "from benchmarks.harness.texts import text_of\n"
        "os.sched_setaffinity(0, {0})\n"
        "batches, size = int(sys.argv[1]), int(sys.argv[2])\n"
        "texts = [[text_of(b * size + n) for n in range(size)] for b in range(batches)]\n"
        "judge_texts(texts[0], policy=CONFIGURED)\n"
        "began = time.process_time()\n"
        "for batch in texts: judge_texts(batch, policy=CONFIGURED)\n"
        "print(batches * size / (time.process_time() - began))\n"
    )
    tools = {
        "SECRET_KEY": "for-tools-that-start-no-engine-and-never-serve-anything-to-anybody",
        "DATABASE_URL": "postgres://none@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "DJANGO_SETTINGS_MODULE": "moderado.config.settings.web",
    }
    command = [sys.executable, "-c", program, str(BATCHES), str(BATCH)]
    done = subprocess.run(
        command, env={**os.environ, **tools}, check=True, capture_output=True, cwd=ROOT
    )
    return float(done.stdout)


def _stalls(server: Server, key: str, *, heavy: bool) -> str:
    command = [sys.executable, "-m", "benchmarks.stalls.probe", str(server.port)]
    probe = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if heavy:
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda number: _heavy(server, key, number), range(CLIENTS)))
    else:
        time.sleep(3)
    output, _ = probe.communicate()
    samples = sorted(sample * 1000 for sample in json.loads(output))
    return f"{percentile(samples, 0.99):.1f}, {samples[-1]:.1f}"


def _heavy(server: Server, key: str, number: int) -> None:
    client, text = Client(server, key), (COSTLY[number % len(COSTLY)] * LONG)[:LONG]
    for _ in range(HEAVY):
        assert client.ask([text] * BATCH) in (200, 429, 503)


if __name__ == "__main__":
    sys.exit(main())
