"""What runs in a standalone copy, and the environment it runs in."""

import os
import shlex
import sys
from pathlib import Path

import moderado
from moderado.standalone.engines import Engines
from moderado.standalone.home import Home
from moderado.standalone.supervisor import Command

_SOURCE = Path(moderado.__file__).parent
_CELERY = ("-m", "celery", "--quiet", "-A")
# The standalone copy may be root's: its worker takes JSON from a broker of its own only.
_ROOT_IS_FINE = "ignore:You're running the worker with superuser privileges"


def environment(home: Home, engines: Engines, *, settings: str) -> dict[str, str]:
    """The configuration of a copy: what the caller's environment says, and what it leaves open."""
    defaults = {
        "SECRET_KEY": home.secrets().secret_key,
        "SECURE_COOKIES": "0",  # the loopback has no TLS
        "LOG_FORMAT": "console",
        "STATIC_ROOT": str(home.static),
        "PROMETHEUS_MULTIPROC_DIR": str(home.metrics),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": _ROOT_IS_FINE,
    }
    given = {name: value for name, value in os.environ.items() if value}
    return (
        defaults
        | given
        | {
            "DATABASE_URL": engines.database_url,
            "REDIS_URL": engines.redis_url,
            "DJANGO_SETTINGS_MODULE": f"moderado.config.settings.{settings}",
        }
    )


def serving(home: Home, engines: Engines, *, bind: str, reload: bool) -> list[Command]:
    """Web, worker and beat; with `reload` each of them starts anew when the source changes."""
    # fmt: off
    programs = {
        "web": [
            "-m", "gunicorn", "-c", "python:moderado.config.gunicorn", "--bind", bind,
            "moderado.config.asgi:application",
        ],
        "worker": [
            *_CELERY, "moderado.config.celery", "worker", "--without-gossip", "--without-mingle",
        ],
        "beat": [*_CELERY, "moderado.config.beat", "beat", "--pidfile="],
    }
    # fmt: on
    return [
        Command(
            name=name,
            words=_reloading(arguments) if reload else [sys.executable, *arguments],
            environment=environment(home, engines, settings="web" if name == "web" else "worker"),
        )
        for name, arguments in programs.items()
    ]


def _reloading(arguments: list[str]) -> list[str]:
    program = [sys.executable, "-m", "moderado.standalone.launch", sys.executable, *arguments]
    # fmt: off
    return [
        sys.executable, "-m", "watchfiles", "--filter", "python", "--sigint-timeout", "10",
        shlex.join(program), str(_SOURCE),
    ]
    # fmt: on
