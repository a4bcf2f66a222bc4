"""Trigrams of the names of rooms. Built concurrently, restartable after an interruption."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models

_DROP = "DROP INDEX CONCURRENTLY IF EXISTS room_names;"
_INDEX = (
    "CREATE INDEX CONCURRENTLY room_names ON chat_room"
    " USING gin (chat_fold(name) gin_trgm_ops);"
)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0018_successions")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL([_DROP, _INDEX], [_DROP])],
            [
                migrations.AddIndex(
                    "room",
                    GinIndex(
                        OpClass(
                            models.Func(
                                "name", function="chat_fold", output_field=models.TextField()
                            ),
                            name="gin_trgm_ops",
                        ),
                        name="room_names",
                    ),
                )
            ],
        ),
    ]
