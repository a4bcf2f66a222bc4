"""The processes of a standalone instance, and their environment."""

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
# Celery warns about pickle as root. This worker accepts only JSON, from its own broker.
_IGNORE_ROOT_WARNING = "ignore:You're running the worker with superuser privileges"


def environment(home: Home, engines: Engines, *, settings: str) -> dict[str, str]:
    """Return the environment of a process.

    Variables of the caller override the defaults; the engines' addresses override both.

    Args:
        settings: A module of `moderado.config.settings`.
    """
    defaults = {
        "SECRET_KEY": home.secrets().secret_key,
        "SECURE_COOKIES": "0",  # no TLS on the loopback interface
        "LOG_FORMAT": "console",
        "EMAIL_BACKEND": "console",
        "STATIC_ROOT": str(home.static),
        "PROMETHEUS_MULTIPROC_DIR": str(home.metrics),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": _IGNORE_ROOT_WARNING,
    }
    given = {name: value for name, value in os.environ.items() if value}
    return (
        defaults
        | given
        | {
            "DATABASE_URL": engines.database_url,
            "DATABASE_OWNER_URL": "",  # migrations only (`prepare`)
            "REDIS_URL": engines.redis_url,
            "DJANGO_SETTINGS_MODULE": f"moderado.config.settings.{settings}",
        }
    )


def serving(home: Home, engines: Engines, *, bind: str, reload: bool) -> list[Command]:
    """Return the commands of web and worker.

    Args:
        bind: `host:port` of the web server.
        reload: Restart each process when the source changes.
    """
    # fmt: off
    programs = {
        "web": [
            "-m", "gunicorn", "-c", "python:moderado.config.gunicorn", "--bind", bind,
            "moderado.config.asgi:application",
        ],
        "worker": [
            *_CELERY, "moderado.config.celery", "worker", "--without-gossip", "--without-mingle",
            "--with-beat",  # its child: this is the only worker
        ],
    }
    # fmt: on
    site = {
        "SITE_URL": f"http://localhost:{bind.rpartition(':')[2]}"
    }  # unless the caller names one
    return [
        Command(
            name=name,
            arguments=_reloading(arguments) if reload else [sys.executable, *arguments],
            environment=site
            | environment(home, engines, settings="web" if name == "web" else "worker"),
        )
        for name, arguments in programs.items()
    ]


def _reloading(arguments: list[str]) -> list[str]:
    program = [
        sys.executable,
        "-m",
        "moderado.standalone.exec_with_parent",
        sys.executable,
        *arguments,
    ]
    # fmt: off
    return [
        sys.executable, "-m", "watchfiles", "--filter", "python", "--sigint-timeout", "10",
        shlex.join(program), str(_SOURCE),
    ]
    # fmt: on
