"""Secrets of the production composition: generated once; a given one wins; one reader a file."""

import os
import stat
from urllib.parse import unquote, urlsplit

import pytest

from deploy import make_secrets
from moderado.config.env import Env
from moderado.config.secret_key import weakness

pytestmark = pytest.mark.proves("S53")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "kept").mkdir()
    return tmp_path


def test_missing_secrets_are_generated_once(root):
    first = make_secrets.kept(root, {})

    assert make_secrets.kept(root, {"SECRET_KEY": ""}) == first
    assert len(set(first.values())) == len(make_secrets.MADE)
    assert all(len(value) >= 48 for value in first.values())
    assert weakness(first["SECRET_KEY"]) is None
    for name in first:
        mode = (root / "kept" / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o400


def test_given_secret_wins_and_is_kept(root):
    make_secrets.kept(root, {})
    given = {"POSTGRES_PASSWORD": "given"}

    assert make_secrets.kept(root, given)["POSTGRES_PASSWORD"] == "given"
    assert make_secrets.kept(root, {})["POSTGRES_PASSWORD"] == "given"


def test_rotation_replaces_only_what_it_names(root):
    before = make_secrets.kept(root, {})
    after = make_secrets.kept(root, {}, ("REDIS_PASSWORD",))

    assert {name for name in before if before[name] != after[name]} == {"REDIS_PASSWORD"}


def test_owners_password_is_in_no_file_of_the_server(root):
    known = make_secrets.kept(root, {})
    files = make_secrets.files(known)

    for path, (content, reader) in files.items():
        holds_owners = known["POSTGRES_PASSWORD"] in content
        assert holds_owners == path.startswith("owner/")
        assert reader in {make_secrets.SERVER, make_secrets.POSTGRES, make_secrets.REDIS}
    for path, (_, reader) in files.items():
        if path.startswith("server/"):
            assert reader == make_secrets.SERVER


def test_server_reads_its_settings_from_the_files(root, monkeypatch):
    odd = {"POSTGRES_APPLICATION_PASSWORD": "a b/c@d:e?%", "REDIS_PASSWORD": 'x"y\\z/@'}
    known = make_secrets.kept(root, odd)
    for path, (content, _) in make_secrets.files(known).items():
        (root / path).parent.mkdir(exist_ok=True)
        make_secrets.write(root / path, content, os.geteuid())
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "")  # as in .env.example

    env = Env(_secrets_dir=[str(root / "server")])

    assert env.secret_key.get_secret_value() == known["SECRET_KEY"]
    database = urlsplit(env.database_url.get_secret_value())
    assert unquote(database.password) == "a b/c@d:e?%"
    assert unquote(urlsplit(env.broker).password) == 'x"y\\z/@'
    assert env.database_owner_url is None
