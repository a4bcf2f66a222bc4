"""When each room was last active, for lists of rooms in that order.

The column gets its default without rewriting the table. A process of the previous release leaves it
unchanged when it publishes a message; the next message corrects it.
"""

from django.db import migrations, models
from django.db.models.functions import Now

# At most one entry of the index `message_visible` is read for each room.
_FILL = """
UPDATE chat_room SET last_activity_at = coalesce(
    (SELECT published_at FROM chat_message
      WHERE room_id = chat_room.id AND status = 'APPROVED'
      ORDER BY position DESC LIMIT 1),
    created_at);
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0006_index_of_own_changes")]

    operations = [
        migrations.AddField(
            model_name="room",
            name="last_activity_at",
            field=models.DateTimeField(db_default=Now(), editable=False, verbose_name="last message"),
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    ]
