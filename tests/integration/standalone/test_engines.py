"""The embedded engines: real servers, a new folder for each test."""

import json
import subprocess
import sys

import psycopg
import pytest
import redis

from moderado.standalone.engines import engines
from moderado.standalone.errors import CannotStart
from moderado.standalone.home import Home
from moderado.standalone.postgres import postgres
from moderado.standalone.valkey import valkey
from tests.processes import is_running, wait_until

pytestmark = pytest.mark.slow

PARENT = """
import json, sys
from pathlib import Path
from moderado.standalone.home import Home
from moderado.standalone.engines import engines
with engines(Home(Path(sys.argv[1]))) as found:
    pids = [engine.process.pid for engine in found.embedded]
    print(json.dumps({"pids": pids, "url": found.database_owner_url}), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "a home")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """The folder of a server that was made, which takes half of a test's time, and stopped."""
    home = Home(tmp_path_factory.mktemp("made") / "a home")
    with postgres(home, durable=False):
        pass
    return home.path


@pytest.fixture
def made_home(stopped, tmp_path):
    """A home of its own with a whole database."""
    copied = tmp_path / "a home"
    subprocess.run(["cp", "-a", str(stopped), str(copied)], check=True)  # owners and modes too
    return Home(copied)


@pytest.fixture
def own_engines(monkeypatch):
    """Remove the external engines from the environment."""
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")


def test_commit_survives_kill_of_server(made_home):
    with postgres(made_home) as server:
        with psycopg.connect(server.owner_url) as connection:
            connection.execute("CREATE TABLE said AS SELECT 'olá' AS text")
        server.process.kill()
        server.process.wait()

    with postgres(made_home) as server, psycopg.connect(server.owner_url) as connection:
        assert connection.execute("SELECT text FROM said").fetchone() == ("olá",)


def test_server_runs_with_durable_settings(made_home):
    with postgres(made_home) as server, psycopg.connect(server.owner_url) as connection:
        shown = [
            connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0]
            for name in ("fsync", "synchronous_commit", "full_page_writes", "server_encoding")
        ]
        assert shown == ["on", "on", "on", "UTF8"]


def test_postgres_requires_a_password(made_home):
    with postgres(made_home) as server, pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.owner_url.replace(made_home.secrets().postgres_password, "guessed"))


def client_address(url):
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT host(inet_client_addr())").fetchone()[0]


def test_server_accepts_unix_socket_and_tcp(made_home):
    with postgres(made_home, durable=False) as server:
        assert client_address(server.owner_url) is None
        assert client_address(server.owner_url.partition("?")[0]) == "127.0.0.1"
    assert not list((made_home.path / "pg").glob(".s.PGSQL*"))


def test_url_uses_tcp_if_socket_path_is_too_long(tmp_path):
    with postgres(Home(tmp_path / ("long" * 25)), durable=False) as server:
        assert client_address(server.owner_url) == "127.0.0.1"


def test_sockets_of_killed_servers_are_removed(made_home):
    folder = made_home.path / "pg"
    for _ in range(2):
        with postgres(made_home, durable=False) as server:
            assert client_address(server.owner_url) is None
            assert len([each for each in folder.iterdir() if each.is_socket()]) == 1
            server.process.kill()
            server.process.wait()


def test_interrupted_initdb_is_repeated(home):
    draft = home.path / "pg.init"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")

    with postgres(home, durable=False) as server, psycopg.connect(server.owner_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_folder_without_database_raises_cannot_start(home):
    (home.path / "pg").mkdir()

    with pytest.raises(CannotStart, match="is not a whole database: move it away"), postgres(home):
        pass


def test_database_of_other_version_raises_cannot_start(home):
    (home.path / "pg").mkdir()
    (home.path / "pg" / "PG_VERSION").write_text("9\n")

    with pytest.raises(CannotStart, match="was made by PostgreSQL 9"), postgres(home):
        pass


def test_valkey_persists_keys_and_evicts_none(home):
    with valkey(home) as server, redis.Redis.from_url(server.url) as client:
        client.set("said", "olá")
        assert client.info("memory")["maxmemory_policy"] == "noeviction"

    with valkey(home) as server, redis.Redis.from_url(server.url, decode_responses=True) as client:
        assert client.get("said") == "olá"


def test_valkey_requires_a_password(home):
    with valkey(home) as server:
        client = redis.Redis.from_url(server.url.replace(home.secrets().valkey_password, "guessed"))
        with client, pytest.raises(redis.AuthenticationError):
            client.ping()


def test_external_engines_are_used_unchanged(home, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/name")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/3")

    with engines(home) as found:
        assert found.database_url == "postgres://elsewhere/name"
        assert found.redis_url == "redis://elsewhere/3"
        assert found.embedded == []


@pytest.mark.usefixtures("own_engines")
def test_engines_die_with_killed_parent_and_restart(home):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(home.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with parent:
        pids = json.loads(parent.stdout.readline())["pids"]
        assert all(map(is_running, pids))

        parent.kill()

    wait_until(lambda: not any(map(is_running, pids)), what="both are gone", seconds=5)
    with engines(home) as found, psycopg.connect(found.database_owner_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_orphaned_server_is_stopped(made_home):
    with postgres(made_home) as orphan, postgres(made_home) as server:
        assert orphan.process.wait(timeout=5) == 0
        assert server.process.pid != orphan.process.pid
        psycopg.connect(server.owner_url).close()
