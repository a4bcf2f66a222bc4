"""The folder of a standalone copy."""

import json
import stat
import subprocess
import sys

import pytest

from moderado.standalone.errors import AlreadyRunning, CannotStart
from moderado.standalone.home import LARGEST_LOG, Home, Running

HOLDER = """
import sys
from pathlib import Path
from moderado.standalone.home import Home
with Home(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""

RUNNING = Running(pid=7, url="http://127.0.0.1:8123", database_url="postgres:", redis_url="redis:")


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "a home")


@pytest.fixture
def holder(home):
    """Another process that holds the folder."""
    command = [sys.executable, "-c", HOLDER, str(home.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_secrets_are_made_once_and_for_our_eyes_only(home):
    first = home.secrets()

    assert home.secrets() == first
    assert len(first.secret_key) >= 32
    assert len(set(vars_of(first))) == 4
    assert stat.S_IMODE((home.path / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700


def test_damaged_secrets_are_told_in_one_sentence(home):
    (home.path / "secrets.json").write_text("{")

    with pytest.raises(CannotStart, match=r"secrets\.json is damaged"):
        home.secrets()


def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(CannotStart, match=r"cannot be used \(not a directory\).*MODERADO_HOME"):
        Home(tmp_path / "file" / "home")


@pytest.mark.usefixtures("holder")
def test_a_held_folder_is_refused(home):
    with pytest.raises(AlreadyRunning, match="starting or stopping"), home.lock():
        pass


@pytest.mark.usefixtures("holder")
def test_a_held_folder_says_who_holds_it(home):
    with (
        home.announced(RUNNING),
        pytest.raises(AlreadyRunning, match=r"http://127\.0\.0\.1:8123, process 7"),
        home.lock(),
    ):
        pass


def test_a_killed_holder_lets_go(home, holder):
    holder.kill()
    holder.wait()

    with home.lock():
        assert True


def test_what_a_killed_copy_announced_is_forgotten(home):
    (home.path / "running.json").write_text(json.dumps({"pid": 7}))

    with home.lock():
        assert home.running() is None


def test_an_announcement_lasts_as_long_as_its_block(home):
    with home.announced(RUNNING):
        assert home.running() == RUNNING
    assert home.running() is None


def test_a_log_that_grew_too_long_begins_anew(home):
    path = home.path / "logs" / "postgres.log"
    path.write_bytes(b"x" * (LARGEST_LOG + 1))

    with home.log("postgres") as log:
        log.write(b"new")

    assert path.read_bytes() == b"new"


def vars_of(secrets):
    return [getattr(secrets, name) for name in secrets.__slots__]
