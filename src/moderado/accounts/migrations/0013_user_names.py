"""Trigrams of the names of accounts. Built concurrently, restartable after an interruption."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations
from django.db.models.functions import Upper

_DROP = "DROP INDEX CONCURRENTLY IF EXISTS user_names;"
_INDEX = "CREATE INDEX CONCURRENTLY user_names ON accounts_user USING gin (upper(name) gin_trgm_ops);"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0012_client_keys"), ("chat", "0002_search_and_storage")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL([_DROP, _INDEX], [_DROP])],
            [
                migrations.AddIndex(
                    "user", GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="user_names")
                )
            ],
        ),
    ]
