"""`moderado up` from an empty folder to a working chat, and its end."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.processes import is_running, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

SECONDS_TO_BE_READY = 120  # seconds; the machine may be busy
SECONDS_TO_STOP = 30
OURS = ("DATABASE_URL", "REDIS_URL", "STATIC_ROOT", "SECRET_KEY", "ALLOW_VOLATILE_DATABASE")


class Copy:
    """A running standalone instance."""

    def __init__(self, process: "subprocess.Popen[str]", ready: dict) -> None:
        self.process = process
        self.url = ready["url"]
        self.people = ready["people"]

    def family(self) -> list[int]:
        """Return the process ids of the instance and of everything it started."""
        children: dict[int, list[int]] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
        found = [self.process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    @contextmanager
    def signed_in(self) -> Iterator[httpx.Client]:
        """Sign in as Alice by REST."""
        with httpx.Client(base_url=self.url, timeout=30) as client:
            account = next(person for person in self.people if person["email"].startswith("alice"))
            answer = client.post("/api/auth/login/", json=account)
            assert answer.status_code == 200, answer.text
            client.headers["Authorization"] = f"Bearer {answer.json()['access']}"
            yield client

    def stop(self) -> int:
        """Stop the instance by SIGTERM; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=SECONDS_TO_STOP)
        return self.process.returncode


def environment(home: Path, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in OURS}
    return inherited | {"MODERADO_HOME": str(home), "PORT": str(port), "LOG_FORMAT": "json"}


def moderado(*arguments: str, home: Path, port: int = 1) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "moderado.standalone", *arguments],
        env=environment(home, port),
        capture_output=True,
        text=True,
        timeout=SECONDS_TO_BE_READY,
        check=False,
    )


@contextmanager
def up(home: Path, port: int) -> Iterator[Copy]:
    """Run `moderado up` until the block ends; it is ready then, and leaves no process behind."""
    process = subprocess.Popen(
        [sys.executable, "-m", "moderado.standalone", "up"],
        env=environment(home, port),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Copy(process, _ready(process))
    finally:
        process.kill()
        process.communicate()


def _ready(process: "subprocess.Popen[str]") -> dict:
    said = []
    for line in process.stdout:
        said.append(line)
        fact = json.loads(line)  # with LOG_FORMAT=json every line is JSON
        if fact["event"] == "standalone_ready":
            return fact
    raise AssertionError(f"it ended:\n{''.join(said)}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("up") / "a home"


@pytest.fixture(scope="module")
def copy(home):
    """A running instance, beside the other tests' servers."""
    with up(home, free_port()) as running:
        yield running


def test_data_survives_the_instance_and_no_process_does(tmp_path):
    with up(tmp_path, free_port()) as copy:
        with copy.signed_in() as alice:
            room = alice.post("/api/chat/rooms/", json={"name": "Depois"}).json()["id"]
        stopped = copy.family()
        assert len(stopped) > 8
        assert copy.stop() == 0
    assert not [pid for pid in stopped if is_running(pid)]

    with up(tmp_path, free_port()) as copy:
        with copy.signed_in() as alice:
            assert alice.get(f"/api/chat/rooms/{room}/").json()["name"] == "Depois"
        killed = copy.family()
        copy.process.kill()
    wait_until(
        lambda: not any(is_running(pid) for pid in killed), what="all of it is gone", seconds=5
    )


def test_message_is_judged(copy):
    with copy.signed_in() as alice:
        rooms = alice.get("/api/chat/rooms/").json()["results"]
        messages = f"/api/chat/rooms/{rooms[0]['id']}/messages/"
        answer = alice.post(messages, json={"content": "Olá a todos"})
        assert (answer.status_code, answer.json()["status"]) == (202, "PENDING")

        def approved() -> bool:
            newest = alice.get(messages).json()["results"][0]
            return newest["id"] == answer.json()["id"] and newest["status"] == "APPROVED"

        wait_until(approved, what="the worker judged it")


def test_second_instance_in_same_folder_is_refused(copy, home):
    second = moderado("up", home=home)

    assert second.returncode == 1
    assert f"A copy already runs on {home} ({copy.url}" in second.stderr
    assert "Traceback" not in second.stderr


def test_commands_find_engines_of_the_running_instance(copy, home):
    counted = moderado(
        "manage", "shell", "-v0", "-c",
        "from moderado.accounts.models import User; print(User.objects.count())",
        home=home,
    )  # fmt: skip

    assert counted.stdout.split()[-1:] == ["3"], counted.stderr


def test_port_in_use_is_reported_in_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = moderado("up", home=tmp_path, port=taken.getsockname()[1])

    assert refused.returncode == 1
    assert "Cannot listen on 127.0.0.1:" in refused.stderr
    assert "PORT=8123 make up" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_incomplete_database_is_reported_in_one_sentence(tmp_path):
    (tmp_path / "pg").mkdir()

    refused = moderado("up", home=tmp_path, port=free_port())

    assert refused.returncode == 1
    assert "is not a whole database: move it away" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_invalid_setting_is_reported_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("WEB_WORKERS", "many")

    refused = moderado("up", home=tmp_path, port=free_port())

    assert refused.returncode == 1
    assert "WEB_WORKERS" in refused.stderr
    assert "Traceback" not in refused.stderr
