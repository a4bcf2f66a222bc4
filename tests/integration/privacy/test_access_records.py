"""Access records: from where each account used the server, sealed, and kept for their term."""

import json
import os
import pwd
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from moderado.accounts.models import Session
from moderado.accounts.services.sessions import delete_expired as delete_expired_sessions
from moderado.accounts.services.sessions import open_session
from moderado.core import operators
from moderado.core.addresses import port_of_request
from moderado.core.ids import first_id
from moderado.enforcement.models import AccessRecord, AccessSeal, AuditLine
from moderado.enforcement.services import access_records, holds
from moderado.enforcement.services.access_records import (
    delete_expired,
    record_access,
    seal_records,
    verify_records,
)
from tests.factories import client_of, make_user

pytestmark = pytest.mark.django_db

ADDRESS = "203.0.113.7"
NOW = timedelta(seconds=-2)  # seals records of this very moment, too


@pytest.fixture(autouse=True)
def _on(settings, monkeypatch):
    settings.ACCESS_RECORDS = True
    monkeypatch.setattr(access_records, "_recent", {})


def aged(days):
    """Make all records so many days old, as their ids tell."""
    then = timezone.now() - timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for number, row in enumerate(AccessRecord.objects.order_by("id"), start=1):
            new_id = type(row.id)(int=first_id(then).int | number)
            AccessRecord.objects.filter(pk=row.pk).update(id=new_id, created_at=then)
        cursor.execute("SET session_replication_role = DEFAULT")


def test_request_of_an_account_is_recorded_once_an_hour(settings):
    user = make_user()
    client = client_of(user)
    for _ in range(2):
        client.get("/api/auth/users/me/", REMOTE_ADDR=ADDRESS, REMOTE_PORT="51234")
    client.get("/api/auth/users/me/", REMOTE_ADDR=ADDRESS, REMOTE_PORT="51235")

    rows = AccessRecord.objects.order_by("port").values_list("user_id", "address", "port")
    assert list(rows) == [(user.id, ADDRESS, 51234), (user.id, ADDRESS, 51235)]
    settings.ACCESS_RECORDS = False
    client.get("/api/auth/users/me/", REMOTE_ADDR=ADDRESS, REMOTE_PORT="51236")
    assert AccessRecord.objects.count() == 2


@pytest.mark.parametrize(
    ("meta", "port"),
    [
        ({"REMOTE_ADDR": ADDRESS, "REMOTE_PORT": "5000"}, 5000),
        ({"REMOTE_ADDR": ADDRESS, "REMOTE_PORT": "0"}, None),
        ({"REMOTE_ADDR": ADDRESS, "HTTP_X_FORWARDED_FOR": "198.51.100.1:99"}, None),
        ({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1:4711"}, 4711),
        ({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "[2001:db8::1]:4711"}, 4711),
        ({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "2001:db8::1"}, None),
        ({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1"}, None),
        ({"HTTP_X_FORWARDED_FOR": "198.51.100.1:4711"}, 4711),
    ],
)
def test_source_port_is_the_clients_or_unknown(settings, meta, port):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert port_of_request(meta) == port


@pytest.mark.proves("R107")
def test_records_are_never_changed_and_not_deleted_before_their_term():
    record_access(user_id=make_user().id, address=ADDRESS, port=1)
    seal_records(settle=NOW)
    for statement in (
        "UPDATE enforcement_accessrecord SET port = 2",
        "DELETE FROM enforcement_accessrecord",
        "DELETE FROM enforcement_accessseal",
    ):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


@pytest.mark.proves("R107")
def test_seals_find_what_an_owner_of_the_tables_changed():
    for port in range(1, 4):
        record_access(user_id=make_user().id, address=ADDRESS, port=port)
    assert seal_records(settle=NOW) == 3
    assert verify_records().altered == ()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE enforcement_accessrecord SET port = 9 WHERE port = 2")
        cursor.execute("SET session_replication_role = DEFAULT")
    assert verify_records().altered == (1,)
    with pytest.raises(CommandError):
        call_command("records", "verify", stdout=StringIO())


@pytest.mark.proves("R107")
def test_records_past_their_term_are_deleted_and_the_rest_verifies():
    record_access(user_id=make_user().id, address=ADDRESS, port=1)
    aged(181)
    seal_records()
    record_access(user_id=make_user().id, address=ADDRESS, port=2)
    seal_records(settle=NOW)

    assert delete_expired() == 1

    assert AccessRecord.objects.get().port == 2
    assert AccessSeal.objects.count() == 2
    found = verify_records()
    assert (found.intact, found.deleted, found.altered) == (1, 1, ())


@pytest.mark.proves("R166", "R214")
def test_hold_of_an_account_keeps_its_records_past_their_term():
    held, other = make_user(), make_user()
    for user, port in ((held, 1), (other, 2), (held, 3)):
        record_access(user_id=user.id, address=ADDRESS, port=port)
    aged(181)
    seal_records()
    hold = holds.add_hold(
        actor_id=None, subject_type="user", subject_id=held.id, author_id=held.id, reference="x"
    )
    assert delete_expired() == 1
    assert set(AccessRecord.objects.values_list("port", flat=True)) == {1, 3}
    assert delete_expired() == 0
    found = verify_records()
    assert (found.intact, found.deleted, found.altered) == (1, 0, ())
    assert AuditLine.objects.get(action="records_kept").details["records"] == 2

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("UPDATE enforcement_accessrecord SET port = 9 WHERE port = 3")
        assert verify_records().altered == (1,)
        transaction.set_rollback(True)

    holds.release_hold(actor_id=None, hold_id=hold.id, reason="arquivado")
    assert delete_expired() == 2
    assert verify_records().deleted == 1


@pytest.mark.proves("R166")
def test_seal_that_was_changed_before_its_term_does_not_hold_afterwards():
    held = make_user()
    for user in (held, make_user()):
        record_access(user_id=user.id, address=ADDRESS, port=1)
    aged(181)
    seal_records()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        AccessRecord.objects.filter(user_id=held.id).update(port=9)
        cursor.execute("SET session_replication_role = DEFAULT")
    holds.add_hold(
        actor_id=None, subject_type="user", subject_id=held.id, author_id=held.id, reference="x"
    )
    assert delete_expired() == 1
    assert verify_records().altered == (1,)


def test_extraction_names_an_order_and_leaves_an_audit_line():
    user = make_user()
    record_access(user_id=user.id, address=ADDRESS, port=5)
    record_access(user_id=make_user().id, address=ADDRESS, port=6)
    out = StringIO()
    call_command("records", "extract", "--order", "Processo 9", "--user", user.email, stdout=out)

    (line,) = out.getvalue().splitlines()
    assert json.loads(line)["port"] == 5
    audit = AuditLine.objects.get(action="records_extracted")
    assert (audit.subject_id, audit.details["order"], audit.details["records"]) == (
        user.id,
        "Processo 9",
        1,
    )
    with pytest.raises(CommandError):
        call_command("records", "extract", "--order", "Processo 9")


@pytest.mark.parametrize("moment", ["2026-11-01", "2026-11-01T00:00:00", "2026-13-01T00:00:00Z"])
def test_time_of_an_extraction_without_zone_or_day_is_refused_with_an_example(moment):
    with pytest.raises(CommandError, match="such as 2026-11-01T00:00:00Z"):
        call_command("records", "extract", "--order", "Processo 9", "--since", moment)


@pytest.mark.proves("R214")
def test_hold_of_an_account_keeps_its_expired_sessions_until_the_release():
    held, other = make_user(), make_user()
    for user in (held, other):
        session = open_session(user=user)
        Session.objects.filter(pk=session.pk).update(expires_at=Now() - timedelta(days=1))
    hold = holds.add_hold(
        actor_id=None, subject_type="user", subject_id=held.id, author_id=held.id, reference="x"
    )

    assert delete_expired_sessions() == 1
    assert set(Session.objects.values_list("user_id", flat=True)) == {held.id}

    holds.release_hold(actor_id=None, hold_id=hold.id, reason="-")
    assert delete_expired_sessions() == 1
    assert not Session.objects.exists()


@pytest.mark.proves("R219")
def test_audit_names_who_ran_a_command(monkeypatch, tmp_path):
    monkeypatch.setattr(operators, "LOGIN_ID", tmp_path / "none")
    user = make_user()
    operator = f"cli:{pwd.getpwuid(os.getuid()).pw_name}"

    call_command("hold", "add", "--user", user.email, "--order", "Processo 12", stdout=StringIO())
    call_command("keys", "create", "judge", "--scope", "judge", stdout=StringIO())
    holds.list_holds(actor_id=None, with_released=False)

    lines = AuditLine.objects.order_by("created_at", "id").values_list("actor", "details__operator")
    assert len(lines) > 2
    assert set(lines[: len(lines) - 1]) == {(None, operator)}
    assert lines.last() == (None, None)
