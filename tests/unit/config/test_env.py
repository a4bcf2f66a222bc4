import json
import os
import secrets
import subprocess
import sys

import pytest

from moderado.config.env import Env, Misconfigured, env

NEEDED = {
    "SECRET_KEY": secrets.token_hex(32),
    "DATABASE_URL": "postgres://me:secret-of-mine@db/chat",
    "REDIS_URL": "redis://cache/0",
}


@pytest.fixture
def read(monkeypatch):
    """Return the configuration for exactly these variables."""

    def _read(**variables):
        for name in Env.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return env.__wrapped__()

    return _read


def test_required_variables_suffice(read):
    configuration = read(**NEEDED)

    assert configuration.secure_cookies == "auto"
    assert not configuration.debug
    assert configuration.broker == configuration.layer == "redis://cache/0"


def test_no_secret_has_a_default(read):
    with pytest.raises(Misconfigured) as refused:
        read()

    for name in NEEDED:
        assert f"{name}: Field required" in str(refused.value)


def test_all_errors_are_reported_together_without_values(read):
    wrong = {
        "SECRET_KEY": "short-and-secret",
        "DATABASE_URL": "mysql://me:secret-of-mine@db/chat",
        "ALLOWED_HOSTS": "chat.example,*",
        "ALLOWED_ORIGINS": "https://app.example/path",
        "TRUSTED_PROXIES": "the proxy",
        "WEB_WORKERS": "many",
        "LIMIT_SIGN_IN_PER_ACCOUNT": "often",
    }
    with pytest.raises(Misconfigured) as refused:
        read(**NEEDED | wrong)

    told = str(refused.value)
    assert all(name in told for name in wrong)
    assert "secret" not in told.replace("SECRET_KEY", "").replace("secret_key", "")


@pytest.mark.parametrize("rest", ["db/chat?sslmod=require", "[::1/chat"])
def test_invalid_database_url_is_reported_without_its_password(read, rest):
    with pytest.raises(Misconfigured, match="DATABASE_URL: an address as libpq") as refused:
        read(**NEEDED | {"DATABASE_URL": NEEDED["DATABASE_URL"].replace("db/chat", rest)})

    assert "secret-of-mine" not in str(refused.value)


@pytest.mark.parametrize(
    "address, means",
    [
        ("postgres://me:a%40b@db/chat", {"HOST": "db", "PORT": "5432", "PASSWORD": "a@b"}),
        ("postgres://me@db:6/chat?host=%2Frun%2FA%20b", {"HOST": "/run/A b", "PORT": "6"}),
        ("postgres://me@db/chat?sslmode=require", {"HOST": "db", "NAME": "chat"}),
    ],
)
def test_database_url_means_what_libpq_means(address, means):
    code = "import json, moderado.config.settings.base as s; print(json.dumps(s.DATABASES))"
    said = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | NEEDED | {"DATABASE_URL": address},
        capture_output=True,
        text=True,
        check=True,
    )
    database = json.loads(said.stdout)["default"]

    assert database | means == database
    assert database["OPTIONS"].get("sslmode") == ("require" if "sslmode" in address else None)


def test_lists_are_comma_separated(read):
    configuration = read(**NEEDED, ALLOWED_HOSTS="chat.example, www.chat.example")

    assert configuration.allowed_hosts == ["chat.example", "www.chat.example"]


def test_worker_metrics_need_a_folder(read, tmp_path):
    with pytest.raises(Misconfigured, match="PROMETHEUS_MULTIPROC_DIR"):
        read(**NEEDED, WORKER_METRICS_PORT="9100")

    read(**NEEDED, WORKER_METRICS_PORT="9100", PROMETHEUS_MULTIPROC_DIR=str(tmp_path))


def test_empty_variable_counts_as_unset(read):
    assert read(**NEEDED, BROKER_URL="").broker == "redis://cache/0"
