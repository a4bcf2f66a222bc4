import json
import os
import secrets
import subprocess
import sys

import pytest
from django.conf import settings

from moderado.config.env import HEADING, Env, Misconfigured, env

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
        assert f"{name}: it is required" in str(refused.value)


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
    with pytest.raises(Misconfigured, match="DATABASE_URL: an address postgres") as refused:
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


# Settings whose value may be any text.
_ANY_TEXT = {
    "email_host", "email_password", "email_user", "prometheus_multiproc_dir", "reserved_names",
    "static_root",
}  # fmt: skip
_CHECKED = sorted(Env.model_fields.keys() - _ANY_TEXT)


def _refusal(read, **variables):
    """Return what the start writes below the heading."""
    with pytest.raises(Misconfigured) as refused:
        read(**NEEDED | variables)
    heading, *lines = str(refused.value).splitlines()
    assert heading == HEADING
    return lines


@pytest.mark.proves("S119")
@pytest.mark.parametrize("value", ["not a-value!", '{"'])
def test_each_wrong_variable_is_refused_in_one_line_that_says_what_to_write(read, value):
    lines = _refusal(read, **{name.upper(): value for name in _CHECKED})

    assert [line.split(":")[0].strip() for line in lines] == [
        name.upper() for name in Env.model_fields if name in _CHECKED
    ]
    assert not [line for line in lines if "Input should" in line], "sentences of the library"


@pytest.mark.parametrize(
    "name, value, sentence",
    [
        ("WEB_WORKERS", "many", "a whole number from 1 to 64 is needed"),
        ("WEB_WORKERS", "65", "a whole number from 1 to 64 is needed"),
        ("PURGE_HOURS", "9" * 40, "a whole number from 1 to 8760 is needed"),
        ("WORKER_METRICS_PORT", "0", "a whole number from 1 to 65535 is needed"),
        ("RETENTION_MESSAGES_DAYS", "99999999", "a whole number from 0 to 36500 is needed"),
        ("AUDIT_SAMPLE", "nan", "a number from 0 to 1 is needed"),
        ("REPORT_SUSPENSION_SHARE", "0.5", "a number above 0.5 to 1 is needed"),
        ("SECURE_COOKIES", "on request", "true or false or 'auto' is needed"),
        ("MEMBER_ROOM_MODES", "all,none", "'pre', 'optimistic', 'post' or 'off' is needed"),
        ("PROVIDER_SECRETS", "{'openai': 'sk-1'}", "this is not JSON: see docs/providers.md"),
        ("MODERATION_PROVIDERS", '["a.B"]', "a JSON object is needed"),
        ("ALLOWED_HOSTS", "https://a.example", "'https://a.example' is no host: write"),
        ("ALLOWED_HOSTS", "a.example:8000", "'a.example:8000' is no host: write"),
        ("BIND", "8000", "'8000' is no address: write host:port"),
        ("REDIS_URL", "redis://cache:port/0", "an address redis://host:port/0 is needed"),
        ("EMAIL_FROM", "Chat", "an address such as name@example.org is needed"),
        ("LIMIT_SIGN_IN_SLOWED", "0/minute", "a number above 0 and a time are needed"),
    ],
)
def test_refusal_says_which_values_are_possible(read, name, value, sentence):
    [line] = _refusal(read, **{name: value})

    assert line.startswith(f"  {name}: {sentence}")
    assert "sk-1" not in line


def test_each_empty_value_is_the_default(read):
    empty = {name.upper(): "" for name in Env.model_fields if name.upper() not in NEEDED}

    assert read(**NEEDED | empty) == read(**NEEDED)


@pytest.mark.parametrize(
    "name, value",
    [
        ("DATABASE_URL", "postgres://me@one:5432,two:5433/chat?target_session_attrs=read-write"),
        ("REDIS_URL", "unix:///run/valkey.sock"),
        ("REDIS_URL", "rediss://cache/1"),
        ("ALLOWED_HOSTS", ".chat.example,[::1],192.0.2.7"),
        ("BIND", "[::]:8000"),
        ("BIND", ":8000"),
        ("BIND", "unix:/run/chat.sock"),
        ("BIND", "fd://3"),
        ("EMAIL_FROM", "Chat <chat@example.org>"),
        ("LIMIT_SIGN_IN_SLOWED", "2 per 5 minutes"),
    ],
)
def test_unusual_addresses_are_accepted(read, name, value):
    read(**NEEDED | {name: value})


def test_reading_the_configuration_asks_pydantic_for_no_attribute(monkeypatch):
    asked = []
    monkeypatch.setattr(Env, "__getattr__", lambda _, name: asked.append(name), raising=False)

    assert settings.ENV is settings.ENV
    assert not asked
