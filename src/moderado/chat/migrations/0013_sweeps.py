"""What removed many messages at once, and where their tombstones are.

A nullable column rewrites nothing. The index holds tombstones of sweeps alone, so it is empty when
it is built. Built concurrently, restartable after an interruption.
"""

from django.db import migrations, models
from django.db.models import Q

_INDEXES = [
    "DROP INDEX CONCURRENTLY IF EXISTS message_swept;",
    "CREATE INDEX CONCURRENTLY message_swept ON chat_message (room_id, position)"
    " INCLUDE (sweep_id) WHERE sweep_id IS NOT NULL;",
]
_DROP = ["DROP INDEX CONCURRENTLY IF EXISTS message_swept;"]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0012_room_measures")]

    operations = [
        migrations.AddField(
            "message",
            "sweep_id",
            models.UUIDField(editable=False, null=True, verbose_name="sweep"),
        ),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(_INDEXES, _DROP)],
            [
                migrations.AddIndex(
                    "message",
                    models.Index(
                        fields=["room", "position"],
                        include=["sweep_id"],
                        name="message_swept",
                        condition=Q(sweep_id__isnull=False),
                    ),
                )
            ],
        ),
    ]
