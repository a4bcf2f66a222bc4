"""Write the documents generated from the source: configuration, `.env.example`, OpenAPI, AsyncAPI.

`python scripts/write_docs.py` writes them; `--check` reports which are out of date.
"""

import difflib
import json
import re
import sys
from collections.abc import Callable
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import django
import guarantees
import protocol_tables
from django.core.management import call_command
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from moderado.config.env import Env

ROOT = Path(__file__).resolve().parents[1]

# Every setting belongs to one of these sections.
GROUPS = {
    "Required": ["secret_key", "database_url", "redis_url"],
    "Roles of the database": ["database_owner_url"],
    "Addresses and trust": [
        "allowed_hosts",
        "allowed_origins",
        "secure_cookies",
        "trusted_proxies",
        "bind",
        "static_root",
        "debug",
    ],
    "Moderation": [
        "moderation_providers",
        "provider_secrets",
        "join_messages_seconds",
        "audit_sample",
        "pending_of_removed",
    ],
    "People and rooms": [
        "registration",
        "invitation_days",
        "room_creation",
        "member_room_modes",
        "default_room_mode",
        "default_public_room_mode",
        "default_private_room_mode",
        "optimistic_messages",
        "reserved_names",
        "protected_names",
    ],
    "Processes and connections": [
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
        "newcomer_hours",
        "limit_newcomer_messages",
        "limit_newcomer_rooms",
        "limit_newcomer_joins",
        "newcomer_reports_per_day",
        "limit_frames_per_second",
        "limit_frames_burst",
        "limit_sockets_per_user",
        "limit_sockets_per_address",
        "limit_connections",
        "limit_connections_per_address",
        "limit_cheap_per_account",
        "limit_cheap_per_address",
        "limit_expensive_per_account",
        "limit_expensive_per_address",
        "limit_write_per_account",
        "limit_write_per_address",
        "limit_create_per_account",
        "limit_create_per_address",
        "limit_rename_per_account",
        "limit_rename_per_address",
        "limit_connect_per_account",
        "limit_connect_per_address",
        "limit_judge_per_account",
        "limit_judge_per_address",
        "limit_notices_per_address",
        "limit_notices_per_email",
        "limit_notices_per_email_total",
        "limit_notice_codes",
    ],
    "Accounts and sessions": [
        "limit_sign_in_per_account",
        "limit_sign_in_per_address",
        "limit_sign_in_strangers",
        "limit_sign_in_slowed",
        "access_token_seconds",
        "refresh_token_days",
        "refresh_token_rotation",
        "refresh_token_grace_seconds",
        "session_max_days",
        "admin_confirm_seconds",
        "staff_second_factor",
    ],
    "Privacy": [
        "erasure_grace_days",
        "export_days",
        "retention_messages_days",
        "retention_rejected_days",
        "retention_cases_days",
        "retention_answers_days",
        "retention_shadows_days",
        "retention_suggestions_days",
        "access_records",
    ],
    "Reports and appeals": [
        "reports_per_day",
        "report_replaced_hours",
        "report_suspension_reports",
        "report_suspension_share",
        "report_suspension_days",
        "report_suspension_max_days",
        "purge_hours",
        "appeal_days",
        "appeal_target_hours",
    ],
    "E-mail and notices": [
        "email_backend",
        "email_host",
        "email_port",
        "email_user",
        "email_password",
        "email_security",
        "email_from",
        "site_url",
        "notice_target_hours",
        "notice_authority_hours",
        "notice_child_safety_hours",
        "notice_code_minutes",
        "notice_days",
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
CLIENT_FRAMES = "<!-- Generated (`make docs`) from moderado/realtime/wire/client_frames.py. -->"
SERVER_FRAMES = "<!-- Generated (`make docs`) from moderado/realtime/wire/protocol.py. -->"
OBJECTS = "<!-- Generated (`make docs`) from moderado/chat/types.py. -->"
REQUESTS = "<!-- Generated (`make docs`) from the OpenAPI document. -->"
ERROR_CODES = "<!-- Generated (`make docs`) from the errors of the source. -->"
QUOTAS = "<!-- Generated (`make docs`) from moderado/core/quotas.py. -->"
END_OF_TABLE = "<!-- End of the generated table. -->"
# Read by the programs that start the processes: (name, default, description).
OUTSIDE = {
    "`make up` and `make dev`": [
        ("PORT", "8000", "Port of the web."),
        ("MODERADO_HOME", ".moderado", "Folder of the embedded PostgreSQL and Valkey."),
    ],
    "Both Compose files": [
        ("MODERADO_IMAGE", "chat-moderado:latest", "Name of the image that is built and run."),
        ("REDIS_IMAGE", "redis:8", "`valkey/valkey:9` works in its place."),
    ],
    "docker-compose.yml (development)": [
        ("DEBUGGER", "", "`web` or `worker`: run it in one process under debugpy."),
        ("DEBUGGER_PORT", "5678", "Port of the debugger of the web."),
        ("WORKER_DEBUGGER_PORT", "5679", "Port of the debugger of the worker."),
        ("DEV_UID", "10001", "Your uid, if containers write to the source."),
        ("DEV_GID", "10001", "Your gid."),
    ],
    "docker-compose.prod.yml (production)": [
        ("POSTGRES_PASSWORD", "", "Of the tables' owner; generated once if empty."),
        (
            "POSTGRES_APPLICATION_PASSWORD",
            "",
            "Of the server's role; generated once if empty.",
        ),
        ("REDIS_PASSWORD", "", "Generated once if empty."),
        ("HTTP_BIND", "127.0.0.1", "Address on which nginx is published."),
        ("HTTP_PORT", "8000", "Port on which nginx is published."),
        (
            "FRONT_PROXIES",
            "",
            "Addresses of the proxies that terminate TLS, if they are not on this host.",
        ),
    ],
}
BY_COMPOSITION = {"database_url", "database_owner_url", "redis_url"}


def configuration() -> str:
    """Return `docs/configuration.md`."""
    lines = [
        "# Configuration",
        "",
        "Every setting is an environment variable. `moderado.config.env` reads them once at start",
        "and reports all mistakes at once. Secrets have no default.",
        "",
        "```console",
        "$ WEB_WORKERS=2 LOG_LEVEL=DEBUG make up",
        "```",
        "",
        "With Docker, set them in `.env`. `SECRETS_DIR` names folders, separated by colons, with a",
        "file for a setting, such as `secret_key`; a variable wins over a file. This page is",
        "generated by `make docs`.",
        "",
    ]
    for group, names in GROUPS.items():
        lines += [f"## {group}", "", "| variable | default | meaning |", "| --- | --- | --- |"]
        for name in names:
            field = Env.model_fields[name]
            default = "required" if field.is_required() else f"`{_default(field)}`"
            lines.append(
                f"| `{name.upper()}` | {default.replace('``', '')} | {_description(field)} |"
            )
        lines.append("")
    lines += ["## Outside of the server", "", "`make` and Docker Compose read these variables.", ""]
    for group, variables in OUTSIDE.items():
        lines += [f"### {group}", "", "| variable | default | meaning |", "| --- | --- | --- |"]
        for name, value, what in variables:
            lines.append(f"| `{name}` | {f'`{value}`' if value else ''} | {what} |")
        lines.append("")
    return "\n".join(lines)


def example() -> str:
    """Return `.env.example`; it works unchanged for the development composition."""
    lines = [
        "# Copy this file to .env. A line behind # shows the default. Generated by `make docs`.",
        "# See docs/configuration.md for the same in tables and docs/deployment.md for production.",
        "",
    ]
    for group, names in GROUPS.items():
        lines += [f"# {group}", ""]
        for name in names:
            field = Env.model_fields[name]
            lines.append(f"# {_description(field)}")
            if name in BY_COMPOSITION:
                lines.append(f"# {name.upper()}=   (set by the Compose files)")
            elif field.is_required():
                lines += ["# Empty: generated once by Docker Compose.", f"{name.upper()}="]
            else:
                lines.append(f"# {name.upper()}={_default(field)}")
            lines.append("")
    for group, variables in OUTSIDE.items():
        lines += [f"# {group}", ""]
        for name, value, what in variables:
            lines += [f"# {what}", f"# {name}={value}", ""]
    return "\n".join(lines).rstrip() + "\n"


@cache
def openapi() -> str:
    """Return `docs/openapi.yaml`, validated once. Warnings of drf-spectacular are errors."""
    written = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, lang="en", stdout=written)
    return written.getvalue()


def asyncapi() -> str:
    """Return `docs/asyncapi.json`."""
    from moderado.realtime.wire.asyncapi import document  # noqa: PLC0415  (Django is set up by now)

    return json.dumps(document(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def close_codes_of_client() -> str:
    """Return the bundled client's close codes."""
    from moderado.realtime.wire.close_codes import javascript  # noqa: PLC0415

    return javascript()


def protocol() -> str:
    """Return `docs/protocol.md` with its generated tables."""
    from moderado.realtime.wire.close_codes import markdown_table  # noqa: PLC0415

    page = (ROOT / "docs/protocol.md").read_text()
    page = _with_table(page, CLOSE_CODES, markdown_table())
    page = _with_table(page, CLIENT_FRAMES, protocol_tables.client_frames())
    page = _with_table(page, SERVER_FRAMES, protocol_tables.server_frames())
    page = _with_table(page, OBJECTS, protocol_tables.objects())
    page = _with_table(page, ERROR_CODES, protocol_tables.error_codes())
    page = _with_table(page, REQUESTS, protocol_tables.requests(openapi()))
    return _with_table(page, QUOTAS, quota_table())


def quota_table() -> str:
    """Return the quota classes, their default limits and what belongs to them."""
    from moderado.core.quotas import COUNTED, FRAMES, ROUTES  # noqa: PLC0415

    lines = [
        "| class | of an account | of an address | requests | frames |",
        "| --- | --- | --- | --- | --- |",
    ]
    for quota in COUNTED:
        account, address = (
            Env.model_fields[f"limit_{quota}_per_{whom}"].default for whom in ("account", "address")
        )
        requests = ", ".join(f"`{_request(r)}`" for r, of in ROUTES.items() if of is quota)
        frames = ", ".join(f"`{frame}`" for frame, of in FRAMES.items() if of is quota)
        lines.append(f"| `{quota}` | {account} | {address} | {requests} | {frames} |")
    return "\n".join(lines) + "\n"


def _request(route: str) -> str:
    method, _, path = route.partition(" ")
    return f"{method} /{re.sub('<[a-z]+:(?:[a-z]+_)?id>', '{id}', path)}"


def _with_table(page: str, marker: str, table: str) -> str:
    before, _, rest = page.partition(marker)
    _, end, after = rest.partition(END_OF_TABLE)
    if not end:
        sys.exit(f"docs/protocol.md: no table between {marker} and {END_OF_TABLE}")
    return f"{before}{marker}\n{table}{END_OF_TABLE}{after}"


def _description(field: FieldInfo) -> str:
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
    "README.md": lambda: guarantees.readme(
        "README.md",
        r"(?P<passed>\d+) of (?P<ran>\d+) faults and attacks",
        r"(?P<faults>\d+) random faults among (?P<messages>[\d,]+) messages",
    ),
    "README.pt-BR.md": lambda: guarantees.readme(
        "README.pt-BR.md",
        r"(?P<passed>\d+) de (?P<ran>\d+) falhas e ataques",
        r"(?P<faults>\d+) falhas aleatórias entre (?P<messages>[\d.]+) mensagens",
    ),
}


def main(*, check: bool) -> None:
    """Write the documents, or end with the lines in which they differ from the source."""
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
        if check:
            lines = before.splitlines(), after.splitlines()
            stale += list(difflib.unified_diff(*lines, name, "source", n=1))
        else:
            path.write_text(after)
            print(f"{name} written")
    if stale:
        sys.exit("\n".join([*stale[:60], "", "Run `make docs`."]))


if __name__ == "__main__":
    main(check="--check" in sys.argv)
