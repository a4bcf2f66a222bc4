import pytest

from moderado.config.env import Env, Misconfigured, env

NEEDED = {
    "SECRET_KEY": "k" * 32,
    "DATABASE_URL": "postgres://me:secret-of-mine@db/chat",
    "REDIS_URL": "redis://cache/0",
}


@pytest.fixture
def read(monkeypatch):
    """The configuration of a process with nothing but these variables."""

    def _read(**variables):
        for name in Env.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return env.__wrapped__()

    return _read


def test_what_is_needed_suffices(read):
    configuration = read(**NEEDED)

    assert configuration.secure_cookies
    assert not configuration.debug
    assert configuration.broker == configuration.layer == "redis://cache/0"


def test_no_secret_has_a_default(read):
    with pytest.raises(Misconfigured) as refused:
        read()

    for name in NEEDED:
        assert f"{name}: Field required" in str(refused.value)


def test_all_mistakes_are_told_at_once_and_no_value_is(read):
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


def test_lists_are_written_with_commas(read):
    configuration = read(**NEEDED, ALLOWED_HOSTS="chat.example, www.chat.example")

    assert configuration.allowed_hosts == ["chat.example", "www.chat.example"]


def test_the_workers_metrics_need_a_folder(read, tmp_path):
    with pytest.raises(Misconfigured, match="PROMETHEUS_MULTIPROC_DIR"):
        read(**NEEDED, WORKER_METRICS_PORT="9100")

    read(**NEEDED, WORKER_METRICS_PORT="9100", PROMETHEUS_MULTIPROC_DIR=str(tmp_path))


def test_an_empty_variable_counts_as_none(read):
    assert read(**NEEDED, BROKER_URL="").broker == "redis://cache/0"
