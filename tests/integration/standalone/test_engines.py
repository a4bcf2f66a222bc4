"""The embedded engines: real ones, each test on a folder of its own."""

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

MASTER = """
import json, sys
from pathlib import Path
from moderado.standalone.home import Home
from moderado.standalone.engines import engines
with engines(Home(Path(sys.argv[1]))) as found:
    pids = [process.pid for process in found.processes.values()]
    print(json.dumps({"pids": pids, "url": found.database_url}), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "a home")


@pytest.fixture
def own_engines(monkeypatch):
    """The environment names none."""
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")


def test_what_was_committed_is_there_after_the_server_was_killed(home):
    with postgres(home) as (url, server):
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE said AS SELECT 'olá' AS text")
        server.kill()
        server.wait()

    with postgres(home) as (url, _), psycopg.connect(url) as connection:
        assert connection.execute("SELECT text FROM said").fetchone() == ("olá",)


def test_the_server_keeps_what_it_promises(home):
    with postgres(home) as (url, _), psycopg.connect(url) as connection:
        shown = [
            connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0]
            for name in ("fsync", "synchronous_commit", "full_page_writes", "server_encoding")
        ]
        assert shown == ["on", "on", "on", "UTF8"]


def test_the_server_asks_for_a_password(home):
    with postgres(home) as (url, _), pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace(home.secrets().postgres_password, "guessed"))


def reached_from(url):
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT host(inet_client_addr())").fetchone()[0]


def test_the_server_is_reached_by_a_socket_in_its_folder_and_by_tcp_as_well(home):
    with postgres(home, durable=False) as (url, _):
        assert reached_from(url) is None
        assert reached_from(url.partition("?")[0]) == "127.0.0.1"
    assert not list((home.path / "pg").glob(".s.PGSQL*"))


def test_where_no_socket_can_be_the_server_is_reached_by_tcp(tmp_path):
    with postgres(Home(tmp_path / ("long" * 25)), durable=False) as (url, _):
        assert reached_from(url) == "127.0.0.1"


def test_sockets_of_servers_that_were_killed_do_not_pile_up(home):
    for _ in range(2):
        with postgres(home, durable=False) as (url, server):
            assert reached_from(url) is None
            assert len([each for each in (home.path / "pg").iterdir() if each.is_socket()]) == 1
            server.kill()
            server.wait()


def test_a_database_that_was_only_half_made_is_made_again(home):
    draft = home.path / "pg.init"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")

    with postgres(home, durable=False) as (url, _), psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_folder_that_is_no_database_is_told_in_one_sentence(home):
    (home.path / "pg").mkdir()

    with pytest.raises(CannotStart, match="is not a whole database: move it away"), postgres(home):
        pass


def test_a_database_of_another_version_is_told_in_one_sentence(home):
    (home.path / "pg").mkdir()
    (home.path / "pg" / "PG_VERSION").write_text("9\n")

    with pytest.raises(CannotStart, match="was made by PostgreSQL 9"), postgres(home):
        pass


def test_valkey_keeps_its_keys_and_evicts_none(home):
    with valkey(home) as (url, _), redis.Redis.from_url(url) as client:
        client.set("said", "olá")
        assert client.info("memory")["maxmemory_policy"] == "noeviction"

    with valkey(home) as (url, _), redis.Redis.from_url(url, decode_responses=True) as client:
        assert client.get("said") == "olá"


def test_valkey_asks_for_a_password(home):
    with valkey(home) as (url, _):
        stranger = redis.Redis.from_url(url.replace(home.secrets().valkey_password, "guessed"))
        with stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()


def test_engines_that_are_named_are_taken_as_they_are(home, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/name")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/3")

    with engines(home) as found:
        assert found.database_url == "postgres://elsewhere/name"
        assert found.redis_url == "redis://elsewhere/3"
        assert found.processes == {}


@pytest.mark.usefixtures("own_engines")
def test_engines_do_not_outlive_a_killed_master_and_start_again(home):
    master = subprocess.Popen(
        [sys.executable, "-c", MASTER, str(home.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with master:
        pids = json.loads(master.stdout.readline())["pids"]
        assert all(map(is_running, pids))

        master.kill()

    wait_until(lambda: not any(map(is_running, pids)), what="both are gone", seconds=5)
    with engines(home) as found, psycopg.connect(found.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_server_without_a_master_makes_room_for_ours(home):
    with postgres(home) as (_, orphan), postgres(home) as (url, server):
        assert orphan.wait(timeout=5) == 0
        assert server.pid != orphan.pid
        psycopg.connect(url).close()
