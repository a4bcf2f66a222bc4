"""Whom a room is for, as policies read it.

The column gets its default without rewriting the table, and keeps it: a process of the previous
release creates rooms without naming the column.
"""

from django.db import migrations, models

_AUDIENCES = [("adults", "adults only"), ("mixed", "people of all ages"), ("minors", "minors")]


class Migration(migrations.Migration):
    dependencies = [("chat", "0010_admin_labels")]

    operations = [
        migrations.AddField(
            model_name="room",
            name="audience",
            field=models.CharField(
                choices=_AUDIENCES,
                db_default="mixed",
                default="mixed",
                max_length=8,
                verbose_name="audience",
            ),
        ),
    ]
