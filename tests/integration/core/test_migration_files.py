"""Which migrations wait: the answer of Django's executor, without loading a migration."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from moderado.core.migration_files import waiting_migrations

pytestmark = pytest.mark.django_db


def of_django():
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return {(migration.app_label, migration.name) for migration, _ in plan}


def test_no_migration_waits_once_all_are_applied():
    assert waiting_migrations() == of_django() == set()


def test_last_migration_of_an_app_waits_until_it_is_recorded():
    (last,) = MigrationLoader(connection).graph.leaf_nodes("accounts")
    MigrationRecorder(connection).record_unapplied(*last)

    assert waiting_migrations() == of_django() == {last}


def test_every_migration_waits_for_an_empty_database():
    MigrationRecorder(connection).migration_qs.all().delete()

    assert waiting_migrations() == of_django() != set()
