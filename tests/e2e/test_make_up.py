"""`moderado up` from an empty folder to a working chat, and its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from moderado.standalone.home import Home
from moderado.standalone.postgres import postgres
from tests.processes import is_running, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

SECONDS_TO_BE_READY = 120  # seconds; the machine may be busy
SECONDS_TO_STOP = 30
OURS = ("DATABASE_URL", "REDIS_URL", "STATIC_ROOT", "SECRET_KEY", "ALLOW_VOLATILE_DATABASE")


class Copy:
    """A running standalone instance."""

    def __init__(self, process: "subprocess.Popen[str]", events: list[dict], home: Path) -> None:
        self.process = process
        self.url = events[-1]["url"]
        self.home = home
        self.events = events  # everything that it printed, the last start-up event included
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self.process.stdout as lines:
            for line in lines:
                self.events.append(json.loads(line))

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
            account = {"email": "alice@demo.example", "password": demo_password(self.home)}
            answer = client.post("/api/auth/login/", json=account)
            assert answer.status_code == 200, answer.text
            client.headers["Authorization"] = f"Bearer {answer.json()['access']}"
            yield client

    def stop(self) -> int:
        """Stop the instance by SIGTERM; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=SECONDS_TO_STOP)

    def end(self) -> None:
        """Kill the instance."""
        self.process.kill()
        self.process.wait()
        self._reader.join(timeout=SECONDS_TO_STOP)


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
    copy = None
    try:
        copy = Copy(process, _start_up(process), home)
        yield copy
    finally:
        process.kill()
        process.wait()
        if copy is None:
            process.stdout.close()
        else:
            copy.end()


def _start_up(process: "subprocess.Popen[str]") -> list[dict]:
    """Return the events until the instance is ready. Every line is JSON."""
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]["event"] == "standalone_ready":
            return events
    raise AssertionError(f"it ended: {events}")


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


@pytest.fixture(scope="module")
def started_once(tmp_path_factory):
    """The home of an instance that started from nothing and was stopped, and what it printed."""
    home = tmp_path_factory.mktemp("once")
    return home, printed("up", home=home)


@pytest.mark.long
def test_data_survives_the_instance_and_no_process_does(started_once):
    home, _ = started_once
    with up(home, free_port()) as copy:
        with copy.signed_in() as alice:
            room = alice.post("/api/chat/rooms/", json={"name": "Depois"}).json()["id"]
        stopped = copy.family()
        assert len(stopped) > 8
        assert copy.stop() == 0
    assert not [pid for pid in stopped if is_running(pid)]

    with up(home, free_port()) as copy:
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


def printed(*arguments: str, home: Path) -> str:
    """Return what the command prints for people; `up` is stopped when it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "moderado.standalone", *arguments],
        env=environment(home, free_port()) | {"LOG_FORMAT": "console"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    with process:
        for line in process.stdout:
            lines.append(line)
            if "Ready in" in line:
                process.send_signal(signal.SIGTERM)
    return "".join(lines)


def demo_password(home: Path) -> str:
    return json.loads((home / "secrets.json").read_text())["demo_password"]


@pytest.mark.long
@pytest.mark.proves("S52")
def test_demo_passwords_are_shown_once_and_again_on_request(started_once):
    home, first = started_once
    assert first.count(demo_password(home)) == 3
    again = printed("up", home=home)
    assert demo_password(home) not in again
    assert "`.venv/bin/moderado demo`" in again
    assert demo_password(home) in printed("demo", home=home)


@pytest.mark.proves("S52")
def test_demo_passwords_are_never_printed_as_json(copy, home):
    printed = json.dumps(copy.events)

    assert "alice@demo.example" in printed
    assert demo_password(home) not in printed


@pytest.mark.parametrize("command", [["createsuperuser"], ["manage", "changepassword", "ana"]])
def test_command_before_the_first_start_says_what_to_do(tmp_path, command):
    refused = moderado(*command, home=tmp_path / "none")

    assert refused.returncode == 1
    assert "run `make up` once" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.long
def test_command_before_the_migrations_says_what_to_do(tmp_path):
    with postgres(Home(tmp_path)):
        pass

    refused = moderado("createsuperuser", home=tmp_path)
    assert refused.returncode == 1
    assert "run `make up` once" in refused.stderr
    assert "Traceback" not in refused.stderr

    assert moderado("manage", "migrate", home=tmp_path).returncode == 0
    counted = moderado("manage", "dumpdata", "accounts.user", home=tmp_path)
    assert counted.stdout.strip() == "[]", counted.stderr


def test_unknown_command_is_no_traceback(tmp_path):
    refused = moderado("manage", "no_such_command", home=tmp_path)

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
