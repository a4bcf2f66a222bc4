"""The folder of a standalone instance."""

import json
import stat
import subprocess
import sys
from dataclasses import asdict

import pytest

from moderado.standalone.errors import AlreadyRunning, CannotStart
from moderado.standalone.home import MAX_LOG_SIZE, Home, RunningInstance, write_private_json

HOLDER = """
import sys
from dataclasses import asdict
from pathlib import Path
from moderado.standalone.home import Home
with Home(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""

RUNNING = RunningInstance(
    pid=7,
    url="http://127.0.0.1:8123",
    database_url="postgres:",
    database_owner_url="postgres:",
    redis_url="redis:",
)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "a home")


@pytest.fixture
def holder(home):
    """Another process that holds the lock of the folder."""
    command = [sys.executable, "-c", HOLDER, str(home.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_secrets_are_generated_once_with_mode_0600(home):
    first = home.secrets()

    assert home.secrets() == first
    assert len(first.secret_key) >= 32
    assert len(set(vars_of(first))) == 5
    assert stat.S_IMODE((home.path / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700


def test_secret_that_an_earlier_version_lacks_is_added(home):
    first = home.secrets()
    earlier = asdict(first)
    del earlier["application_password"]
    write_private_json(home.path / "secrets.json", earlier)

    completed = home.secrets()

    assert asdict(completed).items() >= earlier.items()
    assert len(completed.application_password) >= 24
    assert home.secrets() == completed


def test_damaged_secrets_raise_cannot_start(home):
    (home.path / "secrets.json").write_text("{")

    with pytest.raises(CannotStart, match=r"secrets\.json is damaged"):
        home.secrets()


def test_folder_that_cannot_be_created_raises_cannot_start(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(CannotStart, match=r"cannot be used \(not a directory\).*MODERADO_HOME"):
        Home(tmp_path / "file" / "home")


@pytest.mark.usefixtures("holder")
def test_locked_folder_is_refused(home):
    with pytest.raises(AlreadyRunning, match="starting or stopping"), home.lock():
        pass


@pytest.mark.usefixtures("holder")
def test_lock_error_names_the_holder(home):
    with (
        home.published(RUNNING),
        pytest.raises(AlreadyRunning, match=r"http://127\.0\.0\.1:8123, process 7"),
        home.lock(),
    ):
        pass


def test_lock_is_released_when_holder_is_killed(home, holder):
    holder.kill()
    holder.wait()

    with home.lock():
        assert True


def test_lock_removes_file_of_killed_instance(home):
    (home.path / "running.json").write_text(json.dumps({"pid": 7}))

    with home.lock():
        assert home.running() is None


def test_published_instance_is_removed_after_block(home):
    with home.published(RUNNING):
        assert home.running() == RUNNING
    assert home.running() is None


def test_log_beyond_limit_is_truncated(home):
    path = home.path / "logs" / "postgres.log"
    path.write_bytes(b"x" * (MAX_LOG_SIZE + 1))

    with home.log("postgres") as log:
        log.write(b"new")

    assert path.read_bytes() == b"new"


def vars_of(secrets):
    return [getattr(secrets, name) for name in secrets.__slots__]
