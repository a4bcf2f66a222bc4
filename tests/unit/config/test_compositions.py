"""Properties of the Compose files that an edit could break unnoticed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import make_secrets

ROOT = Path(__file__).resolve().parents[3]
PRODUCTION = ROOT / "docker-compose.prod.yml"
DEVELOPMENT = ROOT / "docker-compose.yml"
BOTH = [PRODUCTION, DEVELOPMENT]


def services(file: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text())["services"]
    return found


def variables(file: Path) -> dict[str, str]:
    """Return the variables of a composition with the following operator: `:?…`, `:-…` or none."""
    text = "\n".join(line.partition(" # ")[0] for line in file.read_text().splitlines())
    found: dict[str, str] = {}
    for name, rest in re.findall(r"(?<!\$)\$\{([A-Z_]+)([^}]*)\}", text):
        found[name] = found.get(name) or rest
    return found


@pytest.mark.parametrize("file", BOTH, ids=lambda file: file.name)
def test_every_variable_of_a_composition_is_documented(file):
    explained = (ROOT / ".env.example").read_text()

    missing = [name for name in variables(file) if not re.search(rf"\b{name}=", explained)]

    assert missing == []


@pytest.mark.parametrize("file", BOTH, ids=lambda file: file.name)
def test_every_long_running_service_has_a_health_check(file):
    silent = [
        name
        for name, service in services(file).items()
        if "healthcheck" not in service and service.get("restart") != "no"
    ]

    assert silent == []


def test_production_composition_contains_no_secret():
    needed = variables(PRODUCTION)

    for name in make_secrets.MADE:  # empty by default: one is generated
        assert needed[name] == ":-", name


def test_production_is_hardened():
    for name, service in services(PRODUCTION).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["logging"]["options"]["max-size"], name
        assert not service.get("privileged"), name


def test_only_nginx_publishes_ports():
    published = [name for name, service in services(PRODUCTION).items() if "ports" in service]

    assert published == ["nginx"]


def test_development_listens_on_loopback_only():
    ports = [
        port for service in services(DEVELOPMENT).values() for port in service.get("ports", [])
    ]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("file", BOTH, ids=lambda file: file.name)
def test_redis_never_evicts(file):
    command = services(file)["redis"]["command"]

    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_nginx_logs_no_query_string():
    """Sockets may carry `?token=`; an error log would quote whole request lines."""
    text = (ROOT / "deploy/nginx/nginx.conf").read_text()
    logged = text.partition("log_format")[2].partition(";")[0]

    assert not re.search(r"\$(request|request_uri|args|query_string|http_referer)\b", logged)
    assert re.search(r"^error_log stderr crit;", text, re.MULTILINE)
