"""No file of the repository holds a secret, and the search for them finds some where there are."""

import pytest

from scripts.check_secrets import ROOT, main, secrets_in, tracked

pytestmark = pytest.mark.proves("S41")

DIGITS, LETTERS = "0123456789", "AbCdEfGhIjKlMnOpQrStUvWxYz"
# Put together here, so that this file holds none.
SECRETS = [
    "-----BEGIN " + "RSA PRIVATE KEY-----",
    "-----BEGIN " + "PRIVATE KEY-----",
    "aws = 'AKIA" + "ABCDEFGHIJ234567'",
    "token: ghp_" + LETTERS + DIGITS,
    "xoxb-" + DIGITS + "-abc",
    "eyJhbGciOi" + "JIUzI1NiJ9.eyJ" + LETTERS + "." + LETTERS,
    "DATABASE_URL=postgres://chat:hunter2" + "@db7.internal.net:5432/chat",
    "redis://:hunter2" + "@10.0.0.7/0",
    "SECRET_KEY=" + "q7" + LETTERS,
    'api_key = "' + "q7" + LETTERS + '"',
]
HARMLESS = [
    "DATABASE_URL=postgres://user:password@host:port/name",
    "postgres://nobody@127.0.0.1:1/none",
    "redis://:secret@localhost:6379/0",
    'SECRET_KEY = "tests-tests-tests-tests-tests-tests"',
    "token = secrets.token_urlsafe(32)",
    "postgres://moderado:${POSTGRES_PASSWORD}@postgres:5432/moderado",
]


@pytest.mark.rules
def test_repository_contains_no_secret():
    assert len(tracked()) > 300
    assert (ROOT / "pyproject.toml").name in tracked()
    assert main([]) == 0


@pytest.mark.parametrize("line", SECRETS)
def test_secret_is_found_and_not_printed(line):
    (told,) = secrets_in("file.py", f"first\n{line}\n")

    assert told.startswith("file.py:2: ")
    assert line not in told


@pytest.mark.parametrize("path", [".env", "deploy/tls/server.key", "id_ed25519", "a/b.pem"])
def test_secret_file_is_found_by_its_name(path):
    assert list(secrets_in(path, ""))


@pytest.mark.parametrize("line", HARMLESS)
def test_placeholders_are_no_secrets(line):
    assert not list(secrets_in("file.py", line))
