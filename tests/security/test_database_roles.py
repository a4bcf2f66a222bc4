"""What the server's own role may do with the database, and what it may not."""

from urllib.parse import quote

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from moderado.config import database_roles
from moderado.moderation.models import CaseCommitment, ErasableText, LogSeal, ModerationLog

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.proves("S51")]

LOG = "moderation_moderationlog"
WITHHELD = {
    LOG: ("UPDATE", "DELETE"),
    database_roles.ERASABLE_TEXTS: ("DELETE",),
    database_roles.LOG_SEALS: ("UPDATE", "DELETE"),
    database_roles.CASE_COMMITMENTS: ("INSERT", "UPDATE", "DELETE"),
    database_roles.AUDIT_LINES: ("UPDATE", "DELETE"),
    database_roles.ACCESS_RECORDS: ("UPDATE",),
    database_roles.ACCESS_SEALS: ("UPDATE", "DELETE"),
    database_roles.PAST_OUTCOMES: ("UPDATE", "DELETE"),
}
REPLACE_FUNCTION = """
    CREATE OR REPLACE FUNCTION moderation_log_is_append_only() RETURNS trigger
    LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'
"""
REFUSED = [
    "ALTER TABLE {log} DISABLE TRIGGER ALL",
    "ALTER TABLE {log} DISABLE TRIGGER moderation_log_append_only",
    "DROP TRIGGER moderation_log_append_only ON {log}",
    "CREATE OR REPLACE RULE silent AS ON DELETE TO {log} DO INSTEAD NOTHING",
    "CREATE TRIGGER other BEFORE INSERT ON {log} EXECUTE FUNCTION moderation_log_is_append_only()",
    "ALTER TABLE {log} OWNER TO CURRENT_USER",
    "ALTER TABLE {log} RENAME TO other",
    "UPDATE {log} SET verdict = verdict",
    "DELETE FROM {log}",
    "TRUNCATE {log}",
    "DROP TABLE {log}",
    "LOCK TABLE {log} IN ACCESS EXCLUSIVE MODE",
    "COPY {log} TO PROGRAM 'true'",
    "ALTER FUNCTION moderation_log_is_append_only() RENAME TO other",
    REPLACE_FUNCTION,
    "DROP FUNCTION moderation_log_is_append_only() CASCADE",
    "SET session_replication_role = replica",
    "ALTER TABLE chat_message ADD COLUMN other text",
    "ALTER TABLE chat_message DISABLE TRIGGER ALL",
    "TRUNCATE chat_message CASCADE",
    "DROP TABLE chat_message CASCADE",
    "CREATE TABLE public.other ()",
    "CREATE TEMPORARY TABLE {log} ()",
    "CREATE SCHEMA other",
    "CREATE EXTENSION vector",
    "CREATE ROLE other SUPERUSER",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "SET ROLE {owner}",
    "UPDATE {log} SET created_at = created_at",
    "UPDATE moderation_logseal SET digest = digest",
    "DELETE FROM moderation_logseal",
    "TRUNCATE moderation_logseal",
    "ALTER TABLE moderation_logseal DISABLE TRIGGER ALL",
    "DROP TRIGGER moderation_log_only_moves_texts ON {log}",
    "DELETE FROM moderation_erasabletext",
    "INSERT INTO moderation_casecommitment SELECT * FROM moderation_casecommitment",
    "DELETE FROM moderation_casecommitment",
    "ALTER TABLE moderation_case DISABLE TRIGGER moderation_changed_case_commitment",
    "DROP TRIGGER moderation_call_commitment_is_kept ON moderation_providercall",
    "TRUNCATE moderation_erasabletext",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('a', 'b', now())",
]


@pytest.fixture
def application():
    """The name of an application's role in the test's database."""
    name = f"app_{connection.settings_dict['NAME']}"
    database_roles.grant(f"postgres://{quote(name)}:first@127.0.0.1/any")
    yield name
    with connection.cursor() as cursor:
        for statement in ("DROP OWNED BY {}", "DROP ROLE {}"):
            cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))


def connect(name, password="first"):
    known = connection.get_connection_params()
    return psycopg.connect(
        host="127.0.0.1",
        port=known["port"],
        dbname=known["dbname"],
        user=name,
        password=password,
        autocommit=True,
    )


def test_application_can_neither_change_the_log_nor_its_triggers(application):
    owner, log = sql.Identifier(connection.settings_dict["USER"]), sql.Identifier(LOG)
    allowed = []
    with connect(application) as server:
        for statement in REFUSED:
            try:
                with server.transaction(force_rollback=True):
                    server.execute(sql.SQL(statement).format(owner=owner, log=log))
            except psycopg.errors.InsufficientPrivilege:
                continue
            allowed.append(statement)

    assert allowed == []


def test_application_uses_the_rows_of_all_tables(application):
    tables = [t for t in connection.introspection.table_names() if t != "django_migrations"]
    rights = "SELECT has_table_privilege(%s, %s)"
    with connect(application) as server:
        missing = [
            (table, right)
            for table in tables
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE")
            if right not in WITHHELD.get(table, ())
            and not server.execute(rights, [table, right]).fetchone()[0]
        ]
        owns = server.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user")
        assert owns.fetchone() == (0,)

    assert missing == []
    assert ModerationLog._meta.db_table == database_roles.AUDIT_LOG == LOG
    assert ErasableText._meta.db_table == database_roles.ERASABLE_TEXTS
    assert LogSeal._meta.db_table == database_roles.LOG_SEALS
    assert CaseCommitment._meta.db_table == database_roles.CASE_COMMITMENTS


def test_rotated_password_takes_effect(application):
    database_roles.grant(f"postgres://{quote(application)}:second@127.0.0.1/any")

    connect(application, "second").close()
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(application)


@pytest.mark.proves("S94")
def test_rights_that_the_role_had_before_are_taken_away(application):
    names = {
        "role": sql.Identifier(application),
        "database": sql.Identifier(connection.settings_dict["NAME"]),
        "log": sql.Identifier(LOG),
    }
    generous = [
        "GRANT ALL ON DATABASE {database} TO {role}",
        "GRANT ALL ON SCHEMA public TO {role}",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}",
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}",
        "GRANT UPDATE (verdict) ON {log} TO PUBLIC",
        "GRANT DELETE ON {log} TO PUBLIC",
    ]
    with connection.cursor() as cursor:
        for statement in generous:
            cursor.execute(sql.SQL(statement).format(**names))

    database_roles.grant(f"postgres://{quote(application)}:first@127.0.0.1/any")

    test_application_can_neither_change_the_log_nor_its_triggers(application)


@pytest.mark.proves("S94")
@pytest.mark.parametrize(
    ("power", "named"),
    [
        ("ALTER ROLE {role} CREATEROLE", "CREATEROLE"),
        ("ALTER ROLE {role} CREATEDB", "CREATEDB"),
        ("ALTER ROLE {role} REPLICATION", "REPLICATION"),
        ("ALTER ROLE {role} BYPASSRLS", "BYPASSRLS"),
        ("GRANT pg_execute_server_program TO {role}", "pg_execute_server_program"),
        ("GRANT pg_write_all_data TO {role}", "pg_write_all_data"),
        ("GRANT pg_write_server_files TO {group}; GRANT {group} TO {role}", "write_server_files"),
        ("GRANT UPDATE ON {log} TO {group}; GRANT {group} TO {role}", LOG),
        ("GRANT TRIGGER ON {log} TO {group}; GRANT {group} TO {role}", LOG),
        ("GRANT CREATE ON SCHEMA public TO {group}; GRANT {group} TO {role}", "schema public"),
    ],
)
def test_powerful_role_is_refused_as_the_application(application, power, named):
    group = sql.Identifier(f"group_{application}")
    names = {"role": sql.Identifier(application), "group": group, "log": sql.Identifier(LOG)}
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE ROLE {group}").format(**names))
        try:
            cursor.execute(sql.SQL(power).format(**names))
            with pytest.raises(database_roles.RoleRefused, match=named):
                database_roles.grant(f"postgres://{quote(application)}:first@127.0.0.1/any")
        finally:
            cursor.execute(sql.SQL("DROP OWNED BY {group}; DROP ROLE {group}").format(**names))


def test_superuser_is_refused_as_the_application():
    owner = connection.settings_dict["USER"]
    with pytest.raises(database_roles.RoleRefused, match="the same role"):
        database_roles.grant(f"postgres://{owner}:any@127.0.0.1/any")


def test_role_that_owns_the_tables_is_recognized():
    assert database_roles.application_owns_tables()
