"""Whom the room that bears a name is for.

The column gets its default without rewriting the table, and keeps it: a process of the previous
release adds texts without naming the column.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("moderation", "0021_unmoved_texts")]

    operations = [
        migrations.AddField(
            model_name="subjectrevision",
            name="audience",
            field=models.CharField(
                db_default="mixed", default="mixed", max_length=8, verbose_name="audience"
            ),
        ),
    ]
