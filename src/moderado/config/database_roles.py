"""Two PostgreSQL roles (ADR 0045): the owner migrates the tables, the application uses the rows.

The application cannot switch the audit log's triggers off, because it does not own the table.
`DATABASE_URL` names the application's role, `DATABASE_OWNER_URL` the owner's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from moderado.config.env import env

AUDIT_LOG = "moderation_moderationlog"
ERASABLE_TEXTS = "moderation_erasabletext"
LOG_SEALS = "moderation_logseal"
CASE_COMMITMENTS = "moderation_casecommitment"
AUDIT_LINES = "enforcement_auditline"
ACCESS_RECORDS = "enforcement_accessrecord"
ACCESS_SEALS = "enforcement_accessseal"
PAST_OUTCOMES = "enforcement_pastoutcome"
# What the application may not do with these tables, beside TRUNCATE and TRIGGER, which it never
# may. A trigger lets the texts of a line leave the log. Erased texts keep their rows, so that no
# row can be gone without a trace. Triggers with the owner's rights write the commitments of cases.
# A trigger refuses to delete records of access before their term.
_WITHHELD = {
    AUDIT_LOG: "UPDATE, DELETE",
    ERASABLE_TEXTS: "DELETE",
    LOG_SEALS: "UPDATE, DELETE",
    CASE_COMMITMENTS: "INSERT, UPDATE, DELETE",
    AUDIT_LINES: "UPDATE, DELETE",
    ACCESS_RECORDS: "UPDATE",
    ACCESS_SEALS: "UPDATE, DELETE",
    PAST_OUTCOMES: "UPDATE, DELETE",
    "django_migrations": "INSERT, UPDATE, DELETE",
}
_LOG_COLUMNS = ("raw", "commitment")  # of a line that the application may write: see above
_POWERS = {
    "rolcreaterole": "CREATEROLE",
    "rolcreatedb": "CREATEDB",
    "rolreplication": "REPLICATION",
    "rolbypassrls": "BYPASSRLS",
}
_POWERFUL_ROLES = [
    "pg_execute_server_program",
    "pg_read_server_files",
    "pg_write_server_files",
    "pg_write_all_data",
    "pg_maintain",
]
_WRITABLE_COLUMNS = """
    SELECT DISTINCT attrelid::regclass::text
      FROM pg_attribute
     WHERE attrelid = ANY(%s::regclass[]) AND attnum > 0 AND NOT attisdropped
       AND has_column_privilege(%s, attrelid, attnum, 'UPDATE')
       AND NOT (attrelid = %s::regclass AND attname = ANY(%s))
"""
_FLAGS = """
    SELECT rolsuper, rolcreaterole, pg_has_role(%s, (
        SELECT relowner FROM pg_class WHERE oid = to_regclass(%s)), 'MEMBER')
      FROM pg_roles WHERE rolname = %s
"""


class RoleRefused(Exception):
    """The roles cannot be set up as configured. The message says what to do."""


def is_separate() -> bool:
    """Tell whether an owner's URL is configured."""
    return env().database_owner_url is not None


@contextmanager
def as_owner() -> Iterator[None]:
    """Connect as the owner during the block; without `DATABASE_OWNER_URL`, change nothing."""
    url = env().database_owner_url
    if url is None:
        yield
        return
    before = connection.settings_dict
    connection.close()
    connection.settings_dict = _settings_for(url.get_secret_value(), before)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = before


def grant(application_url: str) -> None:
    """Create the application's role if it is missing, and grant it what it needs.

    Call it as the owner, after migrations. Idempotent; a rotated password takes effect.

    Args:
        application_url: Names the role and its password.

    Raises:
        RoleRefused: The application's role is unsafe, or the owner may not create it.
    """
    wanted = conninfo_to_dict(application_url)
    name, password = str(wanted.get("user", "")), str(wanted.get("password", ""))
    with transaction.atomic():
        _ensure_role(name, password)
        database = sql.Identifier(str(connection.settings_dict["NAME"]))
        for statement in _grants(sql.Identifier(name), database):
            _execute(statement)
        if found := _too_much(name):
            raise RoleRefused(
                f"The role {name} of DATABASE_URL still has rights that could change the audit "
                f"log: {', '.join(found)}. Take them away, or name another role."
            )


def application_owns_tables() -> bool:
    """Tell whether this connection's role owns the audit log, or is a superuser."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        user = cursor.fetchone()[0]
        flags = _flags(user)
    return bool(flags and (flags[0] or flags[2]))


def _ensure_role(name: str, password: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        owner = cursor.fetchone()[0]
    if name == owner:
        raise RoleRefused(
            "DATABASE_URL and DATABASE_OWNER_URL name the same role: give the application one of "
            "its own, or unset DATABASE_OWNER_URL."
        )
    may_create = any((_flags(owner) or (False, False))[:2])
    found = _flags(name)
    if found and (found[0] or found[2]):
        raise RoleRefused(
            f"The role {name} of DATABASE_URL is a superuser or owns the tables: name another one."
        )
    if not found and not may_create:
        raise RoleRefused(
            f"The role {name} of DATABASE_URL does not exist, and {owner} may not create it: "
            f"CREATE ROLE {name} LOGIN PASSWORD '…'."
        )
    if may_create:
        verb = sql.SQL("ALTER" if found else "CREATE")
        _execute(
            sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                verb, sql.Identifier(name), sql.Literal(_verifier(name, password))
            )
        )


def _grants(role: sql.Identifier, database: sql.Identifier) -> list[sql.Composable]:
    """Return the statements that give `role` its rights, and take away all others."""
    templates = [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC",
        "REVOKE ALL ON DATABASE {database} FROM {role}",
        "GRANT CONNECT ON DATABASE {database} TO {role}",
        "REVOKE ALL ON SCHEMA public FROM {role}",
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}",
        "GRANT USAGE ON SCHEMA public TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    ]
    for table, rights in _WITHHELD.items():
        templates += [
            f"REVOKE ALL ON {table} FROM PUBLIC",
            f"REVOKE {rights} ON {table} FROM {{role}}",
        ]
    templates.append(f"GRANT UPDATE ({', '.join(_LOG_COLUMNS)}) ON {AUDIT_LOG} TO {{role}}")
    return [sql.SQL(template).format(role=role, database=database) for template in templates]


def _too_much(role: str) -> list[str]:
    """Return what `role` may do beyond its grants: by an attribute, or as a member of a role."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_POWERS)} FROM pg_roles WHERE rolname = %s",  # noqa: S608  (ours)
            [role],
        )
        found = [
            power for power, has in zip(_POWERS.values(), cursor.fetchone(), strict=True) if has
        ]
        cursor.execute(
            "SELECT rolname FROM pg_roles "
            "WHERE rolname = ANY(%s) AND pg_has_role(%s, oid, 'MEMBER')",
            [_POWERFUL_ROLES, role],
        )
        found += [name for (name,) in cursor.fetchall()]
        for table, rights in _WITHHELD.items():
            asked = [role, table, f"{rights}, TRUNCATE, TRIGGER"]
            cursor.execute("SELECT has_table_privilege(%s, %s, %s)", asked)
            found += [table] if cursor.fetchone()[0] else []
        kept = [table for table, rights in _WITHHELD.items() if "UPDATE" in rights]
        cursor.execute(_WRITABLE_COLUMNS, [kept, role, AUDIT_LOG, list(_LOG_COLUMNS)])
        found += [table for (table,) in cursor.fetchall()]
        cursor.execute("SELECT has_schema_privilege(%s, 'public', 'CREATE')", [role])
        found += ["CREATE on schema public"] if cursor.fetchone()[0] else []
    return list(dict.fromkeys(found))


def _flags(role: str) -> tuple[bool, bool, bool] | None:
    """Return whether `role` is a superuser, may create roles, and owns the log; None if unknown."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            return None
        cursor.execute(_FLAGS, [role, AUDIT_LOG, role])
        found: tuple[bool, bool, bool] = cursor.fetchone()
    return found


def _verifier(name: str, password: str) -> str:
    """Return what PostgreSQL stores instead of the password, which then appears in no statement."""
    connection.ensure_connection()
    encrypt = connection.connection.pgconn.encrypt_password
    return str(encrypt(password.encode(), name.encode(), b"scram-sha-256").decode())


def _execute(statement: sql.Composable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _settings_for(url: str, before: dict[str, Any]) -> dict[str, Any]:
    """Return Django's settings of a connection to `url`, with the options of `before`."""
    parts: dict[str, Any] = conninfo_to_dict(url)
    options = {name: value for name, value in before["OPTIONS"].items() if name != "pool"}
    account = {
        "NAME": parts.pop("dbname", before["NAME"]),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", before["HOST"]),
        "PORT": parts.pop("port", before["PORT"]),
    }
    return before | account | {"OPTIONS": options | parts}
