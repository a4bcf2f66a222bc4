"""What is written from the source: configuration, `.env.example`, OpenAPI, AsyncAPI.

`python scripts/write_docs.py` writes them; with `--check` it only says which are not up to date.
"""

import difflib
import json
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import django
import guarantees
from django.core.management import call_command
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from moderado.config.env import Env

ROOT = Path(__file__).resolve().parents[1]

# A new setting has to choose its place here.
GROUPS = {
    "Needed": ["secret_key", "database_url", "redis_url"],
    "Addresses and trust": [
        "allowed_hosts",
        "allowed_origins",
        "secure_cookies",
        "trusted_proxies",
        "bind",
        "static_root",
        "debug",
    ],
    "Moderation": ["moderation_providers"],
    "Size": [
        "web_workers",
        "worker_concurrency",
        "db_pool_size",
        "broker_url",
        "layer_url",
        "layer_shards",
    ],
    "Limits": [
        "message_max_length",
        "limit_messages_per_user",
        "limit_messages_per_room",
        "limit_frames_per_second",
        "limit_frames_burst",
        "limit_sockets_per_user",
        "limit_sockets_per_address",
        "limit_sign_in_per_account",
        "limit_sign_in_per_address",
        "access_token_seconds",
        "refresh_token_days",
    ],
    "Language, logs and metrics": [
        "language_code",
        "log_format",
        "log_level",
        "metrics_networks",
        "prometheus_multiproc_dir",
        "worker_metrics_port",
        "allow_volatile_database",
        "moderado_failpoints",
    ],
}
CLOSE_CODES = "<!-- Generated (`make docs`) from moderado/realtime/wire/close_codes.py. -->"
END_OF_TABLE = "<!-- End of the generated table. -->"
# Read by what starts the processes, not by them: (name, default, what).
OUTSIDE = {
    "`make up` and `make dev`": [
        ("PORT", "8000", "Where the page is."),
        ("MODERADO_HOME", ".moderado", "Where the embedded engines keep their files."),
    ],
    "Both compositions": [
        ("MODERADO_IMAGE", "chat-moderado:latest", "The name of the image that is built and run."),
        ("REDIS_IMAGE", "redis:8", "`valkey/valkey:9` works in its place."),
    ],
    "docker-compose.yml (development)": [
        ("DEBUGGER", "", "`web` or `worker`: that one runs in a single process, under debugpy."),
        ("DEBUGGER_PORT", "5678", "Where a debugger attaches to the web."),
        ("WORKER_DEBUGGER_PORT", "5679", "Where a debugger attaches to the worker."),
        ("DEV_UID", "10001", "Your own uid, if containers shall write to the source."),
        ("DEV_GID", "10001", "Your own gid, likewise."),
    ],
    "docker-compose.prod.yml (production)": [
        ("POSTGRES_PASSWORD", "", "Needed. `openssl rand -hex 24`."),
        ("REDIS_PASSWORD", "", "Needed. `openssl rand -hex 24`."),
        ("HTTP_BIND", "127.0.0.1", "The address nginx is published on."),
        ("HTTP_PORT", "8000", "The port nginx is published on."),
        ("FRONT_PROXIES", "", "Who terminates TLS before nginx, if not on this host."),
    ],
}
BY_COMPOSITION = {"database_url", "redis_url"}


def configuration() -> str:
    """`docs/configuration.md`."""
    lines = [
        "# Configuration",
        "",
        "Everything is an environment variable, read once at start by `moderado.config.env`; all",
        "mistakes are reported at once. Secrets have no default. Generated: `make docs`.",
        "",
    ]
    for group, names in GROUPS.items():
        lines += [f"## {group}", "", "| variable | default | what |", "| --- | --- | --- |"]
        for name in names:
            field = Env.model_fields[name]
            default = "needed" if field.is_required() else f"`{_default(field)}`"
            lines.append(f"| `{name.upper()}` | {default.replace('``', '')} | {_said(field)} |")
        lines.append("")
    lines += ["## Around it", "", "Read by what starts the processes.", ""]
    for group, variables in OUTSIDE.items():
        lines += [f"### {group}", "", "| variable | default | what |", "| --- | --- | --- |"]
        for name, value, what in variables:
            lines.append(f"| `{name}` | {f'`{value}`' if value else ''} | {what} |")
        lines.append("")
    return "\n".join(lines)


def example() -> str:
    """`.env.example`: nothing in it has to be changed to try the development composition."""
    lines = [
        "# cp .env.example .env — what stands behind a # is the default. Generated: `make docs`.",
        "# docs/configuration.md has the same in tables, docs/deployment.md what production needs.",
        "",
    ]
    for group, names in GROUPS.items():
        lines += [f"# {group}", ""]
        for name in names:
            field = Env.model_fields[name]
            lines.append(f"# {_said(field)}")
            if name in BY_COMPOSITION:
                lines.append(f"# {name.upper()}=   (the compositions set it themselves)")
            elif field.is_required():
                lines.append(f"{name.upper()}=")
            else:
                lines.append(f"# {name.upper()}={_default(field)}")
            lines.append("")
    for group, variables in OUTSIDE.items():
        lines += [f"# {group}", ""]
        for name, value, what in variables:
            lines += [f"# {what}", f"{name}=" if "Needed" in what else f"# {name}={value}", ""]
    return "\n".join(lines).rstrip() + "\n"


def openapi() -> str:
    """`docs/openapi.yaml`. What drf-spectacular is not sure of fails."""
    written = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, lang="en", stdout=written)
    return written.getvalue()


def asyncapi() -> str:
    """`docs/asyncapi.json`."""
    from moderado.realtime.wire.asyncapi import document  # noqa: PLC0415  (Django is set up by now)

    return json.dumps(document(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def close_codes_of_client() -> str:
    """The bundled client's copy of the close codes."""
    from moderado.realtime.wire.close_codes import javascript  # noqa: PLC0415

    return javascript()


def protocol() -> str:
    """`docs/protocol.md`: the table of close codes in it."""
    from moderado.realtime.wire.close_codes import markdown_table  # noqa: PLC0415

    before, _, rest = (ROOT / "docs/protocol.md").read_text().partition(CLOSE_CODES)
    _, end, after = rest.partition(END_OF_TABLE)
    if not end:
        sys.exit(f"docs/protocol.md: no table between {CLOSE_CODES} and {END_OF_TABLE}")
    return f"{before}{CLOSE_CODES}\n{markdown_table()}{END_OF_TABLE}{after}"


def _said(field: FieldInfo) -> str:
    return str(field.description)


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case SecretStr():
            return ""
        case [dict(), *_]:
            return json.dumps(value)
        case list():
            return ",".join(map(str, value))
        case _:
            return str(value)


WRITTEN: dict[str, Callable[[], str]] = {
    "docs/configuration.md": configuration,
    ".env.example": example,
    "docs/openapi.yaml": openapi,
    "docs/asyncapi.json": asyncapi,
    "docs/protocol.md": protocol,
    "src/moderado/web/static/moderado/client/close_codes.js": close_codes_of_client,
    "docs/guarantees.md": guarantees.page,
}


def main() -> None:
    placed = {name for names in GROUPS.values() for name in names}
    if lost := placed ^ set(Env.model_fields):
        sys.exit(f"scripts/write_docs.py, GROUPS: {', '.join(sorted(lost))}")
    django.setup()
    stale: list[str] = []
    for name, write in WRITTEN.items():
        path = ROOT / name
        before, after = path.read_text() if path.exists() else "", write()
        if before == after:
            continue
        if "--check" in sys.argv:
            lines = before.splitlines(), after.splitlines()
            stale += list(difflib.unified_diff(*lines, name, "source", n=1))
        else:
            path.write_text(after)
            print(f"{name} written")
    if stale:
        sys.exit("\n".join([*stale[:60], "", "`make docs` writes them anew."]))


if __name__ == "__main__":
    main()
