"""The command `migrate`: its limits of time."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import pre_migrate

pytestmark = pytest.mark.django_db

LIMITS = ["statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout"]


def limits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting::int FROM pg_settings WHERE name = ANY(%s)", [LIMITS])
        return dict(cursor.fetchall())


@pytest.mark.proves("R171")
def test_migrations_have_no_limit_of_time_but_for_locks():
    before, during = limits(), []
    assert all(before.values())

    def note(**_):
        during.append(limits())

    pre_migrate.connect(note)
    try:
        call_command("migrate", verbosity=0)
    finally:
        pre_migrate.disconnect(note)

    assert during[0] == {name: before[name] * (name == "lock_timeout") for name in LIMITS}
    assert limits() == before
