"""Index the changes of each author's messages.

Built concurrently, outside of a transaction; an interrupted attempt can be repeated.
"""

from django.db import migrations

_DROP = "DROP INDEX CONCURRENTLY IF EXISTS message_own_changes;"
_BUILD = [
    _DROP,
    "CREATE INDEX CONCURRENTLY message_own_changes ON chat_message (author_id, changed_xid);",
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0005_changes_of_own_messages")]

    operations = [migrations.RunSQL(_BUILD, _DROP)]
