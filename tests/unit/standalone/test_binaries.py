"""Search for the engines' programs."""

import pytest

from moderado.standalone import binaries
from moderado.standalone.errors import CannotStart


@pytest.fixture
def no_wheels(monkeypatch):
    monkeypatch.setattr(binaries, "find_spec", lambda _name: None)


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """Make an empty folder the whole PATH; return a function that puts programs into it."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(name, says=""):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{says}'\n")
        program.chmod(0o755)
        return program

    return put


@pytest.mark.usefixtures("no_wheels")
def test_programs_on_path_are_used_without_wheel(on_path):
    initdb, postgres = (
        on_path("initdb"),
        on_path("postgres", "postgres (PostgreSQL) 17.6 (Debian 17.6-1)"),
    )

    found = binaries.postgres_programs()

    assert (found.initdb, found.postgres, found.major()) == (initdb, postgres, 17)
    assert not found.has_contrib


@pytest.mark.usefixtures("no_wheels")
def test_old_postgres_is_refused(on_path):
    on_path("initdb")
    on_path("postgres", "postgres (PostgreSQL) 15.4")

    with pytest.raises(CannotStart, match="is PostgreSQL 15; 17 or newer is needed"):
        binaries.postgres_programs()


@pytest.mark.usefixtures("no_wheels")
@pytest.mark.parametrize("name", ["valkey-server", "redis-server"])
def test_redis_server_replaces_valkey(on_path, name):
    program = on_path(name)

    assert binaries.valkey_program() == program


@pytest.mark.usefixtures("no_wheels", "on_path")
@pytest.mark.parametrize(
    "find, variable",
    [(binaries.postgres_programs, "DATABASE_URL"), (binaries.valkey_program, "REDIS_URL")],
)
def test_missing_program_error_names_the_variable(find, variable):
    with pytest.raises(CannotStart, match=variable):
        find()
