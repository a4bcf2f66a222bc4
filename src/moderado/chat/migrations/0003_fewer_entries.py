"""What every message pays for, made less: one index where there were two, and a smaller search.

- The author comes first in the constraint on client ids, which then also answers who wrote what.
- The index of search holds words, no trigrams: they were two thirds of what publishing a message
  cost PostgreSQL, for the few searches that find nothing by words (`chat.selectors.search`).

Built beside the traffic, outside of a transaction, and fit to be begun again wherever it stopped.
The release before keeps running: it names no index, `ON CONFLICT` takes the columns in any order,
and likeness, without its index, ends at its time limit at the latest.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _built_beside(name: str, definition: str) -> list[str]:
    """An index of this name, and no half-made one that an earlier attempt left."""
    return [f"DROP INDEX CONCURRENTLY IF EXISTS {name};", definition]


_UNIQUE = _built_beside(
    "message_client_ids",
    "CREATE UNIQUE INDEX CONCURRENTLY message_client_ids"
    " ON chat_message (author_id, room_id, client_id);",
)
# One statement: the new takes the place of the old under one lock.
_SWAP = """
ALTER TABLE chat_message DROP CONSTRAINT one_message_a_client_id,
    ADD CONSTRAINT one_message_a_client_id UNIQUE USING INDEX message_client_ids;
"""
_UNIQUE_BACK = _built_beside(
    "message_client_ids",
    "CREATE UNIQUE INDEX CONCURRENTLY message_client_ids"
    " ON chat_message (room_id, author_id, client_id);",
)

_WORDS = _built_beside(
    "message_words",
    "CREATE INDEX CONCURRENTLY message_words ON chat_message"
    " USING gin (room_id, chat_search_vector(text)) WHERE status = 'APPROVED';",
)
_SEARCH_BACK = _built_beside(
    "message_search",
    "CREATE INDEX CONCURRENTLY message_search ON chat_message"
    " USING gin (room_id, chat_search_vector(text), chat_fold(text) gin_trgm_ops)"
    " WHERE status = 'APPROVED';",
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("chat", "0002_search_and_storage"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(_UNIQUE, _SWAP),
                migrations.RunSQL(_SWAP, _UNIQUE_BACK),
            ],
            [
                migrations.RemoveConstraint("message", "one_message_a_client_id"),
                migrations.AddConstraint(
                    "message",
                    models.UniqueConstraint(
                        fields=("author", "room", "client_id"), name="one_message_a_client_id"
                    ),
                ),
            ],
        ),
        migrations.AlterField(
            "message",
            "author",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunSQL(_WORDS, "DROP INDEX CONCURRENTLY IF EXISTS message_words;"),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS message_search;", _SEARCH_BACK),
    ]
