"""Describe the mode `optimistic` of rooms; no statement."""

from django.db import migrations, models

from moderado.core.migration_operations import DescribeField


class Migration(migrations.Migration):
    dependencies = [("chat", "0019_room_names")]

    operations = [
        DescribeField(
            model_name="room",
            name="moderation_mode",
            field=models.CharField(
                choices=[
                    ("pre", "shown after approval"),
                    ("optimistic", "shown at once if nothing speaks against it"),
                    ("post", "shown at once, removed if blocked"),
                    ("off", "shown at once, not judged"),
                ],
                default="pre",
                max_length=16,
                verbose_name="moderation",
            ),
        ),
    ]
